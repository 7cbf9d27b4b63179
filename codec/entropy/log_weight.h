// Weights on a logarithmic scale: what probabilities are sent as. A byte stands
// for 16 to 31 * 2^15, in steps of 3 to 6 % (codec/FORMAT.md, section 9).
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_ENTROPY_LOG_WEIGHT_H_
#define INGOT_CODEC_ENTROPY_LOG_WEIGHT_H_

#include <bit>
#include <cstdint>

namespace ingot {

constexpr uint32_t LogWeight(uint8_t number) {
  return (16u + (number & 15)) << (number >> 4);
}

// The number whose weight is nearest to `weight`.
constexpr uint8_t NearestLogWeight(uint64_t weight) {
  if (weight <= 16) return 0;
  // Five significant bits, rounded.
  auto exponent = static_cast<unsigned>(std::bit_width(weight)) - 5;
  uint64_t mantissa =
      exponent == 0 ? weight
                    : (weight + (uint64_t{1} << (exponent - 1))) >> exponent;
  if (mantissa == 32) {
    mantissa = 16;
    ++exponent;
  }
  if (exponent > 15) return 255;
  return static_cast<uint8_t>(exponent << 4 | (mantissa - 16));
}

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_LOG_WEIGHT_H_
