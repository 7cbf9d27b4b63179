// Zigzag numbers: signed integers as unsigned ones that are small where the
// integer is close to zero (codec/FORMAT.md, "Conventions").
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_BASE_ZIGZAG_H_
#define INGOT_CODEC_BASE_ZIGZAG_H_

#include <cstdint>

namespace ingot {

// 0, -1, 1, -2, 2, ... become 0, 1, 2, 3, 4, ...
constexpr uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^
         static_cast<uint64_t>(value >> 63);
}

constexpr int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_ZIGZAG_H_
