// Ranks to symbols and back, by class, with NEON: its table lookups take 64
// bytes, which is all classes of offsets or two classes of ranks.

#ifndef INGOT_CODEC_METHOD_RANK_LOOKUP_NEON_INL_H_
#define INGOT_CODEC_METHOD_RANK_LOOKUP_NEON_INL_H_

#include "codec/base/vector_neon-inl.h"
#include "codec/method/kernels.h"
#include "codec/method/key_lookup-inl.h"
#include "codec/method/top_symbols-inl.h"

namespace ingot {
namespace {

class SymbolLookup {
 public:
  explicit SymbolLookup(const TierCode& code)
      : offsets_(Load(&code.offsets)), base_(Fill(code.base)) {}

  [[gnu::always_inline]] Bytes Symbols(const Bytes& ranks,
                                       const Bytes& scales) const {
    const Bytes index =
        And(Select(Fill(0x30), ShiftLeft<4>(scales), ranks), Fill(0x3F));
    return Map(
        [&](uint8x16_t top, uint8x16_t x) {
          return vqsubq_u8(top, vqtbl4q_u8(offsets_, x));
        },
        TopSymbols(base_, scales), index);
  }

 private:
  Bytes offsets_;
  Bytes base_;
};

class RankLookup {
 public:
  RankLookup(const TierCode& code, const RankTable& table)
      : low_(Load(&table.ranks[0])),
        high_(Load(&table.ranks[2])),
        base_(Fill(code.base)) {}

  // kNoRank where the element is an exception.
  template <unsigned kExponentBits>
  [[gnu::always_inline]] Bytes Ranks(const Bytes& symbols,
                                     const Bytes& scales) const {
    return Map(
        [&](uint8x16_t symbol, uint8x16_t scale, uint8x16_t top) {
          // As in the AVX-512 kernels: large where the symbol is above the top.
          uint8x16_t slot = vsubq_u8(top, symbol);
          if constexpr (kExponentBits > 5) {
            slot = vmaxq_u8(slot, vqsubq_u8(symbol, top));
          }
          const uint8x16_t zero = vceqzq_u8(symbol);
          const uint8x16_t inside =
              vcleq_u8(slot, vdupq_n_u8(RankTable::kMaxSlot));
          slot = vbslq_u8(zero, vdupq_n_u8(RankTable::kZeroSlot), slot);
          const uint8x16_t index =
              vandq_u8(vsliq_n_u8(slot, scale, 5), vdupq_n_u8(0x7F));
          const uint8x16_t rank = vqtbx4q_u8(vqtbl4q_u8(low_, index), high_,
                                             vsubq_u8(index, vdupq_n_u8(64)));
          return vbslq_u8(vorrq_u8(inside, zero), rank,
                          vdupq_n_u8(RankTable::kNoRank));
        },
        symbols, scales, TopSymbols(base_, scales));
  }

 private:
  Bytes low_;
  Bytes high_;
  Bytes base_;
};

// Slots of symbols: 0 to 31 as in RankTable, kNoRank outside of them.
template <unsigned kExponentBits>
[[gnu::always_inline]] inline Bytes Slots(const Bytes& symbols,
                                          const Bytes& top) {
  return Map(
      [&](uint8x16_t symbol, uint8x16_t x) {
        uint8x16_t slot = vsubq_u8(x, symbol);
        if constexpr (kExponentBits > 5) {
          slot = vmaxq_u8(slot, vqsubq_u8(symbol, x));
        }
        slot = vbslq_u8(vcleq_u8(slot, vdupq_n_u8(RankTable::kMaxSlot)), slot,
                        vdupq_n_u8(RankTable::kNoRank));
        return vbslq_u8(vceqzq_u8(symbol), vdupq_n_u8(RankTable::kZeroSlot),
                        slot);
      },
      symbols, top);
}

// Values of joined codes: a lookup in 64 bytes for each class.
class ValueLookup {
 public:
  explicit ValueLookup(const JoinedCode& code) {
    for (size_t c = 0; c < kClasses; ++c) {
      values_[c] = Load(&code.values[c * kMaxJoinedRanks]);
    }
  }

  [[gnu::always_inline]] Bytes Values(const Bytes& ranks,
                                      const Bytes& scales) const {
    return Map(
        [&](uint8x16_t rank, uint8x16_t scale) {
          const uint8x16_t odd = vtstq_u8(scale, vdupq_n_u8(1));
          return vbslq_u8(vtstq_u8(scale, vdupq_n_u8(2)),
                          vbslq_u8(odd, vqtbl4q_u8(values_[3], rank),
                                   vqtbl4q_u8(values_[2], rank)),
                          vbslq_u8(odd, vqtbl4q_u8(values_[1], rank),
                                   vqtbl4q_u8(values_[0], rank)));
        },
        ranks, scales);
  }

 private:
  Bytes values_[kClasses];
};

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_RANK_LOOKUP_NEON_INL_H_
