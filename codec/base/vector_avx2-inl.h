// Vectors of bytes with AVX2; see vector_avx512-inl.h for what the names mean.

#ifndef INGOT_CODEC_BASE_VECTOR_AVX2_INL_H_
#define INGOT_CODEC_BASE_VECTOR_AVX2_INL_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ingot {
namespace {

using Bytes = __m256i;
constexpr size_t kLanes = 32;

[[gnu::always_inline]] inline Bytes Load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
[[gnu::always_inline]] inline void Store(void* to, Bytes bytes) {
  _mm256_storeu_si256(static_cast<__m256i*>(to), bytes);
}
[[gnu::always_inline]] inline Bytes Fill(unsigned byte) {
  return _mm256_set1_epi8(static_cast<char>(byte));
}
[[gnu::always_inline]] inline Bytes Add(Bytes a, Bytes b) {
  return _mm256_add_epi8(a, b);
}
[[gnu::always_inline]] inline Bytes And(Bytes a, Bytes b) {
  return _mm256_and_si256(a, b);
}
[[gnu::always_inline]] inline Bytes Subtract(Bytes a, Bytes b) {
  return _mm256_sub_epi8(a, b);
}
[[gnu::always_inline]] inline Bytes SubtractSaturated(Bytes a, Bytes b) {
  return _mm256_subs_epu8(a, b);
}
[[gnu::always_inline]] inline Bytes IfZero(Bytes bytes, Bytes a, Bytes b) {
  return _mm256_blendv_epi8(b, a,
                            _mm256_cmpeq_epi8(bytes, _mm256_setzero_si256()));
}
[[gnu::always_inline]] inline Bytes Select(Bytes mask, Bytes a, Bytes b) {
  return _mm256_or_si256(_mm256_and_si256(mask, a),
                         _mm256_andnot_si256(mask, b));
}
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes ShiftLeft(Bytes bytes) {
  return _mm256_slli_epi16(bytes, kBits);
}
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes ShiftRight(Bytes bytes) {
  return _mm256_srli_epi16(bytes, kBits);
}
[[gnu::always_inline]] inline uint64_t HighBits(Bytes bytes) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(bytes));
}

struct Pair {
  Bytes first;
  Bytes second;
};

// Instructions that pack and unpack work on halves; this puts the quarters of
// a packed vector into their order.
[[gnu::always_inline]] inline Bytes OrderQuarters(Bytes bytes) {
  return _mm256_permute4x64_epi64(bytes, 0xD8);
}
// The low and the high halves of two vectors that were unpacked.
[[gnu::always_inline]] inline Pair OrderHalves(Bytes low, Bytes high) {
  return {_mm256_permute2x128_si256(low, high, 0x20),
          _mm256_permute2x128_si256(low, high, 0x31)};
}

[[gnu::always_inline]] inline Pair Deinterleave(Bytes a, Bytes b) {
  const Bytes even = _mm256_set1_epi16(0xFF);
  return {
      OrderQuarters(_mm256_packus_epi16(And(a, even), And(b, even))),
      OrderQuarters(_mm256_packus_epi16(ShiftRight<8>(a), ShiftRight<8>(b)))};
}
[[gnu::always_inline]] inline Pair Interleave(Bytes even, Bytes odd) {
  return OrderHalves(_mm256_unpacklo_epi8(even, odd),
                     _mm256_unpackhi_epi8(even, odd));
}
[[gnu::always_inline]] inline Pair DeinterleaveWords(Bytes a, Bytes b) {
  const Bytes even = _mm256_set1_epi32(0xFFFF);
  return {OrderQuarters(_mm256_packus_epi32(And(a, even), And(b, even))),
          OrderQuarters(_mm256_packus_epi32(_mm256_srli_epi32(a, 16),
                                            _mm256_srli_epi32(b, 16)))};
}
[[gnu::always_inline]] inline Pair InterleaveWords(Bytes even, Bytes odd) {
  return OrderHalves(_mm256_unpacklo_epi16(even, odd),
                     _mm256_unpackhi_epi16(even, odd));
}

[[gnu::always_inline]] inline void AddToSums(Bytes bytes, uint16_t* sums) {
  const Bytes low = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes));
  const Bytes high = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(bytes, 1));
  Store(sums, _mm256_add_epi16(Load(sums), low));
  Store(sums + 16, _mm256_add_epi16(Load(sums + 16), high));
}
class ByteSum {
 public:
  [[gnu::always_inline]] void Add(Bytes bytes) {
    sums_ =
        _mm256_add_epi64(sums_, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
  }
  uint64_t Total() const {
    alignas(32) uint64_t sums[4];
    Store(sums, sums_);
    return sums[0] + sums[1] + sums[2] + sums[3];
  }

 private:
  Bytes sums_ = _mm256_setzero_si256();
};

template <bool kStream>
[[gnu::always_inline]] inline void StoreOut(uint8_t* to, Bytes bytes) {
  if constexpr (kStream) {
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to), bytes);
  } else {
    Store(to, bytes);
  }
}

