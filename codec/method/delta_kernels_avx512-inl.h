// The loops for differences with AVX-512: compaction by class becomes expand
// and popcount. Include after vector_avx512-inl.h and delta_kernels-inl.h.

#ifndef INGOT_CODEC_METHOD_DELTA_KERNELS_AVX512_INL_H_
#define INGOT_CODEC_METHOD_DELTA_KERNELS_AVX512_INL_H_

#include <immintrin.h>

#include <algorithm>

#include "codec/base/vector_avx512-inl.h"
#include "codec/method/delta_kernels-inl.h"
#include "codec/method/delta_vectors-inl.h"

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

inline void SpreadGroupsAvx512(const uint8_t* groups, size_t count,
                               const uint8_t* packed, uint8_t* out) {
  for (size_t i = 0; i < count; i += 8) {
    const __mmask8 some = groups[i / 8];
    Store(out + 8 * i, _mm512_maskz_expand_epi64(some, Load(packed)));
    packed += 8 * _mm_popcnt_u32(some);
  }
}

// The low bytes of the exponents of 64 floats, of which the dtype has no more;
// other bits may be set.
template <size_t kElementBytes>
[[gnu::always_inline]] inline Bytes ExponentBytes(const uint8_t* base,
                                                  __m128i places) {
  if constexpr (kElementBytes == 1) {
    return _mm512_srl_epi16(Load(base), places);
  } else if constexpr (kElementBytes == 2) {
    return Deinterleave(_mm512_srl_epi16(Load(base), places),
                        _mm512_srl_epi16(Load(base + 64), places))
        .first;
  } else {
    static_assert(kElementBytes == 4);
    static constexpr ByteTable kLowest =
        MakeTable([](unsigned i) { return i * 4; });
    const auto half = [&](const uint8_t* at) __attribute__((always_inline)) {
      return _mm512_permutex2var_epi8(
          _mm512_srl_epi32(Load(at), places), Load(&kLowest),
          _mm512_srl_epi32(Load(at + 64), places));
    };
    return _mm512_inserti64x4(half(base),
                              _mm512_castsi512_si256(half(base + 128)), 1);
  }
}

// Counts, for each of eight bits, the bytes that have it.
class BitCounts {
 public:
  // Vectors that may be added between two calls of Carry.
  static constexpr size_t kVectors = UINT8_MAX / 8;

  [[gnu::always_inline]] void Add(Bytes bytes) {
    // Transposes each 8 x 8 bits: byte k of a unit gets bit k of its bytes.
    const Bytes columns = _mm512_gf2p8affine_epi64_epi8(
        _mm512_set1_epi64(static_cast<long long>(0x8040201008040201)), bytes,
        0);
    sums_ = _mm512_add_epi8(sums_, _mm512_popcnt_epi8(columns));
  }
  void Carry() {
    static constexpr ByteTable kByBit =
        MakeTable([](unsigned i) { return i % 8 * 8 + i / 8; });
    const Bytes by_bit = _mm512_permutexvar_epi8(Load(&kByBit), sums_);
    totals_ = _mm512_add_epi64(
        totals_, _mm512_sad_epu8(by_bit, _mm512_setzero_si512()));
    sums_ = _mm512_setzero_si512();
  }
  // Of what was carried.
  void AddTo(std::array<uint32_t, 8>* counts) const {
    const __m256i before = _mm256_loadu_si256(
        reinterpret_cast<const __m256i*>(counts->data()));
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(counts->data()),
        _mm256_add_epi32(before, _mm512_cvtepi64_epi32(totals_)));
  }

 private:
  Bytes sums_ = _mm512_setzero_si512();
  Bytes totals_ = _mm512_setzero_si512();
};

