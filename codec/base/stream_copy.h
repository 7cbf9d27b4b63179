// StreamCopy: memcpy for results that are large and not read again soon.
//
// Stores go past the caches, which spares reading the lines that they replace:
// a third of the memory traffic of a plain copy into cold memory.
//
// Thread-safety: a function without state.

#ifndef INGOT_CODEC_BASE_STREAM_COPY_H_
#define INGOT_CODEC_BASE_STREAM_COPY_H_

#include <cstddef>

namespace ingot {

// REQUIRES: the ranges do not overlap.
void StreamCopy(std::byte* to, const std::byte* from, size_t size);

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_STREAM_COPY_H_