[[gnu::always_inline]] inline void PrefetchToLevel1(const uint8_t* from) {
  _mm_prefetch(reinterpret_cast<const char*>(from), _MM_HINT_T0);
}
[[gnu::always_inline]] inline void PrefetchToLevel2(const uint8_t* from) {
  _mm_prefetch(reinterpret_cast<const char*>(from), _MM_HINT_T1);
}

// Both halves hold the 16 bytes at `from`.
[[gnu::always_inline]] inline Bytes LoadTwice(const uint8_t* from) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

// Bytes as indices of tables of 64 bytes, which are shuffles of four quarters.
struct TableIndex {
  [[gnu::always_inline]] explicit TableIndex(Bytes index) {
    // A shuffle gives 0 for indices with the highest bit: of the four
    // quarters one is in range.
    const Bytes above = Fill(0x70);
    for (unsigned q = 0; q < 4; ++q) {
      quarters[q] = _mm256_adds_epu8(Subtract(index, Fill(16 * q)), above);
    }
  }
  Bytes quarters[4];
};

class Table64 {
 public:
  Table64() = default;
  explicit Table64(const uint8_t* entries) {
    for (unsigned q = 0; q < 4; ++q) quarters_[q] = LoadTwice(entries + 16 * q);
  }

  // Indices of 64 and more give 0.
  [[gnu::always_inline]] Bytes At(const TableIndex& index) const {
    const auto quarter = [&](unsigned q) __attribute__((always_inline)) {
      return _mm256_shuffle_epi8(quarters_[q], index.quarters[q]);
    };
    return _mm256_or_si256(_mm256_or_si256(quarter(0), quarter(1)),
                           _mm256_or_si256(quarter(2), quarter(3)));
  }

 private:
  Bytes quarters_[4];
};

// Halves that hold the 16 bytes at `low` and at `high`.
[[gnu::always_inline]] inline Bytes LoadHalves(const uint8_t* low,
                                               const uint8_t* high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

// 32 codes of 2 bits, each in bits 0 and 1 or in bits 2 and 3 of its byte,
// whose other bits are zero: an index of 16-byte tables.
[[gnu::always_inline]] inline Bytes PositionedCodes(const uint8_t* from) {
  const __m256i repeat =
      _mm256_setr_epi8(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4,
                       4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7);
  const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  const Bytes bytes =
      And(_mm256_shuffle_epi8(_mm256_broadcastq_epi64(codes), repeat),
          _mm256_set1_epi32(static_cast<int>(0xC0300C03)));
  return And(_mm256_or_si256(bytes, ShiftRight<4>(bytes)), Fill(15));
}

template <unsigned kBits>
[[gnu::always_inline]] inline Bytes Unpack(const uint8_t* from) {
  if constexpr (kBits == 1) {
    int32_t fields;
    std::memcpy(&fields, from, sizeof(fields));
    const __m256i repeat =
        _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2,
                         2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x(
        static_cast<long long>(0x8040201008040201));
    return _mm256_cmpeq_epi8(
        And(_mm256_shuffle_epi8(_mm256_set1_epi32(fields), repeat), bit), bit);
  } else if constexpr (kBits == 6) {
    // Three bytes that hold four fields to each 32-bit unit.
    const __m128i triples = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1,
                                          9, 10, 11, -1);
    const Bytes units = _mm256_shuffle_epi8(LoadHalves(from, from + 12),
                                            _mm256_broadcastsi128_si256(triples));
    return Select(
        _mm256_set1_epi16(0xFF),
        Select(_mm256_set1_epi32(0xFF), units, _mm256_slli_epi32(units, 4)),
        Select(_mm256_set1_epi32(0xFFFF), _mm256_slli_epi32(units, 2),
               _mm256_slli_epi32(units, 6)));
  } else if constexpr (kBits == 7) {
    // Four bytes that hold four fields to each 32-bit unit; every other one
    // begins within a byte.
    const __m128i quads = _mm_setr_epi8(0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 10,
                                        11, 12, 13);
    const Bytes units = _mm256_srlv_epi32(
        _mm256_shuffle_epi8(LoadHalves(from, from + 14),
                            _mm256_broadcastsi128_si256(quads)),
        _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4));
    return Select(
        _mm256_set1_epi16(0xFF),
        Select(_mm256_set1_epi32(0xFF), units, _mm256_slli_epi32(units, 2)),
        Select(_mm256_set1_epi32(0xFFFF), _mm256_slli_epi32(units, 1),
               _mm256_slli_epi32(units, 3)));
  } else if constexpr (kBits == 2) {
    const __m256i fields =
        _mm256_setr_epi8(0, 1, 2, 3, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 1,
                         2, 3, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    return _mm256_shuffle_epi8(fields, PositionedCodes(from));
  } else if constexpr (kBits == 3) {
    // Two bytes that hold four fields to each 32-bit unit; these to its lowest
    // bits; then halves and quarters apart.
    const __m256i pairs = _mm256_setr_epi8(
        0, 1, -1, -1, 1, 2, -1, -1, 3, 4, -1, -1, 4, 5, -1, -1, 6, 7, -1, -1, 7,
        8, -1, -1, 9, 10, -1, -1, 10, 11, -1, -1);
    const __m256i shifts = _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4);
    Bytes units =
        _mm256_srlv_epi32(_mm256_shuffle_epi8(LoadTwice(from), pairs), shifts);
    units = And(_mm256_or_si256(units, _mm256_slli_epi32(units, 10)),
                _mm256_set1_epi32(0x003F003F));
    return _mm256_or_si256(units, _mm256_slli_epi32(units, 5));
  } else {
    static_assert(kBits == 4);
    const Bytes units = _mm256_cvtepu8_epi16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    return _mm256_or_si256(units, ShiftLeft<4>(units));
  }
}

