// base + shift, the symbol of offset 0, on vectors. Include after an
// instruction set's vector header.

#ifndef INGOT_CODEC_METHOD_TOP_SYMBOLS_INL_H_
#define INGOT_CODEC_METHOD_TOP_SYMBOLS_INL_H_

namespace ingot {
namespace {

[[gnu::always_inline]] inline Bytes TopSymbols(Bytes base, Bytes scales) {
  return Add(base, And(ShiftRight<2>(scales), Fill(0x3F)));
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_TOP_SYMBOLS_INL_H_
