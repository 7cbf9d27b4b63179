// The rANS decoder with AVX2: eight vectors of 8 lanes; words reach the lanes
// that want one by a permutation from a table of all 256 cases.

#ifndef INGOT_CODEC_ENTROPY_RANS_RANS_AVX2_INL_H_
#define INGOT_CODEC_ENTROPY_RANS_RANS_AVX2_INL_H_

#include <immintrin.h>

#include "codec/entropy/rans/rans_code.h"

namespace ingot {
namespace {

// Which of the next eight words goes to each lane, by the lanes that want one.
struct RansExpansions {
  alignas(8) uint8_t lanes[256][8];
};
constexpr RansExpansions MakeRansExpansions() {
  RansExpansions table{};
  for (unsigned wanting = 0; wanting < 256; ++wanting) {
    uint8_t next = 0;
    for (unsigned lane = 0; lane < 8; ++lane) {
      table.lanes[wanting][lane] = next;
      next = static_cast<uint8_t>(next + (wanting >> lane & 1));
    }
  }
  return table;
}
inline constexpr RansExpansions kRansExpansions = MakeRansExpansions();

// Steps 8 lanes, the slots of which begin at `tables`: stores their symbols, and
// moves `*words` on.
[[gnu::always_inline]] inline __m256i StepRans(const int* slots, __m256i tables,
                                               __m256i states,
                                               const uint8_t** words,
                                               uint8_t* out) {
  const __m256i low12 = _mm256_set1_epi32(kRansScale - 1);
  const __m256i entries = _mm256_i32gather_epi32(
      slots, _mm256_or_si256(_mm256_and_si256(states, low12), tables), 4);
  const __m256i symbols = _mm256_shuffle_epi8(
      entries, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                   0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                   -1)));
  const __m128i packed = _mm_unpacklo_epi32(
      _mm256_castsi256_si128(symbols), _mm256_extracti128_si256(symbols, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), packed);
  states = _mm256_add_epi32(
      _mm256_mullo_epi32(
          _mm256_and_si256(_mm256_srli_epi32(entries, 8), low12),
          _mm256_srli_epi32(states, kRansBits)),
      _mm256_srli_epi32(entries, 20));
  const __m256i wanting = _mm256_cmpeq_epi32(_mm256_srli_epi32(states, 16),
                                             _mm256_setzero_si256());
  const auto mask =
      static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(wanting)));
  const __m256i next = _mm256_cvtepu16_epi32(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(*words)));
  const __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64(
      reinterpret_cast<const __m128i*>(kRansExpansions.lanes[mask])));
  *words += 2 * static_cast<unsigned>(__builtin_popcount(mask));
  return _mm256_blendv_epi8(
      states,
      _mm256_or_si256(_mm256_slli_epi32(states, 16),
                      _mm256_permutevar8x32_epi32(next, order)),
      wanting);
}

// Calls step(at, states, &words) for each vector of 8 lanes of each group, whose
// symbols begin at index `at`; it returns the states that follow.
template <typename Step>
[[gnu::always_inline]] inline bool StepRansGroups(size_t groups,
                                                  RansCursor* cursor,
                                                  Step step) {
  constexpr size_t kVectors = kRansLanes / 8;
  __m256i states[kVectors];
  for (size_t i = 0; i < kVectors; ++i) {
    states[i] = _mm256_loadu_si256(
        reinterpret_cast<const __m256i*>(&cursor->states[8 * i]));
  }
  const uint8_t* words = cursor->words;
  const uint8_t* const end = cursor->end;
  for (size_t group = 0; group < groups; ++group) {
    if (words > end) return false;
    for (size_t i = 0; i < kVectors; ++i) {
      states[i] = step(kRansLanes * group + 8 * i, states[i], &words);
    }
  }
  for (size_t i = 0; i < kVectors; ++i) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(&cursor->states[8 * i]),
                        states[i]);
  }
  cursor->words = words;
  return true;
}

inline bool DecodeRansAvx2(const RansDecodeTable& table, RansCursor* cursor,
                           size_t groups, uint8_t* out) {
  const int* const slots = reinterpret_cast<const int*>(table.slots.data());
  return StepRansGroups(
      groups, cursor,
      [&](size_t at, __m256i states, const uint8_t** words)
          __attribute__((always_inline)) {
            return StepRans(slots, _mm256_setzero_si256(), states, words,
                            out + at);
          });
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_RANS_RANS_AVX2_INL_H_
