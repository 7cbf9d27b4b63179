// The step of the tiered coder on one vector, with AVX-512.

#ifndef INGOT_CODEC_ENTROPY_TIERED_TIERS_AVX512_INL_H_
#define INGOT_CODEC_ENTROPY_TIERED_TIERS_AVX512_INL_H_

#include "codec/base/vector_avx512-inl.h"
#include "codec/entropy/tiered/tier_code.h"

namespace ingot {
namespace {

// Decodes kLanes codes: each gives `first` plus the code, escapes the next
// value at `*escaped`, which advances. Reads kLanes values there.
template <unsigned kWidth>
[[gnu::always_inline]] inline Bytes DecodeCodes(const uint8_t* codes,
                                                Bytes first,
                                                const uint8_t** escaped) {
  __mmask64 escapes;
  Bytes values;
  if constexpr (kWidth == 1) {
    // The codes themselves are the mask.
    std::memcpy(&escapes, codes, sizeof(escapes));
    values = first;
  } else {
    const Bytes escape = Fill(TierCapacity(kWidth, false));
    values = And(Unpack<kWidth>(codes), escape);
    escapes = _mm512_cmpeq_epi8_mask(values, escape);
    values = Add(values, first);
  }
  values = _mm512_mask_expand_epi8(values, escapes, Load(*escaped));
  *escaped += _mm_popcnt_u64(escapes);
  return values;
}

// Encodes kLanes values as what they are above `first`, or 0 below it. Those
// that escape are appended to `*escaped`, which advances; writes kLanes bytes
// there.
template <unsigned kWidth>
[[gnu::always_inline]] inline void EncodeCodes(Bytes values, Bytes first,
                                               uint8_t* codes,
                                               uint8_t** escaped) {
  const Bytes escape = Fill(TierCapacity(kWidth, false));
  const __mmask64 escapes = _mm512_cmpge_epu8_mask(values, Add(first, escape));
  if constexpr (kWidth == 1) {
    std::memcpy(codes, &escapes, sizeof(escapes));
  } else {
    Pack<kWidth>(_mm512_min_epu8(_mm512_subs_epu8(values, first), escape),
                 codes);
  }
  Store(*escaped, _mm512_maskz_compress_epi8(escapes, values));
  *escaped += _mm_popcnt_u64(escapes);
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_TIERED_TIERS_AVX512_INL_H_
