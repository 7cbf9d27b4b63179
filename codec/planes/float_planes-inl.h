// Float elements to and from symbols and remainder planes, kLanes at a time.
//
// Include after the vector_*-inl.h of an instruction set.

#ifndef INGOT_CODEC_PLANES_FLOAT_PLANES_INL_H_
#define INGOT_CODEC_PLANES_FLOAT_PLANES_INL_H_

#include "codec/planes/float_layout.h"

namespace ingot {
namespace {

// The upper halves of kLanes fp32 elements, which are bf16 elements.
[[gnu::always_inline]] inline Pair DeinterleaveUpper(const uint8_t* in) {
  return Deinterleave(
      DeinterleaveWords(Load(in), Load(in + kLanes)).second,
      DeinterleaveWords(Load(in + 2 * kLanes), Load(in + 3 * kLanes)).second);
}

// The symbols of kLanes elements.
template <FloatLayout kLayout>
[[gnu::always_inline]] inline Bytes GetSymbols(const uint8_t* in) {
  if constexpr (kLayout == FloatLayout::kBf16 || kLayout == FloatLayout::kF32) {
    const Pair bytes = kLayout == FloatLayout::kBf16
                           ? Deinterleave(Load(in), Load(in + kLanes))
                           : DeinterleaveUpper(in);
    return Select(Fill(1), ShiftRight<7>(bytes.first),
                  ShiftLeft<1>(bytes.second));
  } else if constexpr (kLayout == FloatLayout::kF16) {
    const Pair bytes = Deinterleave(Load(in), Load(in + kLanes));
    return And(ShiftRight<2>(bytes.second), Fill(31));
  } else if constexpr (kLayout == FloatLayout::kE4m3) {
    return And(ShiftRight<3>(Load(in)), Fill(15));
  } else {
    static_assert(kLayout == FloatLayout::kE5m2);
    return And(ShiftRight<2>(Load(in)), Fill(31));
  }
}

// One element's exponent, and kTop mantissa bits below it.
template <FloatLayout kLayout, unsigned kTop>
uint32_t GetExponent(const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  uint32_t bits = 0;
  std::memcpy(&bits, in, kInfo.element_bytes);
  return bits >> (kInfo.mantissa_bits - kTop) &
         ((1u << (kInfo.exponent_bits + kTop)) - 1);
}

// kBits low bits of the bytes of a plane at `from`, those above undefined.
template <unsigned kBits>
[[gnu::always_inline]] inline Bytes LoadFields(const uint8_t* from) {
  if constexpr (kBits == 8) {
    return Load(from);
  } else {
    return Unpack<kBits>(from);
  }
}
// The inverse; writes kLanes * kBits / 8 bytes.
template <unsigned kBits>
[[gnu::always_inline]] inline void StoreFields(Bytes fields, uint8_t* to) {
  if constexpr (kBits == 8) {
    Store(to, fields);
  } else {
    Pack<kBits>(And(fields, Fill((1u << kBits) - 1)), to);
  }
}

// Symbols, and the remainders' first plane, unpacked: bits above its width are
// undefined.
struct SplitBytes {
  Bytes symbols;
  Bytes remainders;
};

// Takes kLanes elements apart; writes the second plane, where there is one,
// which begins at the first of these elements.
template <FloatLayout kLayout>
[[gnu::always_inline]] inline SplitBytes SplitElements(const uint8_t* in,
                                                       uint8_t* plane1) {
  const Bytes sign = Fill(0x80);
  if constexpr (kLayout == FloatLayout::kBf16 || kLayout == FloatLayout::kF32) {
    Pair bytes;
    if constexpr (kLayout == FloatLayout::kBf16) {
      bytes = Deinterleave(Load(in), Load(in + kLanes));
    } else {
      const Pair low = DeinterleaveWords(Load(in), Load(in + kLanes));
      const Pair high =
          DeinterleaveWords(Load(in + 2 * kLanes), Load(in + 3 * kLanes));
      Store(plane1, low.first);
      Store(plane1 + kLanes, high.first);
      bytes = Deinterleave(low.second, high.second);
    }
    return {Select(Fill(1), ShiftRight<7>(bytes.first),
                   ShiftLeft<1>(bytes.second)),
            Select(sign, bytes.second, bytes.first)};
  } else if constexpr (kLayout == FloatLayout::kF16) {
    const Pair bytes = Deinterleave(Load(in), Load(in + kLanes));
    const Bytes mantissa = Select(Fill(0x1F), ShiftRight<3>(bytes.first),
                                  ShiftLeft<5>(bytes.second));
    Pack<3>(And(bytes.first, Fill(7)), plane1);
    return {And(ShiftRight<2>(bytes.second), Fill(31)),
            Select(sign, bytes.second, mantissa)};
  } else if constexpr (kLayout == FloatLayout::kE4m3) {
    const Bytes elements = Load(in);
    return {And(ShiftRight<3>(elements), Fill(15)),
            Select(Fill(7), elements, ShiftRight<4>(elements))};
  } else {
    static_assert(kLayout == FloatLayout::kE5m2);
    const Bytes elements = Load(in);
    return {And(ShiftRight<2>(elements), Fill(31)),
            Select(Fill(3), elements, ShiftRight<5>(elements))};
  }
}

// The inverse: joins symbols, of which the exponent's bits count, and
// remainders to kLanes elements.
template <FloatLayout kLayout, bool kStream>
[[gnu::always_inline]] inline void JoinElements(Bytes symbols, Bytes remainder,
                                                const uint8_t* plane1,
                                                uint8_t* out) {
  const Bytes sign = Fill(0x80);
  if constexpr (kLayout == FloatLayout::kBf16 || kLayout == FloatLayout::kF32) {
    const Pair words =
        Interleave(Select(sign, ShiftLeft<7>(symbols), remainder),
                   Select(sign, remainder, ShiftRight<1>(symbols)));
    if constexpr (kLayout == FloatLayout::kBf16) {
      StoreOut<kStream>(out, words.first);
      StoreOut<kStream>(out + kLanes, words.second);
    } else {
      const Pair low = InterleaveWords(Load(plane1), words.first);
      const Pair high = InterleaveWords(Load(plane1 + kLanes), words.second);
      StoreOut<kStream>(out, low.first);
      StoreOut<kStream>(out + kLanes, low.second);
      StoreOut<kStream>(out + 2 * kLanes, high.first);
      StoreOut<kStream>(out + 3 * kLanes, high.second);
    }
  } else if constexpr (kLayout == FloatLayout::kF16) {
    const Bytes low =
        Select(Fill(7), Unpack<3>(plane1), ShiftLeft<3>(remainder));
    const Bytes high =
        Select(sign, remainder,
               Select(Fill(3), ShiftRight<5>(remainder),
                      ShiftLeft<2>(symbols)));
    const Pair words = Interleave(low, high);
    StoreOut<kStream>(out, words.first);
    StoreOut<kStream>(out + kLanes, words.second);
  } else if constexpr (kLayout == FloatLayout::kE4m3) {
    StoreOut<kStream>(
        out, Select(sign, ShiftLeft<4>(remainder),
                    Select(Fill(7), remainder, ShiftLeft<3>(symbols))));
  } else {
    static_assert(kLayout == FloatLayout::kE5m2);
    StoreOut<kStream>(
        out, Select(sign, ShiftLeft<5>(remainder),
                    Select(Fill(3), remainder, ShiftLeft<2>(symbols))));
  }
}

// As remainders whose kTop bits below the sign are those of `tops`, fields of
// kBits - kTop bits.
template <unsigned kBits, unsigned kTop>
[[gnu::always_inline]] inline Bytes InsertTopBits(Bytes fields, Bytes tops) {
  if constexpr (kTop == 0) {
    return fields;
  } else {
    constexpr unsigned kLow = kBits - 1 - kTop;
    Bytes below = ShiftLeft<kLow>(tops);
    if constexpr (kLow > 0) {
      below = Select(Fill((1u << kLow) - 1), fields, below);
    }
    return Select(Fill(1u << (kBits - 1)), ShiftLeft<kTop>(fields), below);
  }
}

// The inverse: fields without the kTop bits below the sign.
template <unsigned kBits, unsigned kTop>
[[gnu::always_inline]] inline Bytes RemoveTopBits(Bytes remainders) {
  if constexpr (kTop == 0) {
    return remainders;
  } else {
    return Select(Fill(1u << (kBits - 1 - kTop)), ShiftRight<kTop>(remainders),
                  remainders);
  }
}

// Those bits alone.
template <unsigned kBits, unsigned kTop>
[[gnu::always_inline]] inline Bytes TopBits(Bytes remainders) {
  if constexpr (kTop == 0) {
    return Fill(0);
  } else {
    constexpr unsigned kBelow = kBits - 1 - kTop;
    if constexpr (kBelow > 0) remainders = ShiftRight<kBelow>(remainders);
    return And(remainders, Fill((1u << kTop) - 1));
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_FLOAT_PLANES_INL_H_
