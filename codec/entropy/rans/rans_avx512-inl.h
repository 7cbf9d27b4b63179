// The rANS decoder with AVX-512: four vectors of 16 lanes, so that the gathers
// of one hide behind the arithmetic of the others.

#ifndef INGOT_CODEC_ENTROPY_RANS_RANS_AVX512_INL_H_
#define INGOT_CODEC_ENTROPY_RANS_RANS_AVX512_INL_H_

#include <immintrin.h>

#include "codec/entropy/rans/rans_code.h"

namespace ingot {
namespace {

// Steps 16 lanes: stores their symbols, and moves `*words` on.
[[gnu::always_inline]] inline __m512i StepRans(const int* slots, __m512i states,
                                               const uint8_t** words,
                                               uint8_t* out) {
  const __m512i low12 = _mm512_set1_epi32(kRansScale - 1);
  const __m512i entries =
      _mm512_i32gather_epi32(_mm512_and_si512(states, low12), slots, 4);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm512_cvtepi32_epi8(entries));
  states = _mm512_add_epi32(
      _mm512_mullo_epi32(
          _mm512_and_si512(_mm512_srli_epi32(entries, 8), low12),
          _mm512_srli_epi32(states, kRansBits)),
      _mm512_srli_epi32(entries, 20));
  const __mmask16 wanting =
      _mm512_cmplt_epu32_mask(states, _mm512_set1_epi32(kRansLow));
  const __m512i next = _mm512_cvtepu16_epi32(
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(*words)));
  *words += 2 * static_cast<unsigned>(__builtin_popcount(wanting));
  return _mm512_mask_or_epi32(states, wanting, _mm512_slli_epi32(states, 16),
                              _mm512_maskz_expand_epi32(wanting, next));
}

inline bool DecodeRansAvx512(const RansDecodeTable& table, RansCursor* cursor,
                             size_t groups, uint8_t* out) {
  const int* const slots = reinterpret_cast<const int*>(table.slots.data());
  uint32_t* const states = cursor->states.data();
  __m512i states0 = _mm512_loadu_si512(states);
  __m512i states1 = _mm512_loadu_si512(states + 16);
  __m512i states2 = _mm512_loadu_si512(states + 32);
  __m512i states3 = _mm512_loadu_si512(states + 48);
  const uint8_t* words = cursor->words;
  const uint8_t* const end = cursor->end;
  for (; groups > 0; --groups, out += kRansLanes) {
    if (words > end) return false;
    states0 = StepRans(slots, states0, &words, out);
    states1 = StepRans(slots, states1, &words, out + 16);
    states2 = StepRans(slots, states2, &words, out + 32);
    states3 = StepRans(slots, states3, &words, out + 48);
  }
  _mm512_storeu_si512(states, states0);
  _mm512_storeu_si512(states + 16, states1);
  _mm512_storeu_si512(states + 32, states2);
  _mm512_storeu_si512(states + 48, states3);
  cursor->words = words;
  return true;
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_RANS_RANS_AVX512_INL_H_
