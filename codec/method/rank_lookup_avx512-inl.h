// Ranks to symbols and back, by class, with AVX-512.

#ifndef INGOT_CODEC_METHOD_RANK_LOOKUP_AVX512_INL_H_
#define INGOT_CODEC_METHOD_RANK_LOOKUP_AVX512_INL_H_

#include "codec/base/vector_avx512-inl.h"
#include "codec/method/kernels.h"
#include "codec/method/top_symbols-inl.h"

namespace ingot {
namespace {

class SymbolLookup {
 public:
  explicit SymbolLookup(const TierCode& code)
      : offsets_(Load(&code.offsets)), base_(Fill(code.base)) {}

  [[gnu::always_inline]] Bytes Symbols(Bytes ranks, Bytes scales) const {
    const Bytes index = Select(Fill(0x30), ShiftLeft<4>(scales), ranks);
    return _mm512_subs_epu8(TopSymbols(base_, scales),
                            _mm512_permutexvar_epi8(index, offsets_));
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
  [[gnu::always_inline]] Bytes Ranks(Bytes symbols, Bytes scales) const {
    const Bytes top = TopSymbols(base_, scales);
    Bytes slots = Subtract(top, symbols);
    if constexpr (kExponentBits > 5) {
      // The difference wraps where the symbol is above the top; the larger of
      // both saturated differences tells that apart from a slot.
      slots = _mm512_max_epu8(slots, _mm512_subs_epu8(symbols, top));
    }
    const __mmask64 nonzero = _mm512_test_epi8_mask(symbols, symbols);
    const __mmask64 outside =
        _mm512_mask_cmpgt_epu8_mask(nonzero, slots, Fill(RankTable::kMaxSlot));
    const Bytes named =
        _mm512_mask_mov_epi8(Fill(RankTable::kZeroSlot), nonzero, slots);
    const Bytes index = Select(Fill(0x60), ShiftLeft<5>(scales), named);
    return _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(low_, index, high_),
                                outside, Fill(RankTable::kNoRank));
  }

 private:
  Bytes low_;
  Bytes high_;
  Bytes base_;
};

// Slots of symbols: 0 to 31 as in RankTable, kNoRank outside of them.
template <unsigned kExponentBits>
[[gnu::always_inline]] inline Bytes Slots(Bytes symbols, Bytes top) {
  Bytes slots = Subtract(top, symbols);
  if constexpr (kExponentBits > 5) {
    slots = _mm512_max_epu8(slots, _mm512_subs_epu8(symbols, top));
  }
  const __mmask64 nonzero = _mm512_test_epi8_mask(symbols, symbols);
  const __mmask64 outside =
      _mm512_mask_cmpgt_epu8_mask(nonzero, slots, Fill(RankTable::kMaxSlot));
  const Bytes named =
      _mm512_mask_mov_epi8(Fill(RankTable::kZeroSlot), nonzero, slots);
  return _mm512_mask_mov_epi8(named, outside, Fill(RankTable::kNoRank));
}

// Values of joined codes by class and rank.
class ValueLookup {
 public:
  explicit ValueLookup(const JoinedCode& code) {
    for (size_t c = 0; c < kClasses; ++c) {
      values_[c] = Load(&code.values[c * kMaxJoinedRanks]);
    }
  }

  [[gnu::always_inline]] Bytes Values(Bytes ranks, Bytes scales) const {
    const Bytes index = Select(Fill(0x40), ShiftLeft<6>(scales), ranks);
    return _mm512_mask_mov_epi8(
        _mm512_permutex2var_epi8(values_[0], index, values_[1]),
        _mm512_test_epi8_mask(scales, Fill(2)),
        _mm512_permutex2var_epi8(values_[2], index, values_[3]));
  }

 private:
  Bytes values_[kClasses];
};

// The inverse; kNoRank for keys that have its bit.
class KeyLookup {
 public:
  explicit KeyLookup(const JoinedRanks& ranks) {
    for (size_t c = 0; c < kClasses; ++c) {
      low_[c] = Load(&ranks.ranks[c][0]);
      high_[c] = Load(&ranks.ranks[c][64]);
    }
  }

  [[gnu::always_inline]] Bytes Ranks(Bytes keys, Bytes scales) const {
    const __mmask64 odd = _mm512_test_epi8_mask(scales, Fill(1));
    const auto of = [&](size_t c) __attribute__((always_inline)) {
      return _mm512_permutex2var_epi8(low_[c], keys, high_[c]);
    };
    const Bytes ranks =
        _mm512_mask_mov_epi8(_mm512_mask_mov_epi8(of(0), odd, of(1)),
                             _mm512_test_epi8_mask(scales, Fill(2)),
                             _mm512_mask_mov_epi8(of(2), odd, of(3)));
    return _mm512_mask_mov_epi8(ranks, _mm512_movepi8_mask(keys),
                                Fill(JoinedRanks::kNoRank));
  }

 private:
  Bytes low_[kClasses];
  Bytes high_[kClasses];
};

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_RANK_LOOKUP_AVX512_INL_H_
