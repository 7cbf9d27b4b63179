// Constants and tables of the tiered coder (codec/FORMAT.md, section 6).
//
// Every element of a sub-block has a rank, 0 for the most frequent symbol of
// its class. Tier 1 spends a few bits on each element and escapes to tier 2
// for rarer ranks, and so on: prefix codes that SIMD decodes without a serial
// dependency, since a tier is unpack, look up, expand, advance by popcount.
// TierCode says how ranks map to symbols and to tiers; it is shared by a group.
//
// Thread-safety: values.

#ifndef INGOT_CODEC_ENTROPY_TIERED_TIER_CODE_H_
#define INGOT_CODEC_ENTROPY_TIERED_TIER_CODE_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace ingot {

inline constexpr size_t kSubBlockElements = 8192;
inline constexpr size_t kMaxTiers = 8;
inline constexpr size_t kMaxTierWidth = 3;
inline constexpr size_t kMaxRanks = 16;
inline constexpr size_t kClasses = 4;
// table entry that gives symbol 0 whatever the scale.
inline constexpr uint8_t kZeroOffset = 255;
// Exceptions: position within the sub-block in the low bits, then exponent.
inline constexpr size_t kExceptionBytes = 3;
inline constexpr unsigned kExceptionPositionBits = 13;
static_assert(kSubBlockElements == size_t{1} << kExceptionPositionBits);

struct TierCode {
  uint8_t base = 0;
  uint8_t tier_count = 1;
  uint8_t rank_count = 1;
  std::array<uint8_t, kMaxTiers> widths{};
  // offsets[class * 16 + rank]: what is subtracted from base + shift.
  alignas(64) std::array<uint8_t, kClasses * kMaxRanks> offsets{};
};

// Ranks that a tier of `width` bits names: all codes but the escape, which the
// last tier does not have.
constexpr unsigned TierCapacity(unsigned width, bool last) {
  return (1u << width) - (last ? 0 : 1);
}

// Where each tier's codes of one sub-block's segment lie. Derived from tier
// 1's number of escapes and from the codes themselves.
struct TierExtents {
  std::array<uint32_t, kMaxTiers> counts{};   // elements of tier k (0-based)
  std::array<uint32_t, kMaxTiers> offsets{};  // bytes from the segment's start
  uint32_t bytes = 0;                         // of all tiers together
};

// Fills `*extents` for a segment of `segment_bytes` bytes at `segment`, given
// that tier 1 covers `elements` elements of which `escapes` escape. False
// where the tiers do not fit the segment. Reads at most 8 bytes beyond it.
bool LocateTiers(const TierCode& code, uint32_t elements, uint32_t escapes,
                 const uint8_t* segment, size_t segment_bytes,
                 TierExtents* extents);

// The same where tier 1 lies in the segment too, in front.
bool LocateAllTiers(const TierCode& code, uint32_t elements,
                    const uint8_t* segment, size_t segment_bytes,
                    TierExtents* extents);

// The number of escape codes (all bits set) among the first `count` codes of
// `width` bits. Reads at most 8 bytes beyond them.
uint32_t CountEscapes(const uint8_t* codes, uint32_t count, unsigned width);

// Bytes of `count` codes of `width` bits.
constexpr uint32_t CodeBytes(uint32_t count, unsigned width) {
  return (count * width + 7) / 8;
}

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_TIERED_TIER_CODE_H_
