// ObjectRecords: the records of a container's objects, found through its index.
//
// One object at a time is selected; what is asked for then is about that one.
// Reading blocks in their order loads each group's record once.
//
// Thread-safety: one thread at a time. A BlockContext may go to another.

#ifndef INGOT_CODEC_CONTAINER_OBJECT_RECORDS_H_
#define INGOT_CODEC_CONTAINER_OBJECT_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <vector>

#include "codec/base/aligned_buffer.h"
#include "codec/container/block_reader.h"
#include "codec/container/index.h"
#include "codec/digest.h"
#include "codec/method/group_side.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot {

// A record with padding and payload.
struct RecordExtent {
  uint64_t position;  // in the container
  uint64_t size;
};

// Records that were read and compared with their checksums.
struct GroupBytes {
  uint64_t position;  // in the container
  std::vector<std::byte> record;
  std::shared_ptr<const GroupSide> side;
};
struct BlockBytes {
  ByteSpan record;  // without padding
  ByteSpan payload;
};

class ObjectRecords {
 public:
  // Both must outlive the ObjectRecords.
  ObjectRecords(const Source* source, const Index* index)
      : source_(source), index_(index) {}

  void Select(size_t object);

  RecordExtent Block(uint64_t block) const;
  // kCorruption where the record is not what the index says.
  Result<std::shared_ptr<const GroupSide>> Group(uint64_t group);
  // The same with the record's bytes, read anew.
  Result<GroupBytes> ReadGroup(uint64_t group);
  // What decoding a block needs, but for BlockContext::outside.
  Result<BlockContext> Context(uint64_t block);
  // Digests of the objects that predict elements of this one, in their order.
  Result<std::set<Digest>> References();
  // A block's record, checked without its payload.
  Result<ParsedBlock> ReadHeader(uint64_t block);
  // A block's bytes, compared with its checksums and not decoded; valid until
  // the next call.
  Result<BlockBytes> ReadBlock(uint64_t block);
  // Reads every block and compares it with its checksums; decodes none.
  Status CheckBlocks();

 private:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  const Source* source_;
  const Index* index_;
  size_t object_ = kNone;
  std::vector<uint64_t> positions_;  // of its records, in file order
  uint64_t group_ = 0;
  std::shared_ptr<const GroupSide> side_;  // group_'s; null: none is loaded
  AlignedBuffer bytes_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_OBJECT_RECORDS_H_
