// Deltas: what data takes that is coded against a base, by Ingot and others,
// as CSV, as a table and as a plot.
//
// A pair is a base and a file of a corpus, or synthetic weights (base
// "weights") and the same after a step of Gaussian noise.
//
// Thread-safety: values; functions may be called from any thread.

#ifndef INGOT_BENCH_DELTAS_H_
#define INGOT_BENCH_DELTAS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plots.h"
#include "codec/result.h"

namespace ingot {

// The base of synthetic pairs.
inline constexpr std::string_view kSyntheticBase = "weights";
// "Codecs" beside those of contenders: the entropy of differences given the
// base's exponent, of what has a base alone, in whole bytes; and Ingot without
// a base.
inline constexpr std::string_view kEntropy = "entropy";
inline constexpr std::string_view kAlone = "ingot-3 alone";

struct DeltaSize {
  std::string codec;
  uint64_t raw_bytes = 0;
  uint64_t encoded_bytes = 0;

  double size() const {
    return static_cast<double>(encoded_bytes) / static_cast<double>(raw_bytes);
  }
  bool operator==(const DeltaSize&) const = default;
};

struct DeltaPair {
  std::string base = {};
  std::string data = {};
  // Of objects that have a base.
  uint64_t elements = 0;
  uint64_t changed = 0;
  std::vector<DeltaSize> sizes = {};

  // That of a codec, or null.
  const DeltaSize* Find(std::string_view codec) const;
  bool IsSynthetic() const { return base == kSyntheticBase; }
  bool operator==(const DeltaPair&) const = default;
};

// A line for each size of each pair; exact. Lines of "#" say with what it was
// made.
std::string DeltasToCsv(const std::vector<DeltaPair>& pairs,
                        std::string_view versions);
// kCorruption names the line that is not as above.
Result<std::vector<DeltaPair>> DeltasFromCsv(std::string_view csv);

// A Markdown table of the files; the smallest size of each is bold. Below it
// the pairs of which one of the others is smaller than Ingot, and at which
// levels.
std::string DeltaTable(const std::vector<DeltaPair>& pairs);

// Bits of a weight against the share of changed weights: "deltas.svg".
Plot DrawDeltas(const std::vector<DeltaPair>& pairs);

}  // namespace ingot

#endif  // INGOT_BENCH_DELTAS_H_
