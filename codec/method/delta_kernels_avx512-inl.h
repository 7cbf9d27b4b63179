// The loops for differences with AVX-512: compaction by class becomes expand
// and popcount. Include after vector_avx512-inl.h and delta_kernels-inl.h.

#ifndef INGOT_CODEC_METHOD_DELTA_KERNELS_AVX512_INL_H_
#define INGOT_CODEC_METHOD_DELTA_KERNELS_AVX512_INL_H_

#include <immintrin.h>

#include <algorithm>

#include "codec/base/vector_avx512-inl.h"
#include "codec/method/delta_kernels-inl.h"

namespace ingot {
namespace {

inline void MergeValuesAvx512(
    const uint8_t* contexts, size_t count, const uint8_t* set_of_context,
    const std::array<const uint8_t*, kMaxSets>& values, uint8_t* out) {
  const Bytes table = Load(set_of_context);
  const uint8_t* next0 = values[0];
  const uint8_t* next1 = values[1];
  const uint8_t* next2 = values[2];
  for (size_t i = 0; i < count; i += kLanes) {
    const Bytes sets =
        _mm512_permutexvar_epi8(Load(contexts + i), table);
    const __mmask64 set0 = _mm512_testn_epi8_mask(sets, sets);
    const __mmask64 set2 = _mm512_test_epi8_mask(sets, Fill(2));
    const __mmask64 set1 = ~(set0 | set2);
    Bytes merged = _mm512_maskz_expand_epi8(set0, Load(next0));
    merged = _mm512_mask_expand_epi8(merged, set1, Load(next1));
    merged = _mm512_mask_expand_epi8(merged, set2, Load(next2));
    next0 += _mm_popcnt_u64(set0);
    next1 += _mm_popcnt_u64(set1);
    next2 += _mm_popcnt_u64(set2);
    Store(out + i, merged);
  }
}

template <unsigned kWidth>
void UnpackAll(const uint8_t* fields, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i += kLanes) {
    Store(out + i, And(Unpack<kWidth>(fields + i / 8 * kWidth),
                       Fill((1u << kWidth) - 1)));
  }
}

inline void UnpackFieldsAvx512(const uint8_t* fields, size_t count,
                               unsigned width, uint8_t* out) {
  if (width == 1) {
    UnpackAll<1>(fields, count, out);
  } else if (width == 2) {
    UnpackAll<2>(fields, count, out);
  } else {
    UnpackAll<4>(fields, count, out);
  }
}

inline void SpreadGroupsAvx512(const uint8_t* groups, size_t count,
                               const uint8_t* packed, uint8_t* out) {
  for (size_t i = 0; i < count; i += 8) {
    const __mmask8 some = groups[i / 8];
    Store(out + 8 * i, _mm512_maskz_expand_epi64(some, Load(packed)));
    packed += 8 * _mm_popcnt_u32(some);
  }
}

// The low bytes of the exponents of 64 floats, of which the dtype has no more.
template <size_t kElementBytes>
[[gnu::always_inline]] inline Bytes ExponentBytes(const uint8_t* base,
                                                  __m128i places, Bytes mask) {
  if constexpr (kElementBytes == 1) {
    return And(_mm512_srl_epi16(Load(base), places), mask);
  } else if constexpr (kElementBytes == 2) {
    const auto half = [&](size_t at) __attribute__((always_inline)) {
      return _mm512_cvtepi16_epi8(
          And(_mm512_srl_epi16(Load(base + at), places), mask));
    };
    return _mm512_inserti64x4(_mm512_castsi256_si512(half(0)), half(64), 1);
  } else {
    static_assert(kElementBytes == 4);
    const auto quarter = [&](size_t at) __attribute__((always_inline)) {
      return _mm512_cvtepi32_epi8(
          And(_mm512_srl_epi32(Load(base + at), places), mask));
    };
    return _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_set_m128i(quarter(64), quarter(0))),
        _mm256_set_m128i(quarter(192), quarter(128)), 1);
  }
}

