// Plans joined exponents: which mantissa bits join them, which values of a
// class have ranks, and the one table that codes the ranks of a group.
//
// Statistics of coder rans are exact: every element of the group is counted
// once. Coder huffman's come from one sub-block in four of large groups. All
// arithmetic is on integers.

#ifndef INGOT_CODEC_METHOD_JOINED_PLANNER_H_
#define INGOT_CODEC_METHOD_JOINED_PLANNER_H_

#include "codec/base/thread_pool.h"
#include "codec/method/group_data.h"
#include "codec/method/group_side.h"
#include "codec/method/kernels.h"
#include "codec/selection.h"

namespace ingot {

// From this level on exponents are joined where that gains.
inline constexpr int kHuffmanLevel = 5;
// From this one on with coder rans, where that is smaller.
inline constexpr int kRansLevel = 6;

// What encoders need besides the side data.
struct JoinedPlan {
  JoinedRanks ranks;
  HuffmanEncodeTable huffman;  // the one that side.joined->coder names
  RansEncodeTable rans;
};

// True where a sample of the group's first remainder plane is noise.
bool HasNoisyRemainders(const GroupData& group, const Kernels& kernels);

// Adds side->joined and fills `*plan` where joined exponents take less than
// `tiered_bits` for the group, what they spare in mantissas counted. Groups
// whose first remainder plane is not noise are left to tiers: byte coders may
// do more with that plane than joined bits spare.
// REQUIRES: side->tiered. `pool` and `trace` may be null.
void PlanJoinedGroup(const GroupData& group, int level, uint64_t tiered_bits,
                     const Kernels& kernels, ThreadPool* pool, GroupSide* side,
                     JoinedPlan* plan, Attempts* trace);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_JOINED_PLANNER_H_
