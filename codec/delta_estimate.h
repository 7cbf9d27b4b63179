// DeltaEstimate: about how many bits elements take with and without a base,
// from samples of both.
//
// With a base: the entropy of the difference of elements as integers in order
// (codec/planes/element_order.h), its sign turned where the base is negative,
// given the base's exponent. Differences count by their sign, their length in
// bits and the two bits below the highest; the bits below those as they are.
// Without: the entropy of exponents, or of each byte of integers, and the other
// bits as they are, or of whole elements where they take few values. Entropies
// are corrected for the number of samples (Miller and Madow); from a few
// thousand on they are within some percent of what level 6 makes of weights
// without structure.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_DELTA_ESTIMATE_H_
#define INGOT_CODEC_DELTA_ESTIMATE_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "codec/bytes.h"
#include "codec/dtype.h"

namespace ingot {

class DeltaEstimate {
 public:
  // Of elements as coded. Packed blocks count as bytes.
  explicit DeltaEstimate(DType dtype);

  // Elements and what their base has in their place, of equal size.
  void Add(ByteSpan elements, ByteSpan base);
  // Elements that have none, whose delta_bits() are their plain_bits().
  void Add(ByteSpan elements);

  uint64_t sampled_bits() const { return sampled_bits_; }  // raw
  // Encoded bits of the samples. Never more than sampled_bits().
  double plain_bits() const;
  double delta_bits() const;
  // The same as encoded / raw; 1 without samples. delta_size() does not exceed
  // plain_size(): no encoder takes a base that does not help.
  double plain_size() const;
  double delta_size() const;
  // Share of the samples with a base that equal it.
  double equal_share() const;

 private:
  const DType dtype_;
  uint64_t sampled_bits_ = 0;
  uint64_t paired_ = 0;  // elements with a base
  uint64_t equal_ = 0;
  uint64_t plain_raw_bits_ = 0;  // that count as they are
  uint64_t delta_raw_bits_ = 0;
  std::vector<uint64_t> plain_;  // counts of exponents, or of integers' bytes
  std::unordered_map<uint64_t, uint64_t> palette_;  // until it is too large
  std::vector<uint64_t> delta_;  // counts by class and difference
};

}  // namespace ingot

#endif  // INGOT_CODEC_DELTA_ESTIMATE_H_
