// Section 10 of codec/FORMAT.md for the second decoder: see spec_decoder.h.

#ifndef INGOT_TESTS_CODEC_SPEC_DELTA_H_
#define INGOT_TESTS_CODEC_SPEC_DELTA_H_

#include <array>
#include <cstdint>
#include <vector>

namespace spec {

using Bytes = std::vector<uint8_t>;

using Digest = std::array<uint8_t, 32>;

struct DeltaReference {
  Digest digest;
  uint64_t first = 0;
  uint64_t elements = 0;
};

struct DeltaSet {
  bool grouped = false;
  std::vector<unsigned> widths;
};

struct DeltaSide {
  std::vector<DeltaReference> references;
  unsigned coder = 0;
  unsigned origin = 0;
  std::vector<unsigned> rows;
  std::vector<unsigned> contexts;  // of each class
  std::vector<unsigned> low_bits;  // of each context, as all that follow
  std::vector<unsigned> set_of;
  std::vector<DeltaSet> sets;
  std::vector<std::vector<uint64_t>> frequencies;
};

// `rows`: how many rows begin in the group or reach into it.
DeltaSide DecodeDeltaSide(const Bytes& body, uint64_t rows);

// Method 12. All planes are decoded; `base` has as many elements as the block.
Bytes RestoreTouched(const Bytes& gaps, const Bytes& differences,
                     const Bytes& large, const Bytes& base, unsigned dtype);

// Method 13. A shift for each element.
struct DeltaParameters {
  unsigned lane_bits = 0;
  uint64_t min_segment = 0;
  unsigned segment_bits = 0;
};
Bytes RestoreDelta(const DeltaSide& side, const DeltaParameters& parameters,
                   const Bytes& plane, const std::vector<unsigned>& shifts,
                   const Bytes& base, unsigned dtype);

}  // namespace spec

#endif  // INGOT_TESTS_CODEC_SPEC_DELTA_H_
