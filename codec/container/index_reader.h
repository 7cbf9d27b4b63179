// ReadIndex: the index of a container in a Source, found from its end.
//
// Thread-safety: a function without state.

#ifndef INGOT_CODEC_CONTAINER_INDEX_READER_H_
#define INGOT_CODEC_CONTAINER_INDEX_READER_H_

#include <cstdint>

#include "codec/container/index.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot {

struct FoundIndex {
  Index index;
  uint64_t position;  // of the index record; other records end there
};

// Checks header, footer and index against each other. kCorruption for what is
// no container or a damaged one, kUnsupported for a later version.
Result<FoundIndex> ReadIndex(const Source& source);

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_INDEX_READER_H_
