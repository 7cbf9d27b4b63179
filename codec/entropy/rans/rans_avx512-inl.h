// The rANS decoder with AVX-512: 32 lanes to a vector, the low and the high
// halves of their states in one each, so that a slot's bucket is looked up by
// one shuffle of 64 words, and words are expanded into the lanes in order.

#ifndef INGOT_CODEC_ENTROPY_RANS_RANS_AVX512_INL_H_
#define INGOT_CODEC_ENTROPY_RANS_RANS_AVX512_INL_H_

#include "codec/base/vector_avx512-inl.h"
#include "codec/entropy/rans/rans_code.h"

namespace ingot {
namespace {

// 64 words, by the low six bits of each word of `index`.
class RansWords {
 public:
  explicit RansWords(const std::array<uint16_t, 64>& words)
      : low_(Load(words.data())), high_(Load(words.data() + 32)) {}
  [[gnu::always_inline]] Bytes At(Bytes index) const {
    return _mm512_permutex2var_epi16(low_, index, high_);
  }

 private:
  Bytes low_;
  Bytes high_;
};

class RansStepper {
 public:
  explicit RansStepper(const RansDecodeTable& table)
      : others_(table.others),
        offsets_(table.offsets),
        frequencies_(table.frequencies) {
    static_assert(kRansBits == 12 && kRansBuckets == 64);
  }

  // Steps 32 lanes and moves `*words` on. Returns their symbols in the low six
  // bits of words.
  [[gnu::always_inline]] Bytes Step(Bytes* low, Bytes* high,
                                    const uint8_t** words) const {
    const Bytes ones = Fill(0xFF);
    const Bytes bucket = _mm512_srli_epi16(*low, 6);
    const Bytes other = others_.At(bucket);
    // The place within the bucket, with ones below, against the first of the
    // other symbol's.
    const __mmask32 is_other =
        _mm512_cmpge_epu16_mask(_mm512_shldi_epi16(*low, ones, 10), other);
    const Bytes symbol = _mm512_mask_mov_epi16(bucket, is_other, other);
    const Bytes frequency = frequencies_.At(symbol);
    const Bytes place = _mm512_and_si512(*low, _mm512_set1_epi16(63));
    const Bytes number =
        _mm512_mask_add_epi16(place, is_other, place, offsets_.At(bucket));
    // frequency * (state >> 12) + number, by halves.
    const Bytes upper = _mm512_shldi_epi16(*high, *low, 4);
    const Bytes upmost = _mm512_srli_epi16(*high, 12);
    const Bytes next_low =
        _mm512_add_epi16(_mm512_mullo_epi16(frequency, upper), number);
    const __mmask32 carry = _mm512_cmplt_epu16_mask(next_low, number);
    Bytes next_high = _mm512_add_epi16(_mm512_mulhi_epu16(frequency, upper),
                                       _mm512_mullo_epi16(frequency, upmost));
    next_high = _mm512_mask_sub_epi16(next_high, carry, next_high, ones);
    const __mmask32 wanting = _mm512_testn_epi16_mask(next_high, next_high);
    *high = _mm512_mask_mov_epi16(next_high, wanting, next_low);
    *low = _mm512_mask_expand_epi16(next_low, wanting, Load(*words));
    *words += 2 * static_cast<unsigned>(__builtin_popcount(wanting));
    return symbol;
  }

 private:
  RansWords others_;
  RansWords offsets_;
  RansWords frequencies_;
};

inline bool DecodeRansAvx512(const RansDecodeTable& table, RansCursor* cursor,
                             size_t groups, uint8_t* out) {
  static_assert(kRansLanes == 64);
  const RansStepper stepper(table);
  uint32_t* const states = cursor->states.data();
  Pair lanes0 = DeinterleaveWords(Load(states), Load(states + 16));
  Pair lanes1 = DeinterleaveWords(Load(states + 32), Load(states + 48));
  const uint8_t* words = cursor->words;
  const uint8_t* const end = cursor->end;
  for (; groups > 0; --groups, out += kRansLanes) {
    if (words > end) return false;
    const Bytes symbols0 = stepper.Step(&lanes0.first, &lanes0.second, &words);
    const Bytes symbols1 = stepper.Step(&lanes1.first, &lanes1.second, &words);
    Store(out, And(Deinterleave(symbols0, symbols1).first,
                   Fill(kMaxRansSymbols - 1)));
  }
  const Pair states0 = InterleaveWords(lanes0.first, lanes0.second);
  const Pair states1 = InterleaveWords(lanes1.first, lanes1.second);
  Store(states, states0.first);
  Store(states + 16, states0.second);
  Store(states + 32, states1.first);
  Store(states + 48, states1.second);
  cursor->words = words;
  return true;
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_RANS_RANS_AVX512_INL_H_
