// Tiers 2 and later of a sub-block, on vectors. Include after the tiers_*-inl.h
// of an instruction set, whose DecodeCodes and EncodeCodes this calls.

#ifndef INGOT_CODEC_ENTROPY_TIERED_DEEP_TIERS_INL_H_
#define INGOT_CODEC_ENTROPY_TIERED_DEEP_TIERS_INL_H_

#include <utility>

#include "codec/entropy/tiered/tier_code.h"

namespace ingot {
namespace {

// Values of two adjacent tiers. A tier is read and written in whole vectors,
// and escapes are read one vector at a time from any position.
struct TierValues {
  alignas(64) uint8_t first[kSubBlockElements + 2 * kLanes];
  alignas(64) uint8_t second[kSubBlockElements + 2 * kLanes];
};

template <unsigned kWidth>
void DecodeTier(const uint8_t* codes, uint32_t count, unsigned first,
                const uint8_t* escaped, uint8_t* values) {
  for (uint32_t i = 0; i < count; i += kLanes) {
    Store(values + i,
          DecodeCodes<kWidth>(codes + i / 8 * kWidth, Fill(first), &escaped));
  }
}

// Decodes tier `first` (0-based) and all behind it; returns its values.
inline const uint8_t* DecodeTiersFrom(unsigned first, const TierCode& code,
                                      const uint8_t* segment,
                                      const TierExtents& extents,
                                      TierValues* buffers) {
  const unsigned last = code.tier_count - 1u;
  unsigned rank = 0;
  for (unsigned tier = 0; tier <= last; ++tier) {
    rank += TierCapacity(code.widths[tier], false);
  }
  // The last tier does not escape: its largest code stands for one more value.
  uint8_t* values = buffers->first;
  uint8_t* escaped = buffers->second;
  const uint32_t last_count = extents.counts[last];
  for (uint32_t i = 0; i < last_count + kLanes; i += kLanes) {
    Store(escaped + i, Fill(rank));
  }
  for (unsigned tier = last + 1; tier-- > first;) {
    const unsigned width = code.widths[tier];
    const uint8_t* codes = segment + extents.offsets[tier];
    const uint32_t count = extents.counts[tier];
    rank -= TierCapacity(width, false);
    if (width == 1) {
      DecodeTier<1>(codes, count, rank, escaped, values);
    } else if (width == 2) {
      DecodeTier<2>(codes, count, rank, escaped, values);
    } else {
      DecodeTier<3>(codes, count, rank, escaped, values);
    }
    std::swap(values, escaped);
  }
  return escaped;
}

// Decodes all tiers but the first and returns the values of the second, which
// are the first's escapes.
inline const uint8_t* DecodeDeepTiers(const TierCode& code,
                                      const uint8_t* segment,
                                      const TierExtents& extents,
                                      TierValues* buffers) {
  return DecodeTiersFrom(1, code, segment, extents, buffers);
}

// Encodes `count` values, which a vector of zeros follows. Returns the number
// of escaped ones, written to `escaped` with a vector of zeros behind them.
template <unsigned kWidth>
uint32_t EncodeTier(const uint8_t* values, uint32_t count, unsigned first,
                    uint8_t* codes, uint8_t* escaped) {
  uint8_t* end = escaped;
  for (uint32_t i = 0; i < count; i += kLanes) {
    EncodeCodes<kWidth>(Load(values + i), Fill(first), codes + i / 8 * kWidth,
                        &end);
  }
  Store(end, Fill(0));
  return static_cast<uint32_t>(end - escaped);
}

// Encodes tier `first` (0-based) and all behind it; buffers->first holds its
// `count` values and a vector of zeros. Returns the bytes written to `segment`.
// What seems to escape from the last tier are its largest values.
inline uint32_t EncodeTiersFrom(unsigned first, const TierCode& code,
                                uint32_t count, TierValues* buffers,
                                uint8_t* segment) {
  uint8_t* values = buffers->first;
  uint8_t* escaped = buffers->second;
  uint32_t bytes = 0;
  unsigned rank = 0;
  for (unsigned tier = 0; tier < first; ++tier) {
    rank += TierCapacity(code.widths[tier], false);
  }
  for (unsigned tier = first; tier < code.tier_count && count > 0; ++tier) {
    const unsigned width = code.widths[tier];
    uint8_t* codes = segment + bytes;
    bytes += CodeBytes(count, width);
    if (width == 1) {
      count = EncodeTier<1>(values, count, rank, codes, escaped);
    } else if (width == 2) {
      count = EncodeTier<2>(values, count, rank, codes, escaped);
    } else {
      count = EncodeTier<3>(values, count, rank, codes, escaped);
    }
    rank += TierCapacity(width, false);
    std::swap(values, escaped);
  }
  return bytes;
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_TIERED_DEEP_TIERS_INL_H_
