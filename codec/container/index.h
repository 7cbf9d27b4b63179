// Index: what a container holds and where, for random access.
//
// The index repeats what a forward pass over the records would find. Parsing
// checks it against itself and the container's extent, so that a reader can
// trust sums and positions; record contents are checked when they are read.
//
// Thread-safety: a value.

#ifndef INGOT_CODEC_CONTAINER_INDEX_H_
#define INGOT_CODEC_CONTAINER_INDEX_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/manifest.h"
#include "codec/method/geometry.h"
#include "codec/result.h"

namespace ingot {

struct ObjectEntry {
  uint64_t position = 0;  // of its object-begin record
  ObjectId id;
  Geometry geometry;
  uint64_t begin_size = 0;  // bytes of the object-begin record
  // Bytes of every group record, each followed by those of its block records
  // with padding and payload, in file order.
  std::vector<uint32_t> sizes;
  unsigned depth = 0;  // kMaxDepth at most

  uint64_t elements() const { return id.length / geometry.element_bytes(); }
  uint64_t groups() const;
  uint64_t blocks() const;
  // All records from position on, object end excluded.
  uint64_t RecordBytes() const;
};

struct Index {
  std::vector<ObjectEntry> objects;
  std::vector<Manifest> files;
  std::vector<BaseFile> base_files;
  std::vector<TensorParts> parts;
};

// The body of an index record.
void AppendIndex(const Index& index, std::vector<std::byte>* body);

// `reader` is at the body of the index record, which lies at `position` of its
// container.
Result<Index> ParseIndex(ByteReader* reader, uint64_t position);

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_INDEX_H_
