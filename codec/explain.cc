#include "codec/explain.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "codec/base/thread_pool.h"
#include "codec/container/record.h"
#include "codec/method/block_codec.h"
#include "codec/options.h"

namespace ingot {

class SelectionExplainer::Impl {
 public:
  Impl(const TensorSpec& spec, int level)
      : spec_(spec),
        geometry_(
            ChooseGeometry(spec.dtype, std::max<uint64_t>(1, spec.columns))) {
    selection_.level = std::clamp(level, kMinLevel, kMaxLevel);
  }

  Status Write(ByteSpan raw) {
    if (!IsCodable(spec_.dtype) || spec_.columns == 0) {
      return InvalidArgument("tensor spec: no such dtype or columns");
    }
    while (!raw.empty()) {
      const size_t take = std::min<size_t>(
          raw.size(), geometry_.group_bytes() - pending_.size());
      pending_.insert(pending_.end(), raw.begin(),
                      raw.begin() + static_cast<ptrdiff_t>(take));
      raw = raw.subspan(take);
      if (pending_.size() == geometry_.group_bytes()) INGOT_TRY(EndGroup());
    }
    return {};
  }

  Result<Selection> Finish() {
    if (pending_.size() % geometry_.element_bytes() != 0) {
      return InvalidArgument("tensor of " + std::to_string(pending_.size()) +
                             " bytes: not whole elements");
    }
    if (!pending_.empty()) INGOT_TRY(EndGroup());
    return std::move(selection_);
  }

 private:
  Status EndGroup() {
    const GroupData group{
        .geometry = geometry_, .first = first_, .raw = pending_};
    GroupSelection told;
    told.first = first_;
    told.elements = group.elements();
    told.raw_bytes = pending_.size();
    const GroupPlan plan = PlanGroup(group, selection_.level, ActiveKernels(),
                                     &pool_, &told.attempts);
    std::vector<std::byte> body;
    AppendGroupSide(plan.floats.side, &body);
    std::vector<std::byte> record;
    AppendRecord(RecordType::kGroup, body, &record);
    told.side_bytes = record.size();
    selection_.side_bytes += record.size();
    for (uint64_t index = 0; index < group.blocks(); ++index) {
      BlockSelection block;
      INGOT_TRY(
          encoder_.Encode(plan, group, index, &encoded_, &block.attempts));
      const BlockHeader& header = encoded_.header;
      block.elements = header.elements;
      block.raw_bytes = group.BlockRaw(index).size();
      block.payload_bytes = header.payload_length;
      block.winner = MethodText(header);
      for (size_t plane = 0; plane < header.plane_count; ++plane) {
        selection_.plane_bytes += header.planes[plane].length;
      }
      told.blocks.push_back(std::move(block));
    }
    selection_.groups.push_back(std::move(told));
    first_ += group.elements();
    pending_.clear();
    return {};
  }

  const TensorSpec spec_;
  const Geometry geometry_;
  ThreadPool pool_{1};
  BlockEncoder encoder_;
  EncodedBlock encoded_;
  std::vector<std::byte> pending_;
  uint64_t first_ = 0;
  Selection selection_;
};

SelectionExplainer::SelectionExplainer(const TensorSpec& spec, int level)
    : impl_(std::make_unique<Impl>(spec, level)) {}
SelectionExplainer::~SelectionExplainer() = default;

Status SelectionExplainer::Write(ByteSpan raw) { return impl_->Write(raw); }

Result<Selection> SelectionExplainer::Finish() { return impl_->Finish(); }

}  // namespace ingot
