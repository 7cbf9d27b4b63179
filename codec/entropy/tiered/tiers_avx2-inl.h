// The step of the tiered coder on one vector, with AVX2; see
// tiers_avx512-inl.h. Bytes are expanded and compressed eight at a time by
// shuffles from a table, at positions that prefix popcounts give.

#ifndef INGOT_CODEC_ENTROPY_TIERED_TIERS_AVX2_INL_H_
#define INGOT_CODEC_ENTROPY_TIERED_TIERS_AVX2_INL_H_

#include "codec/base/vector_avx2-inl.h"
#include "codec/entropy/tiered/mask_shuffles-inl.h"
#include "codec/entropy/tiered/tier_code.h"

namespace ingot {
namespace {

[[gnu::always_inline]] inline __m128i LoadEight(const uint8_t* from) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
}

// The bytes at `from` in the lanes of `mask`, zeros in the others.
[[gnu::always_inline]] inline Bytes Expand(uint32_t mask, const uint8_t* from) {
  const auto eight = [&](unsigned shift) __attribute__((always_inline)) {
    const uint32_t before = mask & ((1u << shift) - 1);
    return _mm_shuffle_epi8(
        LoadEight(from + _mm_popcnt_u32(before)),
        LoadEight(kMaskShuffles.expand[mask >> shift & 0xFF]));
  };
  return _mm256_set_m128i(_mm_unpacklo_epi64(eight(16), eight(24)),
                          _mm_unpacklo_epi64(eight(0), eight(8)));
}

// The lanes of `mask` one behind the other. Writes up to kLanes bytes.
[[gnu::always_inline]] inline void Compress(uint32_t mask, Bytes bytes,
                                            uint8_t* to) {
  const __m128i low = _mm256_castsi256_si128(bytes);
  const __m128i high = _mm256_extracti128_si256(bytes, 1);
  const auto eight = [&](__m128i lanes, unsigned shift)
      __attribute__((always_inline)) {
    const uint32_t before = mask & ((1u << shift) - 1);
    _mm_storel_epi64(
        reinterpret_cast<__m128i*>(to + _mm_popcnt_u32(before)),
        _mm_shuffle_epi8(
            lanes, LoadEight(kMaskShuffles.compress[mask >> shift & 0xFF])));
  };
  eight(low, 0);
  eight(_mm_srli_si128(low, 8), 8);
  eight(high, 16);
  eight(_mm_srli_si128(high, 8), 24);
}

template <unsigned kWidth>
[[gnu::always_inline]] inline Bytes DecodeCodes(const uint8_t* codes,
                                                Bytes first,
                                                const uint8_t** escaped) {
  uint32_t escapes;
  Bytes values = first;
  if constexpr (kWidth == 1) {
    std::memcpy(&escapes, codes, sizeof(escapes));
  } else if constexpr (kWidth == 2) {
    // Escapes become negative.
    const Bytes table =
        _mm256_setr_epi8(0, 1, 2, -128, 1, 0, 0, 0, 2, 0, 0, 0, -128, 0, 0, 0,
                         0, 1, 2, -128, 1, 0, 0, 0, 2, 0, 0, 0, -128, 0, 0, 0);
    values = _mm256_shuffle_epi8(Add(table, first), PositionedCodes(codes));
    escapes = static_cast<uint32_t>(HighBits(values));
  } else {
    const Bytes escape = Fill(TierCapacity(kWidth, false));
    const Bytes fields = And(Unpack<kWidth>(codes), escape);
    escapes =
        static_cast<uint32_t>(HighBits(_mm256_cmpeq_epi8(fields, escape)));
    values = Add(fields, first);
  }
  // What escapes has a rank of a later tier, which is at least `first` plus
  // this tier's capacity; in the other lanes the expanded byte is zero.
  const Bytes expanded = Expand(escapes, *escaped);
  *escaped += _mm_popcnt_u32(escapes);
  return _mm256_max_epi8(values, expanded);
}

template <unsigned kWidth>
[[gnu::always_inline]] inline void EncodeCodes(Bytes values, Bytes first,
                                               uint8_t* codes,
                                               uint8_t** escaped) {
  const Bytes escape = Fill(TierCapacity(kWidth, false));
  const uint32_t escapes = static_cast<uint32_t>(HighBits(_mm256_cmpgt_epi8(
      values, Add(first, Fill(TierCapacity(kWidth, false) - 1)))));
  if constexpr (kWidth == 1) {
    std::memcpy(codes, &escapes, sizeof(escapes));
  } else {
    Pack<kWidth>(_mm256_min_epu8(_mm256_subs_epu8(values, first), escape),
                 codes);
  }
  Compress(escapes, values, *escaped);
  *escaped += _mm_popcnt_u32(escapes);
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_TIERED_TIERS_AVX2_INL_H_
