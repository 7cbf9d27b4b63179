// Vectors of bytes with NEON; see vector_avx512-inl.h for what the names mean.
// Four registers make one vector, so that a mask of its lanes fills a word:
// moving masks to general registers is what costs on these machines.

#ifndef INGOT_CODEC_BASE_VECTOR_NEON_INL_H_
#define INGOT_CODEC_BASE_VECTOR_NEON_INL_H_

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ingot {
namespace {

using Bytes = uint8x16x4_t;
constexpr size_t kLanes = 64;

// Applies `function` to the registers of vectors in parallel.
template <typename Function, typename... Vectors>
[[gnu::always_inline]] inline Bytes Map(const Function& function,
                                        const Vectors&... vectors) {
  return {{function(vectors.val[0]...), function(vectors.val[1]...),
           function(vectors.val[2]...), function(vectors.val[3]...)}};
}

[[gnu::always_inline]] inline Bytes Load(const void* from) {
  return vld1q_u8_x4(static_cast<const uint8_t*>(from));
}
[[gnu::always_inline]] inline void Store(void* to, const Bytes& bytes) {
  vst1q_u8_x4(static_cast<uint8_t*>(to), bytes);
}
[[gnu::always_inline]] inline Bytes Fill(unsigned byte) {
  const uint8x16_t bytes = vdupq_n_u8(static_cast<uint8_t>(byte));
  return {{bytes, bytes, bytes, bytes}};
}
[[gnu::always_inline]] inline Bytes Add(const Bytes& a, const Bytes& b) {
  return Map([](uint8x16_t x, uint8x16_t y) { return vaddq_u8(x, y); }, a, b);
}
[[gnu::always_inline]] inline Bytes And(const Bytes& a, const Bytes& b) {
  return Map([](uint8x16_t x, uint8x16_t y) { return vandq_u8(x, y); }, a, b);
}
[[gnu::always_inline]] inline Bytes Subtract(const Bytes& a, const Bytes& b) {
  return Map([](uint8x16_t x, uint8x16_t y) { return vsubq_u8(x, y); }, a, b);
}
[[gnu::always_inline]] inline Bytes SubtractSaturated(const Bytes& a,
                                                      const Bytes& b) {
  return Map([](uint8x16_t x, uint8x16_t y) { return vqsubq_u8(x, y); }, a, b);
}
[[gnu::always_inline]] inline Bytes IfZero(const Bytes& bytes, const Bytes& a,
                                           const Bytes& b) {
  return Map([](uint8x16_t x, uint8x16_t y,
                uint8x16_t z) { return vbslq_u8(vceqzq_u8(x), y, z); },
             bytes, a, b);
}
[[gnu::always_inline]] inline Bytes Select(const Bytes& mask, const Bytes& a,
                                           const Bytes& b) {
  return Map([](uint8x16_t x, uint8x16_t y,
                uint8x16_t z) { return vbslq_u8(x, y, z); },
             mask, a, b);
}
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes ShiftLeft(const Bytes& bytes) {
  return Map([](uint8x16_t x) { return vshlq_n_u8(x, kBits); }, bytes);
}
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes ShiftRight(const Bytes& bytes) {
  return Map([](uint8x16_t x) { return vshrq_n_u8(x, kBits); }, bytes);
}
[[gnu::always_inline]] inline uint64_t HighBits(const Bytes& bytes) {
  // Each lane's own bit of its byte of the mask; neighbours add up.
  static constexpr uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128,
                                        1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t bits = vld1q_u8(kBits);
  const Bytes own = Map(
      [&](uint8x16_t x) {
        return vandq_u8(
            vreinterpretq_u8_s8(vshrq_n_s8(vreinterpretq_s8_u8(x), 7)), bits);
      },
      bytes);
  const uint8x16_t quarters = vpaddq_u8(vpaddq_u8(own.val[0], own.val[1]),
                                        vpaddq_u8(own.val[2], own.val[3]));
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(quarters, quarters)), 0);
}

struct Pair {
  Bytes first;
  Bytes second;
};

[[gnu::always_inline]] inline Pair Deinterleave(const Bytes& a,
                                                const Bytes& b) {
  return {{{vuzp1q_u8(a.val[0], a.val[1]), vuzp1q_u8(a.val[2], a.val[3]),
            vuzp1q_u8(b.val[0], b.val[1]), vuzp1q_u8(b.val[2], b.val[3])}},
          {{vuzp2q_u8(a.val[0], a.val[1]), vuzp2q_u8(a.val[2], a.val[3]),
            vuzp2q_u8(b.val[0], b.val[1]), vuzp2q_u8(b.val[2], b.val[3])}}};
}
[[gnu::always_inline]] inline Pair Interleave(const Bytes& even,
                                              const Bytes& odd) {
  return {
      {{vzip1q_u8(even.val[0], odd.val[0]), vzip2q_u8(even.val[0], odd.val[0]),
        vzip1q_u8(even.val[1], odd.val[1]),
        vzip2q_u8(even.val[1], odd.val[1])}},
      {{vzip1q_u8(even.val[2], odd.val[2]), vzip2q_u8(even.val[2], odd.val[2]),
        vzip1q_u8(even.val[3], odd.val[3]),
        vzip2q_u8(even.val[3], odd.val[3])}}};
}

