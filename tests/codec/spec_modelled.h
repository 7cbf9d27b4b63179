// Section 8 of codec/FORMAT.md for the second decoder: see spec_decoder.h.

#ifndef INGOT_TESTS_CODEC_SPEC_MODELLED_H_
#define INGOT_TESTS_CODEC_SPEC_MODELLED_H_

#include <cstdint>
#include <vector>

namespace spec {

struct ModelledSide {
  int64_t base = 0;
  unsigned row_step = 0;
  unsigned column_step = 0;
  unsigned top_bits = 0;
  unsigned window = 0;
  unsigned confidence = 0;
  uint64_t zeros = 1;
  unsigned knot_spacing = 2;
  unsigned first_knot = 0;
  std::vector<uint8_t> knots;
  std::vector<uint8_t> rows;
  std::vector<uint8_t> columns;
};

struct ModelledSymbol {
  uint64_t exponent;
  uint64_t top;
};

// `body` begins behind the record's `kind`; rows and columns say how many
// scales there are where they are flagged.
ModelledSide DecodeModelledSide(const std::vector<uint8_t>& body, uint64_t rows,
                                uint64_t columns);

// "The coder cm-bytes".
std::vector<uint8_t> DecodeCmBytes(const std::vector<uint8_t>& encoded,
                                   uint64_t size);

// The symbols of a block's elements, whose scales are `scales`.
std::vector<ModelledSymbol> DecodeModelledSymbols(
    const ModelledSide& side, const std::vector<int64_t>& scales,
    unsigned exponent_bits, unsigned mantissa_bits, unsigned run_bits,
    unsigned lanes, const std::vector<uint8_t>& plane);

}  // namespace spec

#endif  // INGOT_TESTS_CODEC_SPEC_MODELLED_H_
