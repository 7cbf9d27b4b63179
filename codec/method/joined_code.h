// JoinedCode: how a class and the rank that an entropy coder decoded give an
// exponent and the top bits of a mantissa (codec/FORMAT.md, section 7).
//
// Exponents alone leave the mantissa's slope within an octave to raw bits.
// The symbols of the coders huffman and rans are therefore ranks of *values*:
// an exponent relative to the local scale, joined with the top one or two
// mantissa bits. Ranks of all classes share one table of code lengths or
// frequencies; what rank r means differs from class to class.
//
// Thread-safety: values.

#ifndef INGOT_CODEC_METHOD_JOINED_CODE_H_
#define INGOT_CODEC_METHOD_JOINED_CODE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/entropy/tiered/tier_code.h"
#include "codec/planes/float_layout.h"

namespace ingot {

inline constexpr size_t kMaxJoinedRanks = 64;
inline constexpr size_t kMinJoinedRanks = 2;
inline constexpr unsigned kMaxTopBits = 2;
// Slots of exponents below the top; the last one is that of symbol 0.
inline constexpr unsigned kJoinedSlotBits = 5;
inline constexpr uint8_t kJoinedZeroSlot = 31;
// Values of a class: slot << top bits | top.
inline constexpr size_t kJoinedKeys = 128;
static_assert(kJoinedKeys == 1u << (kJoinedSlotBits + kMaxTopBits));

// Mantissa bits that may be joined: an exception names the exponent and them
// in the 11 bits that its position leaves.
constexpr unsigned MaxTopBits(FloatLayout layout) {
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const unsigned room = 24 - kExceptionPositionBits - info.exponent_bits;
  unsigned bits = room < kMaxTopBits ? room : kMaxTopBits;
  return bits < info.mantissa_bits ? bits : info.mantissa_bits;
}

// Width of remainder plane `plane` next to a joined exponent plane.
constexpr unsigned JoinedPlaneBits(FloatLayout layout, unsigned plane,
                                   unsigned top_bits) {
  const unsigned bits = GetFloatLayoutInfo(layout).plane_bits[plane];
  return plane == 0 ? bits - top_bits : bits;
}

struct JoinedCode {
  // In values: the element's symbol is 0, whatever the slot's bits say.
  static constexpr uint8_t kZeroFlag = 0x80;

  uint8_t base = 0;  // as in TierCode
  uint8_t top_bits = 0;
  uint8_t rank_count = 0;
  // values[class * 64 + rank]: slot << top_bits | top, or kZeroFlag | top.
  alignas(64) std::array<uint8_t, kClasses * kMaxJoinedRanks> values{};
};

// The inverse, for encoders: ranks[class][slot << top_bits | top], or kNoRank.
// An element outside every slot, or whose value has no rank, is an exception
// and coded as rank 0.
struct JoinedRanks {
  static constexpr uint8_t kNoRank = 0x80;
  alignas(64) std::array<std::array<uint8_t, kJoinedKeys>, kClasses> ranks;
};

// Counts of (class, key) for choosing ranks, in ways as in ScaleHistogram.
struct JoinedHistogram {
  static constexpr size_t kWays = 8;
  // Elements outside every slot are counted from here on.
  static constexpr size_t kOutside = kClasses * kJoinedKeys;
  static constexpr size_t kStride = 2 * kOutside + 80;
  // [way][class * 128 + key]
  std::array<std::array<uint32_t, kStride>, kWays> counts;
};

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_JOINED_CODE_H_
