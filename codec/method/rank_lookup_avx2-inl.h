// Ranks to symbols and back, by class, with AVX2: a shuffle for each class's
// table of 16 bytes, then selections by the bits of the class.

#ifndef INGOT_CODEC_METHOD_RANK_LOOKUP_AVX2_INL_H_
#define INGOT_CODEC_METHOD_RANK_LOOKUP_AVX2_INL_H_

#include "codec/base/vector_avx2-inl.h"
#include "codec/method/kernels.h"
#include "codec/method/key_lookup-inl.h"
#include "codec/method/top_symbols-inl.h"

namespace ingot {
namespace {

// Of four vectors, for each byte the one that its class names.
[[gnu::always_inline]] inline Bytes SelectByClass(Bytes scales, Bytes class0,
                                                  Bytes class1, Bytes class2,
                                                  Bytes class3) {
  // blendv looks at the highest bit of each byte.
  const Bytes low_bit = ShiftLeft<7>(scales);
  const Bytes high_bit = ShiftLeft<6>(scales);
  return _mm256_blendv_epi8(_mm256_blendv_epi8(class0, class1, low_bit),
                            _mm256_blendv_epi8(class2, class3, low_bit),
                            high_bit);
}

class SymbolLookup {
 public:
  explicit SymbolLookup(const TierCode& code) : base_(Fill(code.base)) {
    for (size_t c = 0; c < kClasses; ++c) {
      offsets_[c] = LoadTwice(&code.offsets[c * kMaxRanks]);
    }
  }

  [[gnu::always_inline]] Bytes Symbols(Bytes ranks, Bytes scales) const {
    const Bytes offsets =
        SelectByClass(scales, _mm256_shuffle_epi8(offsets_[0], ranks),
                      _mm256_shuffle_epi8(offsets_[1], ranks),
                      _mm256_shuffle_epi8(offsets_[2], ranks),
                      _mm256_shuffle_epi8(offsets_[3], ranks));
    return _mm256_subs_epu8(TopSymbols(base_, scales), offsets);
  }

 private:
  Bytes offsets_[kClasses];
  Bytes base_;
};

// Slots of symbols: 0 to 31 as in RankTable, kNoRank outside of them.
template <unsigned kExponentBits>
[[gnu::always_inline]] inline Bytes Slots(Bytes symbols, Bytes top) {
  Bytes slots = Subtract(top, symbols);
  if constexpr (kExponentBits > 5) {
    // As in the AVX-512 kernels: large where the symbol is above the top.
    slots = _mm256_max_epu8(slots, _mm256_subs_epu8(symbols, top));
  }
  const Bytes named = IfZero(symbols, Fill(RankTable::kZeroSlot), slots);
  const Bytes inside = _mm256_cmpeq_epi8(
      _mm256_min_epu8(named, Fill(RankTable::kZeroSlot)), named);
  const Bytes maybe_zero_slot =
      _mm256_cmpeq_epi8(named, Fill(RankTable::kZeroSlot));
  const Bytes is_zero = _mm256_cmpeq_epi8(symbols, _mm256_setzero_si256());
  // Slot 31 is for symbol 0 alone.
  const Bytes valid = _mm256_andnot_si256(
      _mm256_andnot_si256(is_zero, maybe_zero_slot), inside);
  return _mm256_blendv_epi8(Fill(RankTable::kNoRank), named, valid);
}

class RankLookup {
 public:
  RankLookup(const TierCode& code, const RankTable& table)
      : base_(Fill(code.base)) {
    for (size_t c = 0; c < kClasses; ++c) {
      low_[c] = LoadTwice(&table.ranks[c][0]);
      high_[c] = LoadTwice(&table.ranks[c][16]);
    }
  }

  template <unsigned kExponentBits>
  [[gnu::always_inline]] Bytes Ranks(Bytes symbols, Bytes scales) const {
    const Bytes named = Slots<kExponentBits>(symbols, TopSymbols(base_, scales));
    const Bytes upper = ShiftLeft<3>(named);  // slots 16 and above
    const auto ranks = [&](size_t c) __attribute__((always_inline)) {
      return _mm256_blendv_epi8(_mm256_shuffle_epi8(low_[c], named),
                                _mm256_shuffle_epi8(high_[c], named), upper);
    };
    return _mm256_blendv_epi8(
        SelectByClass(scales, ranks(0), ranks(1), ranks(2), ranks(3)), named,
        named);
  }

 private:
  Bytes low_[kClasses];
  Bytes high_[kClasses];
  Bytes base_;
};

// Values of joined codes, of which each class has a table.
class ValueLookup {
 public:
  explicit ValueLookup(const JoinedCode& code) {
    static_assert(kMaxJoinedRanks == 64);
    for (size_t c = 0; c < kClasses; ++c) {
      values_[c] = Table64(&code.values[kMaxJoinedRanks * c]);
    }
  }

  [[gnu::always_inline]] Bytes Values(Bytes ranks, Bytes scales) const {
    const TableIndex index(ranks);
    return SelectByClass(scales, values_[0].At(index), values_[1].At(index),
                         values_[2].At(index), values_[3].At(index));
  }

 private:
  Table64 values_[kClasses];
};

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_RANK_LOOKUP_AVX2_INL_H_
