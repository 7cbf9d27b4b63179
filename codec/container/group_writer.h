// GroupWriter: encodes the groups of an object, block by block, and hands the
// results to a GroupSink in order.
//
// Planning and coding use the pool; the sink is called on the caller's thread
// only. A bounded number of encoded blocks exists at any time, and their
// buffers are reused. The results do not depend on the number of threads.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_CONTAINER_GROUP_WRITER_H_
#define INGOT_CODEC_CONTAINER_GROUP_WRITER_H_

#include <memory>
#include <vector>

#include "codec/base/thread_pool.h"
#include "codec/method/block_codec.h"

namespace ingot {

// Receives a group's side data and then its blocks.
class GroupSink {
 public:
  virtual ~GroupSink() = default;
  virtual Status Group(const GroupSide& side) = 0;
  virtual Status Block(const EncodedBlock& block) = 0;
};

class GroupWriter {
 public:
  // `pool` must outlive the writer.
  // `delta_level`: of groups that have a base; 0: as level.
  GroupWriter(int level, int delta_level, ThreadPool* pool,
              const Kernels& kernels = ActiveKernels());
  ~GroupWriter();

  // REQUIRES: the group is not empty.
  Status Encode(const GroupData& group, GroupSink* sink);

 private:
  struct Slot {
    BlockEncoder encoder;
    EncodedBlock block;
  };

  const int level_;
  const int delta_level_;
  ThreadPool* const pool_;
  const Kernels& kernels_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_GROUP_WRITER_H_
