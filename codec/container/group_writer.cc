#include "codec/container/group_writer.h"

#include "codec/base/ordered_pipeline.h"

namespace ingot {

GroupWriter::GroupWriter(int level, int delta_level, ThreadPool* pool,
                         const Kernels& kernels)
    : level_(level),
      delta_level_(delta_level == 0 ? level : delta_level),
      pool_(pool),
      kernels_(kernels) {
  // One block being written while every thread encodes another.
  const int slots = pool->threads() == 1 ? 1 : 2 * pool->threads();
  for (int i = 0; i < slots; ++i) {
    slots_.push_back(std::make_unique<Slot>());
  }
}

GroupWriter::~GroupWriter() = default;

Status GroupWriter::Encode(const GroupData& group, GroupSink* sink) {
  const int level = group.base.empty() ? level_ : delta_level_;
  const GroupPlan plan = PlanGroup(group, level, kernels_, pool_);
  INGOT_TRY(sink->Group(plan.floats.side));
  // Blocks leave the pipeline in the order in which they entered it, so that
  // their slots become free in turn.
  OrderedPipeline<Slot*> pipeline(
      pool_, slots_.size(),
      [&](Slot* slot) { return sink->Block(slot->block); });
  const uint64_t blocks = group.blocks();
  for (uint64_t index = 0; index < blocks; ++index) {
    Slot* const slot = slots_[index % slots_.size()].get();
    INGOT_TRY(pipeline.Submit([slot, index, &plan, &group]() -> Result<Slot*> {
      INGOT_TRY(slot->encoder.Encode(plan, group, index, &slot->block));
      return slot;
    }));
  }
  return pipeline.Finish();
}

}  // namespace ingot
