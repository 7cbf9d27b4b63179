// The Huffman coder's loops one symbol at a time: the reference.

#ifndef INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_SCALAR_INL_H_
#define INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_SCALAR_INL_H_

#include <cstring>

#include "codec/entropy/huffman/huffman_code.h"

namespace ingot {
namespace {

inline bool DecodeHuffmanBySymbol(const HuffmanDecodeTable& table,
                                  const HuffmanStreams& streams, uint8_t* out) {
  bool good = true;
  for (size_t stream = 0; stream < kHuffmanStreams; ++stream) {
    const HuffmanRange range = HuffmanStreamRange(streams.elements, stream);
    size_t bit = 0;
    for (uint32_t i = range.end; i-- > range.begin;) {
      uint32_t word;
      std::memcpy(&word, streams.begins[stream] + bit / 8, sizeof(word));
      const uint32_t index = word >> (bit % 8) & ((1u << kMaxHuffmanBits) - 1);
      out[i] = static_cast<uint8_t>(table.entries[index] >> 56);
      bit += table.lengths[out[i]];
    }
    good = good && (bit + 7) / 8 == streams.sizes[stream];
  }
  return good;
}

inline uint32_t EncodeHuffmanBySymbol(const HuffmanEncodeTable& table,
                                      const uint8_t* begin, const uint8_t* end,
                                      uint8_t* out) {
  size_t bit = 0;
  while (end > begin) {
    const uint32_t code = table.codes[*--end];
    for (unsigned k = 0; k < table.lengths[*end]; ++k, ++bit) {
      if (bit % 8 == 0) out[bit / 8] = 0;
      out[bit / 8] |= static_cast<uint8_t>((code >> k & 1) << (bit % 8));
    }
  }
  return static_cast<uint32_t>((bit + 7) / 8);
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_HUFFMAN_HUFFMAN_SCALAR_INL_H_