// Floats without an exponent bias, Word being as wide.
template <typename Word>
void ClassifyFloatsAvx512(const DifferenceFormat& format, const uint8_t* base,
                          size_t count, uint8_t origin, uint8_t shift,
                          const ContextTables& tables, uint8_t* contexts,
                          ContextCounts* counts) {
  // Exponents this far above the origin are of the highest class.
  constexpr unsigned kHighest = kLanes - 1;
  size_t i = 0;
  if (shift <= 2 * kHighest - (kDeltaClasses - 1)) {
    static constexpr ByteTable kEach = MakeTable([](unsigned k) { return k; });
    const Bytes doubled = Add(Load(&kEach), Load(&kEach));
    const Bytes classes = _mm512_min_epu8(
        SubtractSaturated(doubled, Fill(shift)), Fill(kDeltaClasses - 1));
    const Bytes context_of_place =
        _mm512_permutexvar_epi8(classes, Load(tables.context_of_class));
    const Bytes summary_of_place =
        _mm512_permutexvar_epi8(context_of_place, Load(tables.summary));
    const __m128i places = _mm_cvtsi32_si128(format.shift);
    BitCounts bit_counts;
    while (i + kLanes <= count) {
      const size_t end =
          i + std::min((count - i) / kLanes, BitCounts::kVectors) * kLanes;
      for (; i < end; i += kLanes) {
        const Bytes exponents =
            And(ExponentBytes<sizeof(Word)>(base + sizeof(Word) * i, places),
                Fill(format.mask));
        const Bytes place = _mm512_min_epu8(
            SubtractSaturated(exponents, Fill(origin)), Fill(kHighest));
        Store(contexts + i, _mm512_permutexvar_epi8(place, context_of_place));
        bit_counts.Add(_mm512_permutexvar_epi8(place, summary_of_place));
      }
      bit_counts.Carry();
    }
    bit_counts.AddTo(&counts->bits);
  }
  ClassifyElements<ElementKind::kFloat, Word>(
      format, base + sizeof(Word) * i, count - i, origin, shift, tables,
      contexts + i, counts);
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

  // Of planes among kPlanes, a bit each.
  template <unsigned kPlanes>
  [[gnu::always_inline]] LowBytes Next(Bytes widths) {
    // Fields are so small that shifts do not reach the neighbouring byte.
    Bytes bits = _mm512_setzero_si512();
    if constexpr ((kPlanes & 1) != 0) bits = Take<0>(widths).bytes;
    if constexpr ((kPlanes & 2) != 0) {
      const Taken plane = Take<1>(widths);
      bits = _mm512_mask_mov_epi8(bits, plane.lanes, ShiftLeft<2>(bits));
      bits = _mm512_or_si512(bits, plane.bytes);
    }
    if constexpr ((kPlanes & 4) != 0) {
      const Taken plane = Take<2>(widths);
      bits = _mm512_mask_mov_epi8(bits, plane.lanes, ShiftLeft<4>(bits));
      bits = _mm512_or_si512(bits, plane.bytes);
    }
    if constexpr ((kPlanes & 8) != 0) {
      const Taken plane = Take<3>(widths);
      return {_mm512_mask_mov_epi8(bits, plane.lanes, plane.bytes),
              _mm512_maskz_mov_epi8(plane.lanes, bits)};
    }
    return {bits, _mm512_setzero_si512()};
  }

 private:
  struct Taken {
    __mmask64 lanes;
    Bytes bytes;
  };
  template <unsigned kPlane>
  [[gnu::always_inline]] Taken Take(Bytes widths) {
    const __mmask64 lanes = _mm512_test_epi8_mask(widths, Fill(1u << kPlane));
    return {lanes, planes_[kPlane].TakeBytes(lanes)};
  }

  std::array<LowCursor, 4> planes_;
};