// Floats without an exponent bias, Word being as wide.
template <typename Word>
void ClassifyFloatsAvx512(const DifferenceFormat& format, const uint8_t* base,
                          size_t count, uint8_t origin, uint8_t shift,
                          const ContextTables& tables, uint8_t* contexts,
                          ContextCounts* counts) {
  const __m128i places = _mm_cvtsi32_si128(format.shift);
  const Bytes mask = sizeof(Word) == 1
                         ? Fill(format.mask)
                     : sizeof(Word) == 2
                         ? _mm512_set1_epi16(static_cast<short>(format.mask))
                         : _mm512_set1_epi32(format.mask);
  const Bytes highest = Fill(kDeltaClasses - 1);
  const Bytes context_of_class = Load(tables.context_of_class);
  const Bytes summary = Load(tables.summary);
  uint64_t sums[8] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Bytes above = SubtractSaturated(
        ExponentBytes<sizeof(Word)>(base + sizeof(Word) * i, places, mask),
        Fill(origin));
    const Bytes doubled = _mm512_adds_epu8(above, above);
    const Bytes classes =
        _mm512_min_epu8(SubtractSaturated(doubled, Fill(shift)), highest);
    const Bytes found = _mm512_permutexvar_epi8(classes, context_of_class);
    Store(contexts + i, found);
    const Bytes bits = _mm512_permutexvar_epi8(found, summary);
#pragma GCC unroll 8
    for (unsigned bit = 0; bit < 8; ++bit) {
      // Narrow elements have no low bits of planes 4 and 5.
      if (sizeof(Word) < 4 && (bit == 4 || bit == 5)) continue;
      sums[bit] += static_cast<uint64_t>(_mm_popcnt_u64(
          _mm512_test_epi8_mask(bits, Fill(1u << bit))));
    }
  }
  for (unsigned bit = 0; bit < 8; ++bit) {
    counts->bits[bit] += static_cast<uint32_t>(sums[bit]);
  }
  ClassifyElements<ElementKind::kFloat, Word>(
      format, base + sizeof(Word) * i, count - i, origin, shift, tables,
      contexts + i, counts);
}

// The exceptions of a sub-block, in order.
template <size_t kElementBytes>
class DeltaExceptions {
 public:
  explicit DeltaExceptions(const DeltaDecode& in)
      : at_(in.exceptions), left_(in.exception_count) {
    Read();
  }
  // The element of the next one; SIZE_MAX behind the last.
  size_t position() const { return position_; }
  // Replaces those of kLanes elements at `elements`, the first of which has
  // index `begin`.
  void Apply(size_t begin, uint8_t* elements) {
    for (; position_ < begin + kLanes; Read()) {
      std::memcpy(elements + (position_ - begin) * kElementBytes,
                  at_ - kElementBytes, kElementBytes);
    }
  }

 private:
  void Read() {
    if (left_ == 0) {
      position_ = SIZE_MAX;
      return;
    }
    --left_;
    uint16_t position;
    std::memcpy(&position, at_, sizeof(position));
    position_ = position;
    at_ += sizeof(position) + kElementBytes;
  }

  const uint8_t* at_;
  uint32_t left_;
  size_t position_;
};

// Fetches the bases that the next sub-block has in the place of those of 64
// elements: its classes are read in one go, faster than memory delivers them.
template <size_t kElementBytes>
[[gnu::always_inline]] inline void PrefetchNext(const uint8_t* base) {
  for (size_t line = 0; line < kLanes * kElementBytes; line += 64) {
    PrefetchToLevel2(base + kSubBlockElements * kElementBytes + line);
  }
}

// Compacted bytes and words of a plane, handed to the lanes that have some.
struct LowCursor {
  const uint8_t* at;

  [[gnu::always_inline]] Bytes TakeBytes(__mmask64 lanes) {
    const Bytes bytes = _mm512_maskz_expand_epi8(lanes, Load(at));
    at += _mm_popcnt_u64(lanes);
    return bytes;
  }
  [[gnu::always_inline]] Bytes TakeWords(__mmask32 lanes) {
    const Bytes words = _mm512_maskz_expand_epi16(lanes, Load(at));
    at += 2 * _mm_popcnt_u32(lanes);
    return words;
  }
};

