// The loops for differences with AVX2: those of floats of 16 bits, the classes of
// floats of 32, and what works on bytes. See delta_kernels_avx512-inl.h; bytes
// are expanded as tiers_avx2-inl.h does.

#ifndef INGOT_CODEC_METHOD_DELTA_KERNELS_AVX2_INL_H_
#define INGOT_CODEC_METHOD_DELTA_KERNELS_AVX2_INL_H_

#include <immintrin.h>

#include <bit>

#include "codec/base/vector_avx2-inl.h"
#include "codec/entropy/rans/rans_avx2-inl.h"
#include "codec/entropy/tiered/tiers_avx2-inl.h"
#include "codec/method/delta_kernels-inl.h"
#include "codec/method/delta_vectors-inl.h"

namespace ingot {
namespace {

// Compacted bytes, handed to the lanes that have some; zeros to the others.
struct ByteCursor {
  const uint8_t* at;

  [[gnu::always_inline]] Bytes Take(Bytes lanes) {
    const auto mask = static_cast<uint32_t>(HighBits(lanes));
    const Bytes bytes = Expand(mask, at);
    at += std::popcount(mask);
    return bytes;
  }
};

inline void MergeValuesAvx2(const uint8_t* contexts, size_t count,
                            const uint8_t* set_of_context,
                            const std::array<const uint8_t*, kMaxSets>& values,
                            uint8_t* out) {
  const Table64 table(set_of_context);
  ByteCursor next0{values[0]};
  ByteCursor next1{values[1]};
  ByteCursor next2{values[2]};
  for (size_t i = 0; i < count; i += kLanes) {
    const Bytes sets = table.At(TableIndex(Load(contexts + i)));
    const Bytes merged = _mm256_or_si256(
        next0.Take(_mm256_cmpeq_epi8(sets, _mm256_setzero_si256())),
        next1.Take(_mm256_cmpeq_epi8(sets, Fill(1))));
    Store(out + i, _mm256_or_si256(
                       merged, next2.Take(_mm256_cmpeq_epi8(sets, Fill(2)))));
  }
}

// Entries of 32, half of which is in each table.
class Table32 {
 public:
  explicit Table32(const uint8_t* entries)
      : low_(LoadTwice(entries)), high_(LoadTwice(entries + 16)) {}

  // Indices are below 32.
  [[gnu::always_inline]] Bytes At(Bytes index) const {
    return _mm256_blendv_epi8(_mm256_shuffle_epi8(low_, index),
                              _mm256_shuffle_epi8(high_, index),
                              ShiftLeft<3>(index));
  }

