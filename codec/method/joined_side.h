// JoinedSide: the part of a group's side data that the coders huffman and rans
// share: what ranks mean, and the table that codes them (codec/FORMAT.md,
// section 7).
//
// Thread-safety: a value; read by many threads once built.

#ifndef INGOT_CODEC_METHOD_JOINED_SIDE_H_
#define INGOT_CODEC_METHOD_JOINED_SIDE_H_

#include <memory>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/entropy/byte_coder.h"
#include "codec/entropy/huffman/huffman_code.h"
#include "codec/entropy/rans/rans_code.h"
#include "codec/method/joined_code.h"
#include "codec/result.h"

namespace ingot {

struct JoinedSide {
  Coder coder = Coder::kHuffman;
  JoinedCode code;
  // Coder huffman: code lengths of ranks. Coder rans: their frequencies. The
  // tables are for decoders; encoders leave them empty.
  std::array<uint8_t, kMaxJoinedRanks> lengths{};
  std::array<uint16_t, kMaxJoinedRanks> frequencies{};
  std::unique_ptr<HuffmanDecodeTable> huffman;
  std::unique_ptr<RansDecodeTable> rans;

  bool has_decode_table() const { return huffman || rans; }
};

// `classes` is 4 or, where the group has no scales, 1.
void AppendJoinedSide(const JoinedSide& side, unsigned classes,
                      std::vector<std::byte>* body);

// Parses what AppendJoinedSide wrote and makes the decoding table. `base` is
// that of the group's tiers.
Result<std::shared_ptr<const JoinedSide>> ParseJoinedSide(ByteReader* reader,
                                                          FloatLayout layout,
                                                          uint8_t base,
                                                          unsigned classes);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_JOINED_SIDE_H_