// The planes 0 to 3 of 64 elements: low and high byte of up to 15 bits.
struct LowBytes {
  Bytes low;
  Bytes high;
};

class LowPlanes {
 public:
  explicit LowPlanes(const std::array<const uint8_t*, kLowPlanes>& lows)
      : planes_{{{lows[0]}, {lows[1]}, {lows[2]}, {lows[3]}}} {}

  [[gnu::always_inline]] LowBytes Next(Bytes widths) {
    const __mmask64 has0 = _mm512_test_epi8_mask(widths, Fill(1));
    const __mmask64 has1 = _mm512_test_epi8_mask(widths, Fill(2));
    const __mmask64 has2 = _mm512_test_epi8_mask(widths, Fill(4));
    const __mmask64 has3 = _mm512_test_epi8_mask(widths, Fill(8));
    // Fields are so small that shifts do not reach the neighbouring byte.
    Bytes bits = planes_[0].TakeBytes(has0);
    bits = _mm512_mask_mov_epi8(bits, has1, ShiftLeft<2>(bits));
    bits = _mm512_or_si512(bits, planes_[1].TakeBytes(has1));
    bits = _mm512_mask_mov_epi8(bits, has2, ShiftLeft<4>(bits));
    bits = _mm512_or_si512(bits, planes_[2].TakeBytes(has2));
    return {_mm512_mask_mov_epi8(bits, has3, planes_[3].TakeBytes(has3)),
            _mm512_maskz_mov_epi8(has3, bits)};
  }

 private:
  std::array<LowCursor, 4> planes_;
};

// Moves magnitudes by a folded difference and changes signs where `symbols`,
// each in a unit of its own, have their top bit.
[[gnu::always_inline]] inline Bytes ApplyToFloats16(Bytes base, Bytes folded,
                                                    Bytes symbols) {
  const Bytes sign = _mm512_set1_epi16(INT16_MIN);
  const Bytes d = _mm512_xor_si512(
      _mm512_srli_epi16(folded, 1),
      _mm512_sub_epi16(_mm512_setzero_si512(),
                       _mm512_and_si512(folded, _mm512_set1_epi16(1))));
  return Select(sign, _mm512_xor_si512(base, _mm512_slli_epi16(symbols, 8)),
                _mm512_add_epi16(base, d));
}

[[gnu::always_inline]] inline Bytes ApplyToFloats32(Bytes base, Bytes folded,
                                                    Bytes symbols) {
  const Bytes sign = _mm512_set1_epi32(INT32_MIN);
  const Bytes d = _mm512_xor_si512(
      _mm512_srli_epi32(folded, 1),
      _mm512_sub_epi32(_mm512_setzero_si512(),
                       _mm512_and_si512(folded, _mm512_set1_epi32(1))));
  return Select(sign, _mm512_xor_si512(base, _mm512_slli_epi32(symbols, 24)),
                _mm512_add_epi32(base, d));
}

template <unsigned kHalf>
[[gnu::always_inline]] inline Bytes WidenHalf(Bytes bytes) {
  return _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(bytes, kHalf));
}
template <unsigned kQuarter>
[[gnu::always_inline]] inline Bytes WidenQuarter(Bytes bytes) {
  return _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(bytes, kQuarter));
}