 private:
  Bytes low_;
  Bytes high_;
};

// The exponents of 32 floats, of which `mask` keeps the dtype's bits.
template <typename Word>
[[gnu::always_inline]] inline Bytes ExponentBytes(const uint8_t* base,
                                                  __m128i places, Bytes mask) {
  if constexpr (sizeof(Word) == 2) {
    const auto half = [&](size_t at) __attribute__((always_inline)) {
      return And(_mm256_srl_epi16(Load(base + at), places), mask);
    };
    return OrderQuarters(_mm256_packus_epi16(half(0), half(32)));
  } else {
    static_assert(sizeof(Word) == 4);
    const auto quarter = [&](size_t at) __attribute__((always_inline)) {
      return And(_mm256_srl_epi32(Load(base + at), places), mask);
    };
    const Bytes packed = _mm256_packus_epi16(
        _mm256_packus_epi32(quarter(0), quarter(32)),
        _mm256_packus_epi32(quarter(64), quarter(96)));
    return _mm256_permutevar8x32_epi32(
        packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  }
}

// Floats without an exponent bias, Word being as wide.
template <typename Word>
void ClassifyFloatsAvx2(const DifferenceFormat& format, const uint8_t* base,
                        size_t count, uint8_t origin, uint8_t shift,
                        const ContextTables& tables, uint8_t* contexts,
                        ContextCounts* counts) {
  static_assert(kDeltaClasses == 32);
  alignas(32) uint8_t summaries[kDeltaClasses];
  Store(summaries, Table64(tables.summary)
                       .At(TableIndex(Load(tables.context_of_class))));
  const Table32 context_of_class(tables.context_of_class);
  const Table32 summary_of_class(summaries);
  const __m128i places = _mm_cvtsi32_si128(format.shift);
  const Bytes mask = sizeof(Word) == 2
                         ? _mm256_set1_epi16(static_cast<short>(format.mask))
                         : _mm256_set1_epi32(static_cast<int>(format.mask));
  std::array<uint32_t, 8> bits{};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Bytes above = SubtractSaturated(
        ExponentBytes<Word>(base + sizeof(Word) * i, places, mask),
        Fill(origin));
    const Bytes classes = _mm256_min_epu8(
        SubtractSaturated(_mm256_adds_epu8(above, above), Fill(shift)),
        Fill(kDeltaClasses - 1));
    Store(contexts + i, context_of_class.At(classes));
    Bytes summary = summary_of_class.At(classes);
    for (unsigned bit = 8; bit-- > 0;) {
      bits[bit] += static_cast<uint32_t>(
          std::popcount(static_cast<uint32_t>(HighBits(summary))));
      summary = Add(summary, summary);
    }
  }
  for (unsigned bit = 0; bit < 8; ++bit) counts->bits[bit] += bits[bit];
  ClassifyElements<ElementKind::kFloat, Word>(
      format, base + sizeof(Word) * i, count - i, origin, shift, tables,
      contexts + i, counts);
}

// Moves magnitudes by a folded difference and changes signs where `flips` has
// a sign bit.
[[gnu::always_inline]] inline Bytes ApplyToFloats16(Bytes base, Bytes folded,
                                                    Bytes flips) {
  const Bytes d = _mm256_xor_si256(
      _mm256_srli_epi16(folded, 1),
      _mm256_sub_epi16(_mm256_setzero_si256(),
                       And(folded, _mm256_set1_epi16(1))));
  return Select(_mm256_set1_epi16(INT16_MIN), _mm256_xor_si256(base, flips),
                _mm256_add_epi16(base, d));
}

// kPlanes: those among 0 to 3 that are not empty, a bit each, or more.
template <bool kStream, unsigned kPlanes>
void ApplyFloat16Vectors(const DeltaDecode& in, uint8_t* out) {
  const Table64 low_bits(in.low_bits);
  const Bytes top = Fill(kSymbolTop);
  // 1 << k for k below 8, and for k from 8 to 15 a byte higher.
  const Bytes factors = _mm256_broadcastsi128_si256(_mm_setr_epi8(
      1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0));
  const Bytes high_factors = _mm256_broadcastsi128_si256(_mm_setr_epi8(
      0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128));
  const Bytes zero = _mm256_setzero_si256();
  ByteCursor plane0{in.lows[0]};
  ByteCursor plane1{in.lows[1]};
  ByteCursor plane2{in.lows[2]};
  ByteCursor plane3{in.lows[3]};
  ApplyVectors<2, kStream>(in, out, [&](size_t i, const uint8_t* base,
                                        uint8_t* to)
                                        __attribute__((always_inline)) {
    const Bytes widths = low_bits.At(TableIndex(Load(in.contexts + i)));
    const Bytes symbols = Load(in.symbols + i);
    const auto lanes = [&](unsigned plane) __attribute__((always_inline)) {
      const Bytes bit = Fill(1u << plane);
      return _mm256_cmpeq_epi8(And(widths, bit), bit);
    };
    // Fields are so small that shifts do not reach the neighbouring byte.
    Bytes low = zero;
    Bytes high = zero;
    if constexpr ((kPlanes & 1) != 0) low = plane0.Take(lanes(0));
    if constexpr ((kPlanes & 2) != 0) {
      const Bytes some = lanes(1);
      low = _mm256_or_si256(_mm256_blendv_epi8(low, ShiftLeft<2>(low), some),
                            plane1.Take(some));
    }
    if constexpr ((kPlanes & 4) != 0) {
      const Bytes some = lanes(2);
      low = _mm256_or_si256(_mm256_blendv_epi8(low, ShiftLeft<4>(low), some),
                            plane2.Take(some));
    }
    if constexpr ((kPlanes & 8) != 0) {
      const Bytes some = lanes(3);
      high = And(low, some);
      low = _mm256_blendv_epi8(low, plane3.Take(some), some);
    }
    const Bytes above = _mm256_andnot_si256(top, symbols);
    const Bytes flips = And(symbols, top);
    const Bytes factor = _mm256_shuffle_epi8(factors, widths);
    const Bytes high_factor =
        kPlanes > 7 ? _mm256_shuffle_epi8(high_factors, widths) : zero;
    const Pair factor_words = Interleave(factor, high_factor);
    const Pair above_words = Interleave(above, zero);
    const Pair low_words = Interleave(low, high);
    const Pair flip_words = Interleave(zero, flips);
    const auto half = [&](size_t at, Bytes words, Bytes factor_of, Bytes lows,
                          Bytes flip) __attribute__((always_inline)) {
      const Bytes folded =
          And(_mm256_or_si256(_mm256_mullo_epi16(words, factor_of), lows),
              _mm256_set1_epi16(INT16_MAX));
      Store(to + at, ApplyToFloats16(Load(base + at), folded, flip));
    };
    half(0, above_words.first, factor_words.first, low_words.first,
         flip_words.first);
    half(32, above_words.second, factor_words.second, low_words.second,
         flip_words.second);
  });
}

template <bool kStream>
void ApplyFloat16(const DeltaDecode& in, uint8_t* out) {
  if ((in.low_planes & 15u) == 0) {
    ApplyFloat16Vectors<kStream, 0>(in, out);
  } else if ((in.low_planes & 15u) == 4) {
    ApplyFloat16Vectors<kStream, 4>(in, out);
  } else if ((in.low_planes & 8u) == 0) {
    ApplyFloat16Vectors<kStream, 7>(in, out);
  } else {
    ApplyFloat16Vectors<kStream, 15>(in, out);
  }
}

inline void ApplyFloat16Avx2(const DeltaDecode& in, uint8_t* out, bool stream) {
  if (stream) {
    ApplyFloat16<true>(in, out);
  } else {
    ApplyFloat16<false>(in, out);
  }
}

inline bool DecodeContextRansAvx2(const ContextRansDecodeTable& table,
                                  const uint8_t* contexts, size_t count,
                                  RansCursor* cursor, uint8_t* out) {
  const int* const slots = reinterpret_cast<const int*>(table.slots.data());
  const size_t groups = count / kRansLanes;
  const bool decoded = StepRansGroups(
      groups, cursor,
      [&](size_t at, __m256i states, const uint8_t** words)
          __attribute__((always_inline)) {
            const __m256i tables = _mm256_slli_epi32(
                _mm256_cvtepu8_epi32(_mm_loadl_epi64(
                    reinterpret_cast<const __m128i*>(contexts + at))),
                kRansBits);
            return StepRans(slots, tables, states, words, out + at);
          });
  const size_t done = groups * kRansLanes;
  return decoded && DecodeContextRans(table, contexts + done, count - done,
                                      cursor, out + done);
}

constexpr SymbolKernels MakeSymbolKernelsAvx2(SymbolKernels kernels) {
  kernels.merge = MergeValuesAvx2;
  kernels.unpack = UnpackFieldsVector;
  kernels.decode_context_rans = DecodeContextRansAvx2;
  return kernels;
}

constexpr auto MakeDeltaKernelsAvx2() {
  auto deltas = MakeAllDeltaKernels();
  auto& floats = deltas[static_cast<size_t>(ElementKind::kFloat)];
  floats[1] = {ClassifyFloatsAvx2<uint16_t>, ApplyFloat16Avx2};
  floats[2].classify = ClassifyFloatsAvx2<uint32_t>;
  return deltas;
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_KERNELS_AVX2_INL_H_
