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

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_RANK_LOOKUP_AVX512_INL_H_
