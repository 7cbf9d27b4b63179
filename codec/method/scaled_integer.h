// Integers times a scale, rounded to a float: what dequantisation computes.
//
//   element = round_dtype(round_fp32(integer * scale))
//
// with scale an fp32 number. Where dequantisation ran in fp16 or bf16 the
// product is exact in fp32, so that this covers it too. ScaledInteger computes
// that with integers; FitScale finds scale and integers for given elements.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_METHOD_SCALED_INTEGER_H_
#define INGOT_CODEC_METHOD_SCALED_INTEGER_H_

#include <cstdint>
#include <optional>
#include <span>

#include "codec/planes/float_format.h"

namespace ingot {

// Formats beyond fp32 are not for these functions.
inline constexpr unsigned kMaxScaledMantissaBits = 23;
inline constexpr uint32_t kMaxScaledInteger = 255;

// Not std::optional, which comes back by way of memory, in two stores that one
// load waits for: half of the time of a product.
inline constexpr uint32_t kNoMagnitude = UINT32_MAX;

// The bits of |integer| * scale, nearest even; kNoMagnitude where the scale is
// no positive normal fp32 number or the product overflows.
uint32_t ScaledMagnitude(uint32_t integer, uint32_t scale,
                         const FloatFormat& format);

// The scale for which every one of `magnitudes` (bits of elements without
// their sign, ascending, distinct, none zero) is a ScaledMagnitude of an
// integer of at most kMaxScaledInteger; nothing where none was found.
std::optional<uint32_t> FitScale(std::span<const uint32_t> magnitudes,
                                 const FloatFormat& format);

// The integer for which ScaledMagnitude(integer, scale) is `magnitude`.
std::optional<uint32_t> UnscaledInteger(uint32_t magnitude, uint32_t scale,
                                        const FloatFormat& format);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_SCALED_INTEGER_H_
