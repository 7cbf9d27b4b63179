// One float element taken apart into sign, exponent and mantissa: the scalar
// reference for all float layouts.

#ifndef INGOT_CODEC_PLANES_FLOAT_PARTS_H_
#define INGOT_CODEC_PLANES_FLOAT_PARTS_H_

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "codec/planes/float_layout.h"

namespace ingot {

// Sign and mantissa form the remainder.
struct FloatParts {
  unsigned exponent;
  uint64_t remainder;
};

template <FloatLayout kLayout>
inline FloatParts SplitFloat(const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  uint64_t bits = 0;
  std::memcpy(&bits, in, kInfo.element_bytes);
  const uint64_t sign = bits >> (kInfo.element_bytes * 8 - 1);
  const uint64_t mantissa = bits & ((uint64_t{1} << kInfo.mantissa_bits) - 1);
  const uint64_t exponent = (bits >> kInfo.mantissa_bits) &
                            ((uint64_t{1} << kInfo.exponent_bits) - 1);
  return {static_cast<unsigned>(exponent),
          sign << kInfo.mantissa_bits | mantissa};
}

template <FloatLayout kLayout>
inline void JoinFloat(const FloatParts& parts, uint8_t* out) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  const uint64_t sign = parts.remainder >> kInfo.mantissa_bits;
  const uint64_t mantissa =
      parts.remainder & ((uint64_t{1} << kInfo.mantissa_bits) - 1);
  const uint64_t bits = sign << (kInfo.element_bytes * 8 - 1) |
                        uint64_t{parts.exponent} << kInfo.mantissa_bits |
                        mantissa;
  std::memcpy(out, &bits, kInfo.element_bytes);
}

// Calls body(std::integral_constant<FloatLayout, layout>{}).
template <typename Body>
auto WithLayout(FloatLayout layout, const Body& body) {
  using enum FloatLayout;
  switch (layout) {
    case kBf16:
      return body(std::integral_constant<FloatLayout, kBf16>{});
    case kF32:
      return body(std::integral_constant<FloatLayout, kF32>{});
    case kF16:
      return body(std::integral_constant<FloatLayout, kF16>{});
    case kE4m3:
      return body(std::integral_constant<FloatLayout, kE4m3>{});
    case kE5m2:
      return body(std::integral_constant<FloatLayout, kE5m2>{});
    case kF64:
      break;
  }
  return body(std::integral_constant<FloatLayout, kF64>{});
}

}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_FLOAT_PARTS_H_
