// Selection: what the encoder's choice of methods tried on a tensor, what was
// ruled out, and why the winner won.
//
// An encoder that is handed a list of attempts appends to it while it chooses;
// without one it does the same and says nothing. ExplainSelection
// (codec/explain.h) collects the lists of a whole tensor.
//
// Thread-safety: values.

#ifndef INGOT_CODEC_SELECTION_H_
#define INGOT_CODEC_SELECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot {

struct Attempt {
  enum class Stage {
    kDetector,   // a look at a group's sample for structure
    kScales,     // the group's row and column scales
    kExponents,  // how the group's exponents are coded
    kMethod,     // the method of a block
  };
  enum class Outcome {
    kRuledOut,  // not tried, or given up: `reason` tells why
    kLarger,    // tried, and another was smaller
    kChosen,
  };

  Stage stage = Stage::kMethod;
  std::string name;  // "row scales", "float/tiered"
  Outcome outcome = Outcome::kRuledOut;
  // Encoded bytes of what the stage is about: of scales, with the exponents
  // under them. Estimated for groups, exact for blocks (their payload).
  std::optional<uint64_t> bytes;
  std::string reason;  // a finding, in words; may be empty
};

using Attempts = std::vector<Attempt>;

// Appends to `trace`, if there is one.
inline void Tell(Attempts* trace, Attempt::Stage stage, std::string_view name,
                 Attempt::Outcome outcome, std::optional<uint64_t> bytes,
                 std::string reason = {}) {
  if (trace == nullptr) return;
  trace->push_back(
      {stage, std::string(name), outcome, bytes, std::move(reason)});
}

struct BlockSelection {
  uint64_t elements = 0;
  uint64_t raw_bytes = 0;
  uint64_t payload_bytes = 0;
  std::string winner;  // "float/tiered"
  Attempts attempts;
};

struct GroupSelection {
  uint64_t first = 0;  // the group's first element in the tensor
  uint64_t elements = 0;
  uint64_t raw_bytes = 0;
  uint64_t side_bytes = 0;  // its record with scales and tables
  Attempts attempts;
  std::vector<BlockSelection> blocks;
};

struct Selection {
  int level = 0;
  std::vector<GroupSelection> groups;
  // Of all groups: their records, and the planes of their blocks without
  // headers and padding. As in ObjectStatistics.
  uint64_t side_bytes = 0;
  uint64_t plane_bytes = 0;
};

}  // namespace ingot

#endif  // INGOT_CODEC_SELECTION_H_
