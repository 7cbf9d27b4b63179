// BlockEdges: where the blocks of a packed file begin, for who reads it in
// pieces: a block that lies in two of them is decoded twice.
//
// Memory: 16 bytes for each tensor.
//
// Thread-safety: as a value type.

#ifndef INGOT_DAEMON_INGEST_BLOCK_EDGES_H_
#define INGOT_DAEMON_INGEST_BLOCK_EDGES_H_

#include <cstdint>
#include <vector>

#include "codec/container_reader.h"
#include "codec/manifest.h"

namespace ingot::ingest {

class BlockEdges {
 public:
  // None is known: one end is as good as another.
  BlockEdges() = default;
  BlockEdges(const ContainerReader& reader, const Manifest& file);

  // As Source::GoodEnd: the last edge that lies between, or `end`.
  uint64_t GoodEnd(uint64_t begin, uint64_t end) const;

 private:
  struct Part {
    uint64_t begin;  // in the file
    uint64_t block;  // bytes; at least 1
  };
  std::vector<Part> parts_;  // in order, the first at 0
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_BLOCK_EDGES_H_
