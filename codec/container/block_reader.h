// BlockReader: from the bytes of a block record to its raw elements.
//
// The one place where a payload meets its checksum, shared by all decoders.
//
// Thread-safety: one thread at a time; keep one for each job in flight. The
// result does not depend on who decoded what before.

#ifndef INGOT_CODEC_CONTAINER_BLOCK_READER_H_
#define INGOT_CODEC_CONTAINER_BLOCK_READER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "codec/base/aligned_buffer.h"
#include "codec/container/outside_reader.h"
#include "codec/container/record.h"
#include "codec/method/block_codec.h"
#include "codec/method/group_side.h"
#include "codec/result.h"

namespace ingot {

// What a block's decoding needs besides its record.
struct BlockContext {
  const std::string* name;  // of the container, for messages
  std::shared_ptr<const GroupSide> side;
  Geometry geometry;
  uint64_t group_first;  // elements, counted in the object
  uint64_t first;        // the block's first element
  uint64_t elements;     // that geometry expects it to have
  // Where the elements come from that predict the block's.
  OutsideReader outside{nullptr};
};

// A block record without its payload.
struct ParsedBlock {
  BlockHeader header;
  uint64_t record_size;     // without padding and payload
  uint64_t payload_offset;  // from the record's start
};

// Parses the block record at the start of `bytes`, which lie at `position` of
// the container. Corruption where it is something else or cut short; the
// payload itself need not be there.
Result<ParsedBlock> ParseBlockRecord(ByteSpan bytes, uint64_t position,
                                     const BlockContext& context);

// The same where the payload is there, too: `bytes` is the whole record, with
// padding and payload, and everything is as its checksums say.
Result<ParsedBlock> CheckBlockRecord(ByteSpan bytes, uint64_t position,
                                     const BlockContext& context);

class BlockReader {
 public:
  // Decodes elements [begin, end) of the block whose record is `bytes`, with
  // padding and payload, at `position` of the container. kKernelSlack bytes
  // behind `bytes` are readable. `out` has their exact size. `ahead`: the
  // record that will be decoded next, if it lies in memory: its way into the
  // cache overlaps with this block's decoding.
  Status Decode(ByteSpan bytes, uint64_t position, const BlockContext& context,
                uint64_t begin, uint64_t end, MutableByteSpan out,
                bool stream, ByteSpan ahead = {});

 private:
  BlockDecoder decoder_;
  AlignedBuffer base_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_BLOCK_READER_H_
