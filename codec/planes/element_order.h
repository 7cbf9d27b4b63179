// ElementOrder: elements of any dtype as integers whose order is that of the
// values, so that the difference of two counts the representable values
// between them. -0.0 and 0.0 are the same number; NaN lie beyond infinity.
//
// Packed blocks and opaque bytes are bytes here.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_PLANES_ELEMENT_ORDER_H_
#define INGOT_CODEC_PLANES_ELEMENT_ORDER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/dtype.h"
#include "codec/planes/float_layout.h"

namespace ingot {

struct ElementOrder {
  unsigned bytes = 1;  // of an element: 1, 2, 4 or 8
  bool is_float = false;
  bool is_signed = false;      // two's complement
  unsigned exponent_bits = 0;  // of floats
  unsigned mantissa_bits = 0;

  unsigned bits() const { return bytes * 8; }

  int64_t Value(uint64_t element) const {
    const unsigned unused = 64 - bits();
    if (is_float) {
      // The bits below the sign, at most 63.
      const auto magnitude =
          static_cast<int64_t>(element & ((uint64_t{1} << (bits() - 1)) - 1));
      return element >> (bits() - 1) ? -magnitude : magnitude;
    }
    if (is_signed) return static_cast<int64_t>(element << unused) >> unused;
    if (bytes < 8) return static_cast<int64_t>(element);
    return static_cast<int64_t>(element ^ uint64_t{1} << 63);
  }

  uint64_t Exponent(uint64_t element) const {
    return element >> mantissa_bits & ((uint64_t{1} << exponent_bits) - 1);
  }

  uint64_t Load(const std::byte* element) const {
    uint64_t value = 0;
    std::memcpy(&value, element, bytes);
    return value;
  }
};

inline ElementOrder ElementOrderOf(DType dtype) {
  if (const auto layout = FloatLayoutOf(dtype)) {
    const FloatLayoutInfo& info = GetFloatLayoutInfo(*layout);
    return {.bytes = info.element_bytes,
            .is_float = true,
            .exponent_bits = info.exponent_bits,
            .mantissa_bits = info.mantissa_bits};
  }
  switch (dtype) {
    case DType::kI8:
      return {.bytes = 1, .is_signed = true};
    case DType::kU16:
      return {.bytes = 2};
    case DType::kI16:
      return {.bytes = 2, .is_signed = true};
    case DType::kU32:
      return {.bytes = 4};
    case DType::kI32:
      return {.bytes = 4, .is_signed = true};
    case DType::kU64:
      return {.bytes = 8};
    case DType::kI64:
      return {.bytes = 8, .is_signed = true};
    default:
      return {};
  }
}

// |a - b|, which may exceed what int64_t holds.
constexpr uint64_t Distance(int64_t a, int64_t b) {
  return a > b ? static_cast<uint64_t>(a) - static_cast<uint64_t>(b)
               : static_cast<uint64_t>(b) - static_cast<uint64_t>(a);
}

}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_ELEMENT_ORDER_H_
