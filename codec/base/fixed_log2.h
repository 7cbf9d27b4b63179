// Logarithms on integers, for estimates that choices rest on: the C library's
// may differ between machines in their last bit, and choices must not.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_BASE_FIXED_LOG2_H_
#define INGOT_CODEC_BASE_FIXED_LOG2_H_

#include <bit>
#include <cstdint>
#include <span>

namespace ingot {

inline constexpr unsigned kFixedLog2Bits = 16;

// log2(n) in units of 2^-16, rounded down; 0 for 0. By repeated squaring: each
// square shows one more bit of the logarithm.
constexpr uint32_t FixedLog2(uint64_t n) {
  if (n == 0) return 0;
  uint32_t log = static_cast<uint32_t>(std::bit_width(n)) - 1;
  // 1.0 is 2^31.
  uint64_t mantissa = log <= 31 ? n << (31 - log) : n >> (log - 31);
  for (unsigned bit = 0; bit < kFixedLog2Bits; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    const uint64_t carry = mantissa >> 32;
    mantissa >>= carry;
    log = log << 1 | static_cast<uint32_t>(carry);
  }
  return log;
}

// Bits that an ideal order-0 coder takes for symbols with these counts, whose
// sum must be below 2^40.
constexpr double EntropyBits(std::span<const uint64_t> counts) {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  const uint64_t log_total = FixedLog2(total);
  uint64_t bits = 0;
  for (const uint64_t count : counts) {
    bits += count * (log_total - FixedLog2(count));
  }
  return static_cast<double>(bits) / (1 << kFixedLog2Bits);
}

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_FIXED_LOG2_H_