template <unsigned kBits>
[[gnu::always_inline]] inline void Pack(Bytes fields, uint8_t* to) {
  if constexpr (kBits == 1) {
    const int bits = _mm256_movemask_epi8(ShiftLeft<7>(fields));
    std::memcpy(to, &bits, sizeof(bits));
  } else if constexpr (kBits == 6 || kBits == 7) {
    // As in the AVX-512 version, then kBits bytes of each of four units.
    const Bytes pairs =
        _mm256_maddubs_epi16(_mm256_set1_epi16(static_cast<short>((256 << kBits) | 1)), fields);
    const Bytes quads = _mm256_madd_epi16(
        pairs, _mm256_set1_epi32((65536 << (2 * kBits)) | 1));
    const Bytes low = And(quads, _mm256_set1_epi64x(0xFFFFFFFF));
    alignas(32) uint8_t eights[32];
    Store(eights, _mm256_or_si256(
                      low, _mm256_srli_epi64(_mm256_xor_si256(quads, low),
                                             32 - 4 * kBits)));
    std::memcpy(to, eights, 8);
    std::memcpy(to + kBits, eights + 8, 8);
    std::memcpy(to + 2 * kBits, eights + 16, 8);
    std::memcpy(to + 3 * kBits, eights + 24, kBits);
  } else if constexpr (kBits == 2) {
    const Bytes pairs = _mm256_maddubs_epi16(fields, _mm256_set1_epi16(0x0401));
    const Bytes quads = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00100001));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(quads),
                                           _mm256_extracti128_si256(quads, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to),
                     _mm_packus_epi16(words, words));
  } else if constexpr (kBits == 3) {
    const Bytes pairs = _mm256_maddubs_epi16(fields, _mm256_set1_epi16(0x0801));
    const Bytes quads = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00400001));
    const Bytes units = _mm256_or_si256(quads, _mm256_srli_epi64(quads, 20));
    // Three bytes of each 64-bit unit.
    const Bytes triples = _mm256_shuffle_epi8(
        units, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                   0, 1, 2, 8, 9, 10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)));
    const auto low = static_cast<uint64_t>(_mm256_extract_epi64(triples, 0));
    const auto high = static_cast<uint64_t>(_mm256_extract_epi64(triples, 2));
    const uint64_t first = low | high << 48;
    const auto second = static_cast<uint32_t>(high >> 16);
    std::memcpy(to, &first, sizeof(first));
    std::memcpy(to + sizeof(first), &second, sizeof(second));
  } else {
    static_assert(kBits == 4);
    const Bytes pairs = _mm256_maddubs_epi16(fields, _mm256_set1_epi16(0x1001));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_packus_epi16(_mm256_castsi256_si128(pairs),
                                      _mm256_extracti128_si256(pairs, 1)));
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_BASE_VECTOR_AVX2_INL_H_
