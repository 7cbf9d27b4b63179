// Bit streams: fields of one width, lowest bit first (codec/FORMAT.md).
//
// Plain functions for side data and for the scalar reference kernels; the hot
// loops have their own. Each touches up to 8 bytes beyond the fields' last
// byte, so that buffers need that much slack.

#ifndef INGOT_CODEC_PLANES_BIT_STREAM_H_
#define INGOT_CODEC_PLANES_BIT_STREAM_H_

#include <cstddef>
#include <cstdint>

#include "codec/bytes.h"

namespace ingot {

// The `width` (0..57) bits from bit `bit` on.
inline uint64_t GetBits(const uint8_t* stream, size_t bit, unsigned width) {
  const uint64_t word = LoadLittleEndian<uint64_t>(stream + bit / 8);
  return (word >> (bit % 8)) & ((uint64_t{1} << width) - 1);
}

// Sets those bits, which are zero so far, to `value` < 2^width.
inline void PutBits(uint8_t* stream, size_t bit, uint64_t value) {
  uint64_t word = LoadLittleEndian<uint64_t>(stream + bit / 8);
  word |= value << (bit % 8);
  StoreLittleEndian(stream + bit / 8, word);
}

// Field `index` of `width` (1..57) bits.
inline uint64_t GetField(const uint8_t* stream, size_t index, unsigned width) {
  return GetBits(stream, index * width, width);
}

// Sets field `index`, whose bits are zero so far, to `value` < 2^width.
inline void PutField(uint8_t* stream, size_t index, unsigned width,
                     uint64_t value) {
  PutBits(stream, index * width, value);
}

}  // namespace ingot

#endif  // INGOT_CODEC_PLANES_BIT_STREAM_H_