// Moves magnitudes by a folded difference and changes signs where `flips` has
// a sign bit.
[[gnu::always_inline]] inline Bytes ApplyToFloats16(Bytes base, Bytes folded,
                                                    Bytes flips) {
  const Bytes sign = _mm512_set1_epi16(INT16_MIN);
  const Bytes d = _mm512_xor_si512(
      _mm512_srli_epi16(folded, 1),
      _mm512_sub_epi16(_mm512_setzero_si512(),
                       _mm512_and_si512(folded, _mm512_set1_epi16(1))));
  return Select(sign, _mm512_xor_si512(base, flips),
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

// The folded differences of 64 elements of 16 bits: (above << width | low),
// of which the top bit is the symbol's. Low bits that fill no more than a byte
// are the frequent case.
template <unsigned kPlanes>
[[gnu::always_inline]] inline Pair FoldedDifferences16(Bytes above,
                                                       Bytes widths,
                                                       LowPlanes* lows) {
  const LowBytes bits = lows->Next<kPlanes>(widths);
  if constexpr (kPlanes > 7) {
    const Pair low = Interleave(bits.low, bits.high);
    const auto half = [&]<unsigned kHalf>(
                          std::integral_constant<unsigned, kHalf>, Bytes words)
        __attribute__((always_inline)) {
      return _mm512_ternarylogic_epi32(
          _mm512_sllv_epi16(WidenHalf<kHalf>(above), WidenHalf<kHalf>(widths)),
          words, _mm512_set1_epi16(INT16_MAX), 0xA8);
    };
    return {half(std::integral_constant<unsigned, 0>(), low.first),
            half(std::integral_constant<unsigned, 1>(), low.second)};
  } else {
    // Factors up to 128 are unsigned, what they multiply is below 128.
    const Bytes factors = _mm512_shuffle_epi8(
        _mm512_set1_epi64(static_cast<long long>(0x8040201008040201)), widths);
    const Pair shifted = Interleave(factors, bits.low);
    const Pair terms = Interleave(above, Fill(1));
    return {_mm512_maddubs_epi16(shifted.first, terms.first),
            _mm512_maddubs_epi16(shifted.second, terms.second)};
  }
}

template <bool kStream, unsigned kPlanes>
void ApplyFloat16Vectors(const DeltaDecode& in, uint8_t* out) {
  const Bytes table = Load(in.low_bits);
  const Bytes top = Fill(kSymbolTop);
  LowPlanes lows(in.lows);
  ApplyVectors<2, kStream>(in, out, [&](size_t i, const uint8_t* base,
                                        uint8_t* to)
                                        __attribute__((always_inline)) {
    const Bytes widths = _mm512_permutexvar_epi8(Load(in.contexts + i), table);
    const Bytes symbols = Load(in.symbols + i);
    const Pair folded = FoldedDifferences16<kPlanes>(
        _mm512_andnot_si512(top, symbols), widths, &lows);
    const Pair flips = Interleave(_mm512_setzero_si512(), And(symbols, top));
    Store(to, ApplyToFloats16(Load(base), folded.first, flips.first));
    Store(to + 64,
          ApplyToFloats16(Load(base + 64), folded.second, flips.second));
  });
}

template <bool kStream>
void ApplyFloat16(const DeltaDecode& in, uint8_t* out) {
  if ((in.low_planes & ~4u) == 0) {
    ApplyFloat16Vectors<kStream, 4>(in, out);
  } else if ((in.low_planes & ~6u) == 0) {
    ApplyFloat16Vectors<kStream, 6>(in, out);
  } else if ((in.low_planes & ~7u) == 0) {
    ApplyFloat16Vectors<kStream, 7>(in, out);
  } else {
    ApplyFloat16Vectors<kStream, 15>(in, out);
  }
}

inline void ApplyFloat16Avx512(const DeltaDecode& in, uint8_t* out,
                               bool stream) {
  if (stream) {
    ApplyFloat16<true>(in, out);
  } else {
    ApplyFloat16<false>(in, out);
  }
}

template <bool kStream>
void ApplyFloat32Vectors(const DeltaDecode& in, uint8_t* out) {
  const Bytes table = Load(in.low_bits);
  LowPlanes lows(in.lows);
  LowCursor words{in.lows[4]};
  ApplyVectors<4, kStream>(in, out, [&](size_t i, const uint8_t* base,
                                        uint8_t* to)
                                        __attribute__((always_inline)) {
    const Bytes widths = _mm512_permutexvar_epi8(Load(in.contexts + i), table);
    const Bytes symbols = Load(in.symbols + i);
    const Bytes above = And(symbols, Fill(kSymbolTop - 1));
    const LowBytes bits = lows.Next<15>(widths);
    const __mmask64 has4 = _mm512_test_epi8_mask(widths, Fill(16));
    const Bytes words0 = words.TakeWords(static_cast<__mmask32>(has4));
    const Bytes words1 = words.TakeWords(static_cast<__mmask32>(has4 >> 32));
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
      Store(to + 64 * kQuarter,
            ApplyToFloats32(Load(base + 64 * kQuarter), folded,
                            WidenQuarter<kQuarter>(symbols)));
    };
    quarter(std::integral_constant<unsigned, 0>());
    quarter(std::integral_constant<unsigned, 1>());
    quarter(std::integral_constant<unsigned, 2>());
    quarter(std::integral_constant<unsigned, 3>());
  });
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
  kernels.unpack = UnpackFieldsVector;
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
