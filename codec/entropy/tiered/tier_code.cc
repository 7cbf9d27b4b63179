#include "codec/entropy/tiered/tier_code.h"

#include "codec/bytes.h"

namespace ingot {
namespace {

// The bits of `word` (codes of `kWidth` bits from bit 0) that start an escape.
template <unsigned kWidth>
[[gnu::always_inline]] inline uint64_t EscapeBits(uint64_t word) {
  if constexpr (kWidth == 1) return word;
  if constexpr (kWidth == 2) return word & (word >> 1) & 0x5555555555555555;
  // 21 codes of 3 bits.
  return word & (word >> 1) & (word >> 2) & 0x1249249249249249;
}

template <unsigned kWidth>
[[gnu::always_inline]] inline uint32_t CountEscapesOfWidth(const uint8_t* codes,
                                                           uint32_t count) {
  // Steps of whole bytes that also hold whole codes: 8 bytes, or 6 for width 3.
  constexpr uint32_t kStepBytes = kWidth == 3 ? 6 : 8;
  constexpr uint32_t kStepCodes = kStepBytes * 8 / kWidth;
  uint32_t escapes = 0;
  for (; count >= kStepCodes; count -= kStepCodes, codes += kStepBytes) {
    uint64_t word = LoadLittleEndian<uint64_t>(codes);
    if constexpr (kWidth == 3) word &= (uint64_t{1} << 48) - 1;
    escapes +=
        static_cast<uint32_t>(__builtin_popcountll(EscapeBits<kWidth>(word)));
  }
  if (count > 0) {
    const uint64_t mask = (uint64_t{1} << (count * kWidth)) - 1;
    const uint64_t word = LoadLittleEndian<uint64_t>(codes) & mask;
    escapes +=
        static_cast<uint32_t>(__builtin_popcountll(EscapeBits<kWidth>(word)));
  }
  return escapes;
}

[[gnu::always_inline]] inline uint32_t CountEscapesInline(const uint8_t* codes,
                                                          uint32_t count,
                                                          unsigned width) {
  if (width == 1) return CountEscapesOfWidth<1>(codes, count);
  if (width == 2) return CountEscapesOfWidth<2>(codes, count);
  return CountEscapesOfWidth<3>(codes, count);
}

[[gnu::always_inline]] inline bool LocateTiersInline(
    const TierCode& code, uint32_t elements, uint32_t escapes,
    const uint8_t* segment, size_t segment_bytes, TierExtents* extents) {
  extents->counts[0] = elements;
  if (escapes > elements) return false;
  uint32_t offset = 0;
  uint32_t count = escapes;
  for (unsigned tier = 1; tier < code.tier_count; ++tier) {
    extents->counts[tier] = count;
    extents->offsets[tier] = offset;
    const uint32_t bytes = CodeBytes(count, code.widths[tier]);
    if (bytes > segment_bytes - offset) return false;
    if (tier + 1 < code.tier_count) {
      count = CountEscapesInline(segment + offset, count, code.widths[tier]);
    }
    offset += bytes;
  }
  extents->bytes = offset;
  return code.tier_count > 1 || escapes == 0;
}

// Baseline x86-64 lacks the popcnt instruction, and the library call in its
// place took a third of a sub-block's decoding time. Both variants are the
// same code.
struct Counters {
  decltype(&CountEscapes) count;
  decltype(&LocateTiers) locate;
};

uint32_t CountPortably(const uint8_t* codes, uint32_t count, unsigned width) {
  return CountEscapesInline(codes, count, width);
}
bool LocatePortably(const TierCode& code, uint32_t elements, uint32_t escapes,
                    const uint8_t* segment, size_t segment_bytes,
                    TierExtents* extents) {
  return LocateTiersInline(code, elements, escapes, segment, segment_bytes,
                           extents);
}

#if defined(__x86_64__)
[[gnu::target("popcnt")]] uint32_t CountWithPopcnt(const uint8_t* codes,
                                                   uint32_t count,
                                                   unsigned width) {
  return CountEscapesInline(codes, count, width);
}
[[gnu::target("popcnt")]] bool LocateWithPopcnt(
    const TierCode& code, uint32_t elements, uint32_t escapes,
    const uint8_t* segment, size_t segment_bytes, TierExtents* extents) {
  return LocateTiersInline(code, elements, escapes, segment, segment_bytes,
                           extents);
}
#endif

Counters ChooseCounters() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt")) {
    return {CountWithPopcnt, LocateWithPopcnt};
  }
#endif
  return {CountPortably, LocatePortably};
}

const Counters& ActiveCounters() {
  static const Counters counters = ChooseCounters();
  return counters;
}

}  // namespace

uint32_t CountEscapes(const uint8_t* codes, uint32_t count, unsigned width) {
  return ActiveCounters().count(codes, count, width);
}

bool LocateTiers(const TierCode& code, uint32_t elements, uint32_t escapes,
                 const uint8_t* segment, size_t segment_bytes,
                 TierExtents* extents) {
  return ActiveCounters().locate(code, elements, escapes, segment,
                                 segment_bytes, extents);
}

bool LocateAllTiers(const TierCode& code, uint32_t elements,
                    const uint8_t* segment, size_t segment_bytes,
                    TierExtents* extents) {
  const uint32_t bytes = CodeBytes(elements, code.widths[0]);
  if (bytes > segment_bytes) return false;
  const uint32_t escapes =
      code.tier_count == 1 ? 0 : CountEscapes(segment, elements, code.widths[0]);
  if (!LocateTiers(code, elements, escapes, segment + bytes,
                   segment_bytes - bytes, extents)) {
    return false;
  }
  extents->offsets[0] = 0;
  for (unsigned tier = 1; tier < code.tier_count; ++tier) {
    extents->offsets[tier] += bytes;
  }
  extents->bytes += bytes;
  return true;
}

}  // namespace ingot
