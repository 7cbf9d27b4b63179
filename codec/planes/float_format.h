// FloatFormat: the floats whose value is computed with, where exponents mean
// what IEEE 754 says: bf16, fp16, fp32 and fp64.
//
// Thread-safety: a value.

#ifndef INGOT_CODEC_PLANES_FLOAT_FORMAT_H_
#define INGOT_CODEC_PLANES_FLOAT_FORMAT_H_

#include <cstdint>
#include <optional>

#include "codec/planes/float_layout.h"

namespace ingot {

struct FloatFormat {
  unsigned exponent_bits;
  unsigned mantissa_bits;

  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr uint64_t sign() const {
    return uint64_t{1} << (exponent_bits + mantissa_bits);
  }
  constexpr uint64_t infinity() const {
    return sign() - (uint64_t{1} << mantissa_bits);
  }
};

// Nothing for other dtypes, the floats of eight bits among them.
constexpr std::optional<FloatFormat> FloatFormatOf(DType dtype) {
  const std::optional<FloatLayout> layout = FloatLayoutOf(dtype);
  if (!layout) return std::nullopt;
  const FloatLayoutInfo& info = GetFloatLayoutInfo(*layout);
  if (info.element_bytes == 1) return std::nullopt;
  return FloatFormat{info.exponent_bits, info.mantissa_bits};
}

}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_FLOAT_FORMAT_H_
