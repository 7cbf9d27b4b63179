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

// The symbol of one element.
template <FloatLayout kLayout>
uint8_t GetSymbol(const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  uint32_t bits = 0;
  std::memcpy(&bits, in, kInfo.element_bytes);
  return static_cast<uint8_t>((bits >> kInfo.mantissa_bits) &
                              ((1u << kInfo.exponent_bits) - 1));
}

// As GetSymbols; also writes the remainders to planes that begin at the first
// of these elements.
template <FloatLayout kLayout>
[[gnu::always_inline]] inline Bytes SplitElements(const uint8_t* in,
                                                  uint8_t* plane0,
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
    Store(plane0, Select(sign, bytes.second, bytes.first));
    return Select(Fill(1), ShiftRight<7>(bytes.first),
                  ShiftLeft<1>(bytes.second));
  } else if constexpr (kLayout == FloatLayout::kF16) {
    const Pair bytes = Deinterleave(Load(in), Load(in + kLanes));
    const Bytes mantissa = Select(Fill(0x1F), ShiftRight<3>(bytes.first),
                                  ShiftLeft<5>(bytes.second));
    Store(plane0, Select(sign, bytes.second, mantissa));
    Pack<3>(And(bytes.first, Fill(7)), plane1);
    return And(ShiftRight<2>(bytes.second), Fill(31));
  } else if constexpr (kLayout == FloatLayout::kE4m3) {
    const Bytes elements = Load(in);
    const Bytes remainder = Select(Fill(7), elements, ShiftRight<4>(elements));
    Pack<4>(And(remainder, Fill(15)), plane0);
    return And(ShiftRight<3>(elements), Fill(15));
  } else {
    static_assert(kLayout == FloatLayout::kE5m2);
    const Bytes elements = Load(in);
    const Bytes remainder = Select(Fill(3), elements, ShiftRight<5>(elements));
    Pack<3>(And(remainder, Fill(7)), plane0);
    return And(ShiftRight<2>(elements), Fill(31));
  }
}

// The inverse: joins symbols, of which the exponent's bits count, and
// remainders to kLanes elements.
template <FloatLayout kLayout, bool kStream>
[[gnu::always_inline]] inline void JoinElements(Bytes symbols,
                                                const uint8_t* plane0,
                                                const uint8_t* plane1,
                                                uint8_t* out) {
  const Bytes sign = Fill(0x80);
  if constexpr (kLayout == FloatLayout::kBf16 || kLayout == FloatLayout::kF32) {
    const Bytes remainder = Load(plane0);
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
    const Bytes upper = Load(plane0);
    const Bytes low = Select(Fill(7), Unpack<3>(plane1), ShiftLeft<3>(upper));
    const Bytes high =
        Select(sign, upper,
               Select(Fill(3), ShiftRight<5>(upper), ShiftLeft<2>(symbols)));
    const Pair words = Interleave(low, high);
    StoreOut<kStream>(out, words.first);
    StoreOut<kStream>(out + kLanes, words.second);
  } else if constexpr (kLayout == FloatLayout::kE4m3) {
    const Bytes remainder = Unpack<4>(plane0);
    StoreOut<kStream>(
        out, Select(sign, ShiftLeft<4>(remainder),
                    Select(Fill(7), remainder, ShiftLeft<3>(symbols))));
  } else {
    static_assert(kLayout == FloatLayout::kE5m2);
    const Bytes remainder = Unpack<3>(plane0);
    StoreOut<kStream>(
        out, Select(sign, ShiftLeft<5>(remainder),
                    Select(Fill(3), remainder, ShiftLeft<2>(symbols))));
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_FLOAT_PLANES_INL_H_
