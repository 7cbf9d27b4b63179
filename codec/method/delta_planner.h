// Chooses how a group's differences from its base are coded: what the decoder
// is to know (DeltaSide) and what encoders need besides.
//
// Thread-safety: a plan is read-only once made.

#ifndef INGOT_CODEC_METHOD_DELTA_PLANNER_H_
#define INGOT_CODEC_METHOD_DELTA_PLANNER_H_

#include <array>
#include <memory>

#include "codec/method/delta_side.h"
#include "codec/method/group_data.h"
#include "codec/method/kernels.h"

namespace ingot {

struct DeltaPlan {
  std::shared_ptr<const DeltaSide> side;
  // Coder tiered: symbols that a set's tiers name.
  std::array<unsigned, kMaxSets> set_symbols{};
  ContextRansEncodeTable rans;
  // Some blocks may be smaller without their base.
  bool try_direct = false;
};

// Null where the base does not help. REQUIRES: group.base is not empty.
std::shared_ptr<const DeltaPlan> PlanDelta(const GroupData& group, int level,
                                           const Kernels& kernels);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_PLANNER_H_
