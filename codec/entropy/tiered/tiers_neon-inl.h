// The step of the tiered coder on one vector, with NEON; see
// tiers_avx512-inl.h. Bytes are expanded and compressed eight at a time by
// shuffles from a table, at positions that prefix popcounts give.

#ifndef INGOT_CODEC_ENTROPY_TIERED_TIERS_NEON_INL_H_
#define INGOT_CODEC_ENTROPY_TIERED_TIERS_NEON_INL_H_

#include "codec/base/vector_neon-inl.h"
#include "codec/entropy/tiered/mask_shuffles-inl.h"
#include "codec/entropy/tiered/tier_code.h"

namespace ingot {
namespace {

// The ones of a mask below the end of each of its bytes.
class PrefixCounts {
 public:
  explicit PrefixCounts(uint64_t mask)
      : sums_(vget_lane_u64(vreinterpret_u64_u8(vcnt_u8(vcreate_u8(mask))), 0) *
              0x0101010101010101) {}
  size_t Before(unsigned byte) const {
    return byte == 0 ? 0 : sums_ >> (8 * byte - 8) & 0xFF;
  }
  size_t total() const { return sums_ >> 56; }

 private:
  uint64_t sums_;
};

// The bytes at `from` in the lanes of `mask`, zeros in the others.
[[gnu::always_inline]] inline Bytes Expand(uint64_t mask,
                                           const PrefixCounts& counts,
                                           const uint8_t* from) {
  const auto eight = [&](unsigned byte) {
    return vtbl1_u8(vld1_u8(from + counts.Before(byte)),
                    vld1_u8(kMaskShuffles.expand[mask >> 8 * byte & 0xFF]));
  };
  return {{vcombine_u8(eight(0), eight(1)), vcombine_u8(eight(2), eight(3)),
           vcombine_u8(eight(4), eight(5)), vcombine_u8(eight(6), eight(7))}};
}

// The lanes of `mask` one behind the other. Writes up to kLanes bytes.
[[gnu::always_inline]] inline void Compress(uint64_t mask,
                                            const PrefixCounts& counts,
                                            const Bytes& bytes, uint8_t* to) {
  const auto eight = [&](unsigned byte, uint8x8_t lanes) {
    vst1_u8(to + counts.Before(byte),
            vtbl1_u8(lanes,
                     vld1_u8(kMaskShuffles.compress[mask >> 8 * byte & 0xFF])));
  };
  for (unsigned i = 0; i < 4; ++i) {
    eight(2 * i, vget_low_u8(bytes.val[i]));
    eight(2 * i + 1, vget_high_u8(bytes.val[i]));
  }
}

template <unsigned kWidth>
[[gnu::always_inline]] inline Bytes DecodeCodes(const uint8_t* codes,
                                                const Bytes& first,
                                                const uint8_t** escaped) {
  uint64_t escapes;
  Bytes values = first;
  if constexpr (kWidth == 1) {
    std::memcpy(&escapes, codes, sizeof(escapes));
  } else {
    const Bytes escape = Fill(TierCapacity(kWidth, false));
    const Bytes fields = And(Unpack<kWidth>(codes), escape);
    escapes =
        HighBits(Map([](uint8x16_t x, uint8x16_t y) { return vceqq_u8(x, y); },
                     fields, escape));
    values = Add(fields, first);
  }
  // What escapes has a rank of a later tier, which is at least `first` plus
  // this tier's capacity; in the other lanes the expanded byte is zero.
  const PrefixCounts counts(escapes);
  const Bytes expanded = Expand(escapes, counts, *escaped);
  *escaped += counts.total();
  return Map([](uint8x16_t x, uint8x16_t y) { return vmaxq_u8(x, y); }, values,
             expanded);
}

template <unsigned kWidth>
[[gnu::always_inline]] inline void EncodeCodes(const Bytes& values,
                                               const Bytes& first,
                                               uint8_t* codes,
                                               uint8_t** escaped) {
  const Bytes escape = Fill(TierCapacity(kWidth, false));
  const uint64_t escapes =
      HighBits(Map([](uint8x16_t x, uint8x16_t y) { return vcgeq_u8(x, y); },
                   values, Add(first, escape)));
  if constexpr (kWidth == 1) {
    std::memcpy(codes, &escapes, sizeof(escapes));
  } else {
    Pack<kWidth>(Map([](uint8x16_t x, uint8x16_t y,
                        uint8x16_t z) { return vminq_u8(vqsubq_u8(x, y), z); },
                     values, first, escape),
                 codes);
  }
  const PrefixCounts counts(escapes);
  Compress(escapes, counts, values, *escaped);
  *escaped += counts.total();
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_TIERED_TIERS_NEON_INL_H_
