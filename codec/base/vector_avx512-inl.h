// Vectors of bytes with AVX-512: what the loops that all instruction sets share
// need, and fields of a few bits. The siblings of this file define the same
// names for other sets.
//
// Everything is in an anonymous namespace, and must be in every -inl.h file:
// these are compiled with flags of their own, and an inline function with
// external linkage could be merged with its twin in code for any processor.

#ifndef INGOT_CODEC_BASE_VECTOR_AVX512_INL_H_
#define INGOT_CODEC_BASE_VECTOR_AVX512_INL_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ingot {
namespace {

// A vector of kLanes bytes.
using Bytes = __m512i;
constexpr size_t kLanes = 64;

// A vector that is known at compile time, for shuffles.
struct alignas(64) ByteTable {
  uint8_t bytes[64];
};
template <typename Function>
constexpr ByteTable MakeTable(Function function) {
  ByteTable table{};
  for (unsigned i = 0; i < 64; ++i) {
    table.bytes[i] = static_cast<uint8_t>(function(i));
  }
  return table;
}

[[gnu::always_inline]] inline Bytes Load(const void* from) {
  return _mm512_loadu_si512(from);
}
[[gnu::always_inline]] inline void Store(void* to, Bytes bytes) {
  _mm512_storeu_si512(to, bytes);
}
[[gnu::always_inline]] inline Bytes Fill(unsigned byte) {
  return _mm512_set1_epi8(static_cast<char>(byte));
}
[[gnu::always_inline]] inline Bytes Add(Bytes a, Bytes b) {
  return _mm512_add_epi8(a, b);
}
[[gnu::always_inline]] inline Bytes And(Bytes a, Bytes b) {
  return _mm512_and_si512(a, b);
}
[[gnu::always_inline]] inline Bytes Subtract(Bytes a, Bytes b) {
  return _mm512_sub_epi8(a, b);
}
// Not below zero.
[[gnu::always_inline]] inline Bytes SubtractSaturated(Bytes a, Bytes b) {
  return _mm512_subs_epu8(a, b);
}
// `a` where the byte of `bytes` is zero, else `b`.
[[gnu::always_inline]] inline Bytes IfZero(Bytes bytes, Bytes a, Bytes b) {
  return _mm512_mask_mov_epi8(b, _mm512_testn_epi8_mask(bytes, bytes), a);
}
// Bits of `a` where `mask` has ones, else of `b`.
[[gnu::always_inline]] inline Bytes Select(Bytes mask, Bytes a, Bytes b) {
  // `a` is mostly a temporary, which the instruction may then overwrite.
  return _mm512_ternarylogic_epi64(a, b, mask, 0xE4);
}
// Shifts of 16-bit units: bits cross into the neighbouring byte, and callers
// select what they need.
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes ShiftLeft(Bytes bytes) {
  return _mm512_slli_epi16(bytes, kBits);
}
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes ShiftRight(Bytes bytes) {
  return _mm512_srli_epi16(bytes, kBits);
}
// Bit i of the result is the highest bit of byte i.
[[gnu::always_inline]] inline uint64_t HighBits(Bytes bytes) {
  return _mm512_movepi8_mask(bytes);
}

// Two vectors that are the halves of one sequence, or its even and odd units.
struct Pair {
  Bytes first;
  Bytes second;
};

// The even and the odd bytes of `a` followed by `b`.
[[gnu::always_inline]] inline Pair Deinterleave(Bytes a, Bytes b) {
  static constexpr ByteTable kEven =
      MakeTable([](unsigned i) { return i * 2; });
  static constexpr ByteTable kOdd =
      MakeTable([](unsigned i) { return i * 2 + 1; });
  return {_mm512_permutex2var_epi8(a, Load(&kEven), b),
          _mm512_permutex2var_epi8(a, Load(&kOdd), b)};
}
// The inverse: even and odd bytes taken in turn.
[[gnu::always_inline]] inline Pair Interleave(Bytes even, Bytes odd) {
  static constexpr ByteTable kLow =
      MakeTable([](unsigned i) { return i / 2 + i % 2 * 64; });
  static constexpr ByteTable kHigh =
      MakeTable([](unsigned i) { return 32 + i / 2 + i % 2 * 64; });
  return {_mm512_permutex2var_epi8(even, Load(&kLow), odd),
          _mm512_permutex2var_epi8(even, Load(&kHigh), odd)};
}
// The same for units of 16 bits.
[[gnu::always_inline]] inline Pair DeinterleaveWords(Bytes a, Bytes b) {
  static constexpr ByteTable kEven =
      MakeTable([](unsigned i) { return i % 2 == 0 ? i : 0; });
  static constexpr ByteTable kOdd =
      MakeTable([](unsigned i) { return i % 2 == 0 ? i + 1 : 0; });
  return {_mm512_permutex2var_epi16(a, Load(&kEven), b),
          _mm512_permutex2var_epi16(a, Load(&kOdd), b)};
}
[[gnu::always_inline]] inline Pair InterleaveWords(Bytes even, Bytes odd) {
  static constexpr ByteTable kLow = MakeTable(
      [](unsigned i) { return i % 2 == 0 ? i / 4 + i / 2 % 2 * 32 : 0; });
  static constexpr ByteTable kHigh = MakeTable(
      [](unsigned i) { return i % 2 == 0 ? 16 + i / 4 + i / 2 % 2 * 32 : 0; });
  return {_mm512_permutex2var_epi16(even, Load(&kLow), odd),
          _mm512_permutex2var_epi16(even, Load(&kHigh), odd)};
}

// Adds each byte to its 16-bit sum.
[[gnu::always_inline]] inline void AddToSums(Bytes bytes, uint16_t* sums) {
  const Bytes low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(bytes));
  const Bytes high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(bytes, 1));
  Store(sums, _mm512_add_epi16(Load(sums), low));
  Store(sums + 32, _mm512_add_epi16(Load(sums + 32), high));
}
// The sum of all bytes added.
class ByteSum {
 public:
  [[gnu::always_inline]] void Add(Bytes bytes) {
    sums_ =
        _mm512_add_epi64(sums_, _mm512_sad_epu8(bytes, _mm512_setzero_si512()));
  }
  uint64_t Total() const {
    return static_cast<uint64_t>(_mm512_reduce_add_epi64(sums_));
  }