template <bool kStream>
void ApplyFloat16Vectors(const DeltaDecode& in, uint8_t* out) {
  const Bytes table = Load(in.low_bits);
  LowPlanes lows(in.lows);
  DeltaExceptions<2> exceptions(in);
  for (size_t i = 0; i < in.elements; i += kLanes) {
    const Bytes widths = _mm512_permutexvar_epi8(Load(in.contexts + i), table);
    const Bytes symbols = Load(in.symbols + i);
    const Bytes above = And(symbols, Fill(kSymbolTop - 1));
    const LowBytes bits = lows.Next(widths);
    const bool whole = i + kLanes <= in.elements;
    alignas(64) uint8_t last[2 * kLanes];
    const uint8_t* base = in.base + 2 * i;
    if (whole) {
      PrefetchNext<2>(base);
    } else {
      std::memcpy(last, base, 2 * (in.elements - i));
      base = last;
    }
    const auto half = [&]<unsigned kHalf>(
                          std::integral_constant<unsigned, kHalf>)
        __attribute__((always_inline)) {
      const Bytes low =
          _mm512_or_si512(WidenHalf<kHalf>(bits.low),
                          ShiftLeft<8>(WidenHalf<kHalf>(bits.high)));
      // (above << width | low), of which the top bit is the symbol's.
      const Bytes folded = _mm512_ternarylogic_epi32(
          _mm512_sllv_epi16(WidenHalf<kHalf>(above), WidenHalf<kHalf>(widths)),
          low, _mm512_set1_epi16(INT16_MAX), 0xA8);
      return ApplyToFloats16(Load(base + 64 * kHalf), folded,
                             WidenHalf<kHalf>(symbols));
    };
    const Bytes first = half(std::integral_constant<unsigned, 0>());
    const Bytes second = half(std::integral_constant<unsigned, 1>());
    if (whole && exceptions.position() >= i + kLanes) {
      StoreOut<kStream>(out + 2 * i, first);
      StoreOut<kStream>(out + 2 * i + 64, second);
      continue;
    }
    Store(last, first);
    Store(last + 64, second);
    exceptions.Apply(i, last);
    if (whole) {
      StoreOut<kStream>(out + 2 * i, Load(last));
      StoreOut<kStream>(out + 2 * i + 64, Load(last + 64));
    } else {
      std::memcpy(out + 2 * i, last, 2 * (in.elements - i));
    }
  }
}

inline void ApplyFloat16Avx512(const DeltaDecode& in, uint8_t* out,
                               bool stream) {
  if (stream) {
    ApplyFloat16Vectors<true>(in, out);
  } else {
    ApplyFloat16Vectors<false>(in, out);
  }
}

template <bool kStream>
void ApplyFloat32Vectors(const DeltaDecode& in, uint8_t* out) {
  const Bytes table = Load(in.low_bits);
  LowPlanes lows(in.lows);
  LowCursor words{in.lows[4]};
  DeltaExceptions<4> exceptions(in);
  for (size_t i = 0; i < in.elements; i += kLanes) {
    const Bytes widths = _mm512_permutexvar_epi8(Load(in.contexts + i), table);
    const Bytes symbols = Load(in.symbols + i);
    const Bytes above = And(symbols, Fill(kSymbolTop - 1));
    const LowBytes bits = lows.Next(widths);
    const __mmask64 has4 = _mm512_test_epi8_mask(widths, Fill(16));
    const Bytes words0 = words.TakeWords(static_cast<__mmask32>(has4));
    const Bytes words1 = words.TakeWords(static_cast<__mmask32>(has4 >> 32));
    const bool whole = i + kLanes <= in.elements;
    alignas(64) uint8_t last[4 * kLanes];
    const uint8_t* base = in.base + 4 * i;
    if (whole) {
      PrefetchNext<4>(base);
    } else {
      std::memcpy(last, base, 4 * (in.elements - i));
      base = last;
    }
    const bool plain = whole && exceptions.position() >= i + kLanes;
    uint8_t* const to = plain ? out + 4 * i : last;
    const auto quarter = [&]<unsigned kQuarter>(
                             std::integral_constant<unsigned, kQuarter>)
        __attribute__((always_inline)) {
      const Bytes below = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(
          kQuarter < 2 ? words0 : words1, kQuarter % 2));
      Bytes low = _mm512_or_si512(
          WidenQuarter<kQuarter>(bits.low),
          _mm512_slli_epi32(WidenQuarter<kQuarter>(bits.high), 8));
      low = _mm512_mask_slli_epi32(
          low, static_cast<__mmask16>(has4 >> (16 * kQuarter)), low, 16);
      low = _mm512_or_si512(low, below);
      // (above << width | low), of which the top bit is the symbol's.
      const Bytes folded = _mm512_ternarylogic_epi32(
          _mm512_sllv_epi32(WidenQuarter<kQuarter>(above),
                            WidenQuarter<kQuarter>(widths)),
          low, _mm512_set1_epi32(INT32_MAX), 0xA8);
      const Bytes result =
          ApplyToFloats32(Load(base + 64 * kQuarter), folded,
                          WidenQuarter<kQuarter>(symbols));
      if (plain) {
        StoreOut<kStream>(to + 64 * kQuarter, result);
      } else {
        Store(to + 64 * kQuarter, result);
      }
    };
    quarter(std::integral_constant<unsigned, 0>());
    quarter(std::integral_constant<unsigned, 1>());
    quarter(std::integral_constant<unsigned, 2>());
    quarter(std::integral_constant<unsigned, 3>());
    if (plain) continue;
    exceptions.Apply(i, last);
    if (whole) {
      for (size_t at = 0; at < sizeof(last); at += 64) {
        StoreOut<kStream>(out + 4 * i + at, Load(last + at));
      }
    } else {
      std::memcpy(out + 4 * i, last, 4 * (in.elements - i));
    }
  }
}

