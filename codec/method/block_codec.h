// Encodes and decodes blocks: chooses a method for each block of a group and
// restores the elements of any of them.
//
//   GroupPlan plan = PlanGroup(group, options, kernels, pool);
//   encoder.Encode(plan, group, i, &block);     // any order, any thread
//
//   decoder.Decode(side, geometry, position, header, payload, range, out);
//
// Thread-safety: plans and sides are read-only and shared; BlockEncoder and
// BlockDecoder own scratch memory: one for each thread.

#ifndef INGOT_CODEC_METHOD_BLOCK_CODEC_H_
#define INGOT_CODEC_METHOD_BLOCK_CODEC_H_

#include <cstdint>
#include <memory>

#include "codec/base/thread_pool.h"
#include "codec/method/block.h"
#include "codec/method/detectors.h"
#include "codec/method/float_planner.h"
#include "codec/method/group_data.h"
#include "codec/method/group_side.h"
#include "codec/selection.h"

namespace ingot {

struct DeltaPlan;

struct GroupPlan {
  int level;
  const Kernels* kernels;
  FloatPlan floats;   // floats.side is the group's side data for any dtype
  bool try_bytes;     // a sample says that byte coders may beat the planes
  Detections found;   // transforms that are worth trying
  std::shared_ptr<const DeltaPlan> delta = nullptr;  // where the base helps
};

// REQUIRES: the group is not empty. `pool` may be null. What was tried and why
// is told to `trace`, if there is one.
GroupPlan PlanGroup(const GroupData& group, int level, const Kernels& kernels,
                    ThreadPool* pool, Attempts* trace = nullptr);

// An encoded block: its header and its payload in pieces, which lie in the
// encoder that made it and are valid until it encodes another. A payload is
// copied once, to where it goes.
struct EncodedBlock {
  BlockHeader header;
  std::vector<ByteSpan> payload;
  // Bytes of planes that are to follow those of the float method: they count
  // for alignment; and what was decided with them.
  size_t trailing_bytes = 0;
  bool aligned = false;

  // Appends a plane, with zero bytes before it where `aligned` planes need
  // them.
  void AppendPlane(ByteSpan plane, bool aligned);

  // Makes this the block of `method`, of `count` planes that lie in `coded` one
  // after the other, if it is below `limit` bytes. Returns what it takes.
  size_t UsePlanes(Method method, ByteSpan coded,
                   const std::array<PlaneHeader, kMaxPlanes>& planes,
                   size_t count, size_t limit);
};

class BlockEncoder {
 public:
  BlockEncoder();
  ~BlockEncoder();

  // Encodes block `index` of the group; fills in the header's checksum too.
  // `trace` as in PlanGroup.
  Status Encode(const GroupPlan& plan, const GroupData& group, uint64_t index,
                EncodedBlock* block, Attempts* trace = nullptr);

 private:
  struct Scratch;

  // Without the group's base; no checksum.
  Status EncodeDirectly(const GroupPlan& plan, const GroupData& group,
                        uint64_t index, EncodedBlock* block,
                        Attempts* attempts);

  std::unique_ptr<Scratch> scratch_;
};

// Where a block's elements lie in their object.
struct BlockPosition {
  uint64_t group_first = 0;  // the group's first element
  uint64_t first = 0;        // the block's
  // The elements that predict the block's, header.elements of them, where
  // header.predictor says that it has some; kKernelSlack readable bytes follow.
  const std::byte* base = nullptr;
};

class BlockDecoder {
 public:
  // REQUIRES: SelectKernels() worked, or the best set is fine.
  explicit BlockDecoder(const Kernels& kernels = ActiveKernels());
  ~BlockDecoder();

  // Restores elements [begin, end) of the block to `out`, which has exactly
  // their size. `payload` has header.payload_length bytes and kKernelSlack
  // readable ones behind them. The caller has compared its checksum.
  // `stream`: the result is large and will not be read soon. `ahead`: bytes
  // that the caller will want next, fetched while memory is idle.
  Status Decode(const GroupSide& side, const Geometry& geometry,
                const BlockPosition& position, const BlockHeader& header,
                const std::byte* payload, uint64_t begin, uint64_t end,
                MutableByteSpan out, bool stream, ByteSpan ahead = {});

 private:
  struct Scratch;
  const Kernels& kernels_;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_BLOCK_CODEC_H_