 private:
  Bytes sums_ = _mm512_setzero_si512();
};

// Stores that bypass the caches where kStream is set; `to` is then aligned.
template <bool kStream>
[[gnu::always_inline]] inline void StoreOut(uint8_t* to, Bytes bytes) {
  if constexpr (kStream) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to), bytes);
  } else {
    _mm512_storeu_si512(to, bytes);
  }
}

[[gnu::always_inline]] inline void PrefetchToLevel1(const uint8_t* from) {
  _mm_prefetch(reinterpret_cast<const char*>(from), _MM_HINT_T0);
}
[[gnu::always_inline]] inline void PrefetchToLevel2(const uint8_t* from) {
  _mm_prefetch(reinterpret_cast<const char*>(from), _MM_HINT_T1);
}

// Fields of kBits bits, 1 to 7 but 5, to the low bits of kLanes bytes whose
// other bits are undefined. Reads up to 64 bytes.
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes Unpack(const uint8_t* from) {
  // Eight fields to each 64-bit unit, then each to its byte.
  if constexpr (kBits == 1) {
    uint64_t fields;
    std::memcpy(&fields, from, sizeof(fields));
    return _mm512_movm_epi8(fields);
  } else if constexpr (kBits == 2) {
    const __m128i fields =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm512_multishift_epi64_epi8(_mm512_set1_epi64(0x0E0C0A0806040200),
                                        _mm512_cvtepu16_epi64(fields));
  } else if constexpr (kBits == 4) {
    const __m256i fields =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_multishift_epi64_epi8(_mm512_set1_epi64(0x1C1814100C080400),
                                        _mm512_cvtepu32_epi64(fields));
  } else {
    static_assert(kBits == 3 || kBits == 6 || kBits == 7);
    constexpr long long kShifts = kBits == 3   ? 0x15120F0C09060300
                                  : kBits == 6 ? 0x2A241E18120C0600
                                               : 0x312A231C150E0700;
    static constexpr ByteTable kUnits =
        MakeTable([](unsigned i) { return i / 8 * kBits + i % 8; });
    return _mm512_multishift_epi64_epi8(
        _mm512_set1_epi64(kShifts),
        _mm512_permutexvar_epi8(Load(&kUnits), Load(from)));
  }
}

// The inverse; the fields' other bits are zero. Writes kLanes * kBits / 8
// bytes.
template <unsigned kBits>
[[gnu::always_inline]] inline void Pack(Bytes fields, uint8_t* to) {
  if constexpr (kBits == 1) {
    const uint64_t bits = _mm512_test_epi8_mask(fields, fields);
    std::memcpy(to, &bits, sizeof(bits));
  } else if constexpr (kBits == 2) {
    const Bytes pairs = _mm512_maddubs_epi16(fields, _mm512_set1_epi16(0x0401));
    const Bytes quads = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00100001));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm512_cvtepi32_epi8(quads));
  } else if constexpr (kBits == 4) {
    const Bytes pairs = _mm512_maddubs_epi16(fields, _mm512_set1_epi16(0x1001));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm512_cvtepi16_epi8(pairs));
  } else {
    static_assert(kBits == 3 || kBits == 6 || kBits == 7);
    // Pairs, quads and eights of fields without gaps; of the eights kBits
    // bytes each. The weights are the unsigned operand: one may be 128.
    const Bytes pairs =
        _mm512_maddubs_epi16(_mm512_set1_epi16(static_cast<short>((256 << kBits) | 1)), fields);
    const Bytes quads = _mm512_madd_epi16(
        pairs, _mm512_set1_epi32((65536 << (2 * kBits)) | 1));
    const Bytes low = _mm512_and_si512(quads, _mm512_set1_epi64(0xFFFFFFFF));
    const Bytes eights = _mm512_or_si512(
        low, _mm512_srli_epi64(_mm512_xor_si512(quads, low), 32 - 4 * kBits));
    static constexpr ByteTable kUnits = MakeTable([](unsigned i) {
      return i < 8 * kBits ? i / kBits * 8 + i % kBits : 0;
    });
    const Bytes packed = _mm512_permutexvar_epi8(Load(&kUnits), eights);
    if constexpr (kBits == 3) {
      const __m256i half = _mm512_castsi512_si256(packed);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                       _mm256_castsi256_si128(half));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 16),
                       _mm256_extracti128_si256(half, 1));
    } else {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                          _mm512_castsi512_si256(packed));
      const __m256i half = _mm512_extracti64x4_epi64(packed, 1);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 32),
                       _mm256_castsi256_si128(half));
      if constexpr (kBits == 7) {
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 48),
                         _mm256_extracti128_si256(half, 1));
      }
    }
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_BASE_VECTOR_AVX512_INL_H_
