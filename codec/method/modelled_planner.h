// Plans how a group of float elements is modelled: which scales are sent, and
// the model that its runs start from.
//
// Levels 7 and 8 take scales as measured, 9 refines those that rest on few
// elements; 7 models two bits of the mantissa and the others three. A poor plan
// costs space, never correctness.

#ifndef INGOT_CODEC_METHOD_MODELLED_PLANNER_H_
#define INGOT_CODEC_METHOD_MODELLED_PLANNER_H_

#include <memory>

#include "codec/base/thread_pool.h"
#include "codec/method/group_data.h"
#include "codec/method/modelled_side.h"
#include "codec/selection.h"

namespace ingot {

inline constexpr int kFirstModelledLevel = 7;

// Null where the exponents are too even to be worth it. REQUIRES: the group is
// not empty and its dtype has a FloatLayout. `pool` and `trace` may be null.
std::shared_ptr<const ModelledSide> PlanModelledGroup(
    const GroupData& group, int level, ThreadPool* pool,
    Attempts* trace = nullptr);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_MODELLED_PLANNER_H_
