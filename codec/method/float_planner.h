// Plans how a group of float elements is coded: which scales are sent, how
// symbols map to ranks and ranks to tiers.
//
// Levels 1 to 3 read samples of the group, larger ones at each level; 4 reads
// all of it, and so do higher ones but for the tiers: joined exponents have
// counts of their own. A plan made from a sample costs space where it is wrong,
// never correctness.

#ifndef INGOT_CODEC_METHOD_FLOAT_PLANNER_H_
#define INGOT_CODEC_METHOD_FLOAT_PLANNER_H_

#include "codec/base/thread_pool.h"
#include "codec/method/group_data.h"
#include "codec/method/group_side.h"
#include "codec/method/joined_planner.h"
#include "codec/method/kernels.h"
#include "codec/selection.h"

namespace ingot {

struct FloatPlan {
  // side.tiered is false where the exponents are too even to be worth it.
  GroupSide side;
  RankTable ranks;
  // Exponents lie too far apart for tiers, but byte coders may gain.
  bool try_split = false;
  // Where side.joined is set.
  JoinedPlan joined;
};

// REQUIRES: the group is not empty and its dtype has a FloatLayout. `pool` and
// `trace` may be null. `sparse`: zeros will not be coded, so they do not count.
FloatPlan PlanFloatGroup(const GroupData& group, int level, bool sparse,
                         const Kernels& kernels, ThreadPool* pool,
                         Attempts* trace = nullptr);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_FLOAT_PLANNER_H_