inline void ApplyFloat32Avx512(const DeltaDecode& in, uint8_t* out,
                               bool stream) {
  if (stream) {
    ApplyFloat32Vectors<true>(in, out);
  } else {
    ApplyFloat32Vectors<false>(in, out);
  }
}

// Steps 16 lanes, each in the table of its symbol's context.
[[gnu::always_inline]] inline __m512i StepContextRans(
    const int* slots, const uint8_t* contexts, __m512i states,
    const uint8_t** words, uint8_t* out) {
  const __m512i low12 = _mm512_set1_epi32(kRansScale - 1);
  const __m512i tables = _mm512_slli_epi32(
      _mm512_cvtepu8_epi32(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(contexts))),
      kRansBits);
  // (states & low12) | tables
  const __m512i entries = _mm512_i32gather_epi32(
      _mm512_ternarylogic_epi32(states, low12, tables, 0xEA), slots, 4);
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

inline bool DecodeContextRansAvx512(const ContextRansDecodeTable& table,
                                    const uint8_t* contexts, size_t count,
                                    RansCursor* cursor, uint8_t* out) {
  const int* const slots = reinterpret_cast<const int*>(table.slots.data());
  uint32_t* const states = cursor->states.data();
  __m512i states0 = Load(states);
  __m512i states1 = Load(states + 16);
  __m512i states2 = Load(states + 32);
  __m512i states3 = Load(states + 48);
  const uint8_t* words = cursor->words;
  size_t i = 0;
  for (; i + kRansLanes <= count; i += kRansLanes) {
    if (words > cursor->end) return false;
    states0 = StepContextRans(slots, contexts + i, states0, &words, out + i);
    states1 = StepContextRans(slots, contexts + i + 16, states1, &words,
                              out + i + 16);
    states2 = StepContextRans(slots, contexts + i + 32, states2, &words,
                              out + i + 32);
    states3 = StepContextRans(slots, contexts + i + 48, states3, &words,
                              out + i + 48);
  }
  Store(states, states0);
  Store(states + 16, states1);
  Store(states + 32, states2);
  Store(states + 48, states3);
  cursor->words = words;
  return DecodeContextRans(table, contexts + i, count - i, cursor, out + i);
}

constexpr SymbolKernels MakeSymbolKernelsAvx512(SymbolKernels kernels) {
  kernels.merge = MergeValuesAvx512;
  kernels.unpack = UnpackFieldsAvx512;
  kernels.spread = SpreadGroupsAvx512;
  kernels.decode_context_rans = DecodeContextRansAvx512;
  return kernels;
}

constexpr auto MakeDeltaKernelsAvx512() {
  auto deltas = MakeAllDeltaKernels();
  auto& floats = deltas[static_cast<size_t>(ElementKind::kFloat)];
  floats[0].classify = ClassifyFloatsAvx512<uint8_t>;
  floats[1] = {ClassifyFloatsAvx512<uint16_t>, ApplyFloat16Avx512};
  floats[2] = {ClassifyFloatsAvx512<uint32_t>, ApplyFloat32Avx512};
  return deltas;
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_KERNELS_AVX512_INL_H_
