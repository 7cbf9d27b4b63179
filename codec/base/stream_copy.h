// StreamCopy: memcpy for results that are large and not read again soon.
// StreamFence: makes such results visible.
//
// Stores go past the caches, which spares reading the lines that they replace:
// a third of the memory traffic of a plain copy into cold memory.
//
// Thread-safety: nothing here has state.

#ifndef INGOT_CODEC_BASE_STREAM_COPY_H_
#define INGOT_CODEC_BASE_STREAM_COPY_H_

#include <cstddef>

namespace ingot {

// REQUIRES: the ranges do not overlap, a StreamFence is in scope.
void StreamCopy(std::byte* to, const std::byte* from, size_t size);

// Streaming stores are weakly ordered. When a StreamFence goes out of scope,
// those that the thread has issued are in place for other threads too. Fences
// wait for memory: one for each block, not for each sub-block.
class StreamFence {
 public:
  StreamFence() = default;
  ~StreamFence();
  StreamFence(const StreamFence&) = delete;
  StreamFence& operator=(const StreamFence&) = delete;
};

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_STREAM_COPY_H_
