// Patterns: tensors that stress coders, one table for all dtypes.
//
// A pattern gives every element of a tensor from its position alone, so that
// data are the same on every machine and golden files can be made again. Every
// dtype runs through every pattern; one that speaks of exponents means the
// upper bits where the dtype has none.

#ifndef INGOT_TESTS_CODEC_PATTERNS_H_
#define INGOT_TESTS_CODEC_PATTERNS_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/dtype.h"

namespace ingot {

// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  // 0 .. bound - 1. REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

 private:
  uint64_t state_;
};

// Where the fields of an element lie.
struct ElementBits {
  unsigned bits;
  unsigned exponent_bits;
  unsigned mantissa_bits;

  uint64_t mask() const {
    return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  }
  uint64_t mantissa_mask() const { return (uint64_t{1} << mantissa_bits) - 1; }
  uint64_t exponent_limit() const { return uint64_t{1} << exponent_bits; }
  uint64_t Make(uint64_t sign, uint64_t exponent, uint64_t mantissa) const {
    return (sign & 1) << (bits - 1) |
           (exponent & (exponent_limit() - 1)) << mantissa_bits |
           (mantissa & mantissa_mask());
  }
};
ElementBits BitsOf(DType dtype);

struct Position {
  uint64_t index;
  uint64_t row;
  uint64_t column;
};

struct Pattern {
  std::string_view name;
  uint64_t (*element)(const ElementBits& bits, const Position& position,
                      Random* random);
};

std::span<const Pattern> AllPatterns();
// REQUIRES: there is one of that name.
const Pattern& GetPattern(std::string_view name);

// `elements` elements in rows of `columns`.
std::vector<std::byte> MakeTensor(const Pattern& pattern, DType dtype,
                                  uint64_t elements, uint64_t columns);

// The dtypes that are coded as such: all but those of views only.
std::vector<DType> CodableDTypes();

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_PATTERNS_H_