// The same for units of 16 bits.
[[gnu::always_inline]] inline uint8x16_t EvenWords(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u16(
      vuzp1q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}
[[gnu::always_inline]] inline uint8x16_t OddWords(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u16(
      vuzp2q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}
[[gnu::always_inline]] inline uint8x16_t LowWords(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u16(
      vzip1q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}
[[gnu::always_inline]] inline uint8x16_t HighWords(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u16(
      vzip2q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}
[[gnu::always_inline]] inline Pair DeinterleaveWords(const Bytes& a,
                                                     const Bytes& b) {
  return {{{EvenWords(a.val[0], a.val[1]), EvenWords(a.val[2], a.val[3]),
            EvenWords(b.val[0], b.val[1]), EvenWords(b.val[2], b.val[3])}},
          {{OddWords(a.val[0], a.val[1]), OddWords(a.val[2], a.val[3]),
            OddWords(b.val[0], b.val[1]), OddWords(b.val[2], b.val[3])}}};
}
[[gnu::always_inline]] inline Pair InterleaveWords(const Bytes& even,
                                                   const Bytes& odd) {
  return {
      {{LowWords(even.val[0], odd.val[0]), HighWords(even.val[0], odd.val[0]),
        LowWords(even.val[1], odd.val[1]), HighWords(even.val[1], odd.val[1])}},
      {{LowWords(even.val[2], odd.val[2]), HighWords(even.val[2], odd.val[2]),
        LowWords(even.val[3], odd.val[3]),
        HighWords(even.val[3], odd.val[3])}}};
}

[[gnu::always_inline]] inline void AddToSums(const Bytes& bytes,
                                             uint16_t* sums) {
  for (size_t i = 0; i < 4; ++i) {
    uint16_t* at = sums + 16 * i;
    vst1q_u16(at, vaddw_u8(vld1q_u16(at), vget_low_u8(bytes.val[i])));
    vst1q_u16(at + 8, vaddw_high_u8(vld1q_u16(at + 8), bytes.val[i]));
  }
}
class ByteSum {
 public:
  [[gnu::always_inline]] void Add(const Bytes& bytes) {
    uint16x8_t sums = vdupq_n_u16(0);
    for (size_t i = 0; i < 4; ++i) sums = vpadalq_u8(sums, bytes.val[i]);
    sums_ = vpadalq_u32(sums_, vpaddlq_u16(sums));
  }
  uint64_t Total() const { return vaddvq_u64(sums_); }

 private:
  uint64x2_t sums_ = vdupq_n_u64(0);
};

// Streaming stores have no intrinsics, and little use where a line that is
// written in full needs no reading.
template <bool kStream>
[[gnu::always_inline]] inline void StoreOut(uint8_t* to, const Bytes& bytes) {
  Store(to, bytes);
}

[[gnu::always_inline]] inline void PrefetchToLevel1(const uint8_t* from) {
  __builtin_prefetch(from, 0, 3);
}
[[gnu::always_inline]] inline void PrefetchToLevel2(const uint8_t* from) {
  __builtin_prefetch(from, 0, 2);
}

// Of 16 fields of 3 bits in six bytes: each one's byte and shift.
struct TripleTable {
  uint8_t low[16];
  uint8_t high[16];  // the byte behind
  int8_t right[16];  // shifts to the left, as the instruction has it
  int8_t left[16];
};
constexpr TripleTable MakeTripleTable() {
  TripleTable table{};
  for (int field = 0; field < 16; ++field) {
    const int bit = field * 3;
    table.low[field] = static_cast<uint8_t>(bit / 8);
    table.high[field] = static_cast<uint8_t>(bit / 8 + 1);
    table.right[field] = static_cast<int8_t>(-(bit % 8));
    table.left[field] = static_cast<int8_t>(8 - bit % 8);
  }
  return table;
}
inline constexpr TripleTable kTripleTable = MakeTripleTable();

template <unsigned kBits>
[[gnu::always_inline]] inline Bytes Unpack(const uint8_t* from) {
  if constexpr (kBits == 1 || kBits == 6 || kBits == 7) {
    // Eight fields at a time, in a general register.
    alignas(64) uint8_t bytes[kLanes];
    for (size_t unit = 0; unit < kLanes / 8; ++unit) {
      uint64_t fields = 0;
      std::memcpy(&fields, from + unit * kBits, kBits);
      for (size_t k = 0; k < 8; ++k) {
        bytes[8 * unit + k] = static_cast<uint8_t>(fields >> (k * kBits));
      }
    }
    return Load(bytes);
  } else if constexpr (kBits == 2) {
    const uint8x16_t codes = vld1q_u8(from);
    const uint8x16_t codes1 = vshrq_n_u8(codes, 2);
    const uint8x16_t codes2 = vshrq_n_u8(codes, 4);
    const uint8x16_t codes3 = vshrq_n_u8(codes, 6);
    const uint8x16_t low01 = vzip1q_u8(codes, codes1);
    const uint8x16_t high01 = vzip2q_u8(codes, codes1);
    const uint8x16_t low23 = vzip1q_u8(codes2, codes3);
    const uint8x16_t high23 = vzip2q_u8(codes2, codes3);
    return {{LowWords(low01, low23), HighWords(low01, low23),
             LowWords(high01, high23), HighWords(high01, high23)}};
  } else if constexpr (kBits == 3) {
    const auto sixteen = [](const uint8_t* at) {
      const uint8x16_t bytes = vld1q_u8(at);
      return vorrq_u8(vshlq_u8(vqtbl1q_u8(bytes, vld1q_u8(kTripleTable.low)),
                               vld1q_s8(kTripleTable.right)),
                      vshlq_u8(vqtbl1q_u8(bytes, vld1q_u8(kTripleTable.high)),
                               vld1q_s8(kTripleTable.left)));
    };
    return {{sixteen(from), sixteen(from + 6), sixteen(from + 12),
             sixteen(from + 18)}};
  } else {
    static_assert(kBits == 4);
    const uint8x16_t low = vld1q_u8(from);
    const uint8x16_t high = vld1q_u8(from + 16);
    const uint8x16_t low_odd = vshrq_n_u8(low, 4);
    const uint8x16_t high_odd = vshrq_n_u8(high, 4);
    return {{vzip1q_u8(low, low_odd), vzip2q_u8(low, low_odd),
             vzip1q_u8(high, high_odd), vzip2q_u8(high, high_odd)}};
  }
}

template <unsigned kBits>
[[gnu::always_inline]] inline void Pack(const Bytes& fields, uint8_t* to) {
  const Bytes& f = fields;
  if constexpr (kBits == 1 || kBits == 6 || kBits == 7) {
    alignas(64) uint8_t bytes[kLanes];
    Store(bytes, f);
    for (size_t unit = 0; unit < kLanes / 8; ++unit) {
      uint64_t packed = 0;
      for (size_t k = 0; k < 8; ++k) {
        packed |= uint64_t{bytes[8 * unit + k]} << (k * kBits);
      }
      std::memcpy(to + unit * kBits, &packed, kBits);
    }
  } else if constexpr (kBits == 2) {
    const uint8x16_t even0 = vuzp1q_u8(f.val[0], f.val[1]);
    const uint8x16_t even1 = vuzp1q_u8(f.val[2], f.val[3]);
    const uint8x16_t odd0 = vuzp2q_u8(f.val[0], f.val[1]);
    const uint8x16_t odd1 = vuzp2q_u8(f.val[2], f.val[3]);
    uint8x16_t bytes = vuzp1q_u8(even0, even1);
    bytes = vsliq_n_u8(bytes, vuzp1q_u8(odd0, odd1), 2);
    bytes = vsliq_n_u8(bytes, vuzp2q_u8(even0, even1), 4);
    vst1q_u8(to, vsliq_n_u8(bytes, vuzp2q_u8(odd0, odd1), 6));
  } else if constexpr (kBits == 3) {
    // Eight fields to the lowest three bytes of each 64-bit unit, then those
    // bytes together.
    const Bytes units = Map(
        [](uint8x16_t x) {
          const uint16x8_t pairs = vreinterpretq_u16_u8(x);
          const uint32x4_t quads = vreinterpretq_u32_u16(
              vandq_u16(vsraq_n_u16(pairs, pairs, 5), vdupq_n_u16(0x3F)));
          const uint64x2_t eights = vreinterpretq_u64_u32(
              vandq_u32(vsraq_n_u32(quads, quads, 10), vdupq_n_u32(0xFFF)));
          return vreinterpretq_u8_u64(vsraq_n_u64(eights, eights, 20));
        },
        fields);
    static constexpr uint8_t kTriples[24] = {0,  1,  2,  8,  9,  10, 16, 17,
                                             18, 24, 25, 26, 32, 33, 34, 40,
                                             41, 42, 48, 49, 50, 56, 57, 58};
    vst1q_u8(to, vqtbl4q_u8(units, vld1q_u8(kTriples)));
    vst1_u8(to + 16, vqtbl4_u8(units, vld1_u8(kTriples + 16)));
  } else {
    static_assert(kBits == 4);
    vst1q_u8(to, vsliq_n_u8(vuzp1q_u8(f.val[0], f.val[1]),
                            vuzp2q_u8(f.val[0], f.val[1]), 4));
    vst1q_u8(to + 16, vsliq_n_u8(vuzp1q_u8(f.val[2], f.val[3]),
                                 vuzp2q_u8(f.val[2], f.val[3]), 4));
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_BASE_VECTOR_NEON_INL_H_
