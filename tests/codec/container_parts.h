// ContainerParts: a container taken apart into records that tests change and
// put together again, all checksums right, so that a reader's checks behind
// the checksums are reached.

#ifndef INGOT_TESTS_CODEC_CONTAINER_PARTS_H_
#define INGOT_TESTS_CODEC_CONTAINER_PARTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/bytes.h"
#include "codec/container/format.h"
#include "codec/container/index.h"

namespace ingot {

using Bytes = std::vector<std::byte>;

struct RecordParts {
  uint8_t raw_type;
  Bytes body;
  Bytes payload;

  RecordType type() const {
    return static_cast<RecordType>(raw_type & kRecordTypeMask);
  }
};

struct ContainerParts {
  std::vector<RecordParts> records;  // all but the index
  Index index;
  // Takes the index's place where it is given.
  std::optional<Bytes> index_body;
  // What the footer says, where it is not the truth.
  std::optional<uint64_t> index_position;
  std::optional<uint64_t> container_length;

  // The k-th record of a type. Aborts where there is none.
  RecordParts& Find(RecordType type, size_t k = 0);
};

// REQUIRES: `container` is valid.
ContainerParts TakeApart(ByteSpan container);

// Puts the parts together. A block's payload checksum (the last 8 bytes of its
// body) is computed anew; positions and sizes in the index are those of the
// records, in their order, as far as the index has a place for them.
Bytes PutTogether(ContainerParts parts);

// Positions of all records, the index record and the footer, in order.
std::vector<uint64_t> RecordPositions(ByteSpan container);

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_CONTAINER_PARTS_H_
