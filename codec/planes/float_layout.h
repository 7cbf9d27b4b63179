// FloatLayout: how the bits of a float dtype divide into planes.
//
// An element is a sign, an exponent of E bits and a mantissa of M bits. The
// exponent becomes a *symbol*, one byte, which the coders model; sign and
// mantissa together are the remainder, split from its top into planes of the
// widths below (codec/FORMAT.md, section 5). Nothing here goes through
// floating-point arithmetic, so that NaN payloads, -0.0 and subnormals survive.
//
// The scalar functions are the reference; the kernels of codec/method do the
// same for 64 elements at a time.

#ifndef INGOT_CODEC_PLANES_FLOAT_LAYOUT_H_
#define INGOT_CODEC_PLANES_FLOAT_LAYOUT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "codec/dtype.h"

namespace ingot {

enum class FloatLayout : uint8_t {
  kBf16 = 0,
  kF32 = 1,
  kF16 = 2,
  kE4m3 = 3,
  kE5m2 = 4,
  kF64 = 5,
};
inline constexpr size_t kFloatLayoutCount = 6;
inline constexpr size_t kMaxRemainderPlanes = 2;
// Planes and tier-1 codes are padded to a multiple of this many elements.
inline constexpr size_t kPlaneUnit = 64;

struct FloatLayoutInfo {
  uint8_t element_bytes;
  uint8_t exponent_bits;
  uint8_t mantissa_bits;
  uint8_t plane_count;  // remainder planes
  std::array<uint8_t, kMaxRemainderPlanes> plane_bits;
};

inline constexpr std::array<FloatLayoutInfo, kFloatLayoutCount>
    kFloatLayoutInfo = {{
        {2, 8, 7, 1, {8, 0}},
        {4, 8, 23, 2, {8, 16}},
        {2, 5, 10, 2, {8, 3}},
        {1, 4, 3, 1, {4, 0}},
        {1, 5, 2, 1, {3, 0}},
        {8, 11, 52, 2, {8, 45}},
    }};

constexpr const FloatLayoutInfo& GetFloatLayoutInfo(FloatLayout layout) {
  return kFloatLayoutInfo[static_cast<size_t>(layout)];
}

// The layout of a float dtype; nothing for integers, bytes and packed blocks.
constexpr std::optional<FloatLayout> FloatLayoutOf(DType dtype) {
  switch (dtype) {
    case DType::kBf16:
      return FloatLayout::kBf16;
    case DType::kF32:
      return FloatLayout::kF32;
    case DType::kF16:
      return FloatLayout::kF16;
    case DType::kF8E4m3:
      return FloatLayout::kE4m3;
    case DType::kF8E5m2:
      return FloatLayout::kE5m2;
    case DType::kF64:
      return FloatLayout::kF64;
    default:
      return std::nullopt;
  }
}

// Bytes of a remainder plane of `elements` elements, padding included.
constexpr size_t PlaneBytes(size_t elements, unsigned bits) {
  return (elements + kPlaneUnit - 1) / kPlaneUnit * kPlaneUnit * bits / 8;
}

// fp64 exponents reach the 8-bit symbol through a window around 1; those
// outside it become exceptions of the tiered coder.
inline constexpr unsigned kF64ExponentBias = 896;

// The symbol of `exponent`, or nothing where it has none.
template <FloatLayout kLayout>
constexpr std::optional<uint8_t> SymbolOfExponent(unsigned exponent) {
  if constexpr (kLayout == FloatLayout::kF64) {
    if (exponent == 0) return 0;
    if (exponent <= kF64ExponentBias || exponent > kF64ExponentBias + 255) {
      return std::nullopt;
    }
    return static_cast<uint8_t>(exponent - kF64ExponentBias);
  } else {
    return static_cast<uint8_t>(exponent);
  }
}

template <FloatLayout kLayout>
constexpr unsigned ExponentOfSymbol(uint8_t symbol) {
  if constexpr (kLayout == FloatLayout::kF64) {
    return symbol == 0 ? 0 : symbol + kF64ExponentBias;
  } else {
    return symbol & ((1u << GetFloatLayoutInfo(kLayout).exponent_bits) - 1);
  }
}

}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_FLOAT_LAYOUT_H_
