#include "codec/method/modelled_planner.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/base/fixed_log2.h"
#include "codec/entropy/cm/byte_vector_coder.h"
#include "codec/entropy/cm/run_coder.h"
#include "codec/method/group_side.h"
#include "codec/method/modelled_method.h"
#include "codec/method/modelled_scales.h"

namespace ingot {
namespace {

// Elements that the choice of scales and the density read.
constexpr uint64_t kLookElements = uint64_t{1} << 16;
constexpr uint64_t kDensityElements = uint64_t{1} << 20;
// Elements of the trial run.
constexpr uint64_t kTrialElements = uint64_t{1} << 14;
// Rows shorter than this, and columns, have no scales: they could not pay.
constexpr uint64_t kMinScaled = 8;
// Rows or columns longer than this measure their scales well enough.
constexpr uint64_t kMaxRefined = 2048;
constexpr int kRefinements = 2;
constexpr int kRefiningLevel = 9;
// Fresh probabilities that have seen so much, times 4, to choose from.
constexpr std::array<uint8_t, 3> kConfidences = {63, 20, 4};
// Gain in bits per element below which decoding is not worth it.
constexpr uint64_t kMinGainPercent = 2;

class ModelledPlanner {
 public:
  ModelledPlanner(const GroupData& group, int level, ThreadPool* pool,
                  Attempts* trace)
      : group_(group),
        level_(level),
        layout_(*FloatLayoutOf(group.geometry.dtype)),
        pool_(pool),
        trace_(trace) {}

  std::shared_ptr<const ModelledSide> Run();

 private:
  void ChooseScales();
  void Refine();
  void FitModel(const DensityCounts& counts);
  // False where no confidence makes the trial run small enough.
  bool ChooseConfidence();

  const GroupData& group_;
  const int level_;
  const FloatLayout layout_;
  ThreadPool* const pool_;
  Attempts* const trace_;
  ScaleMeans means_;
  ModelledSide side_;
};

void ModelledPlanner::ChooseScales() {
  means_ = MeasureMeans(group_, pool_);
  UseMeans(means_, false, false, &side_);
  const uint64_t rows =
      RowsInGroup(group_.geometry, group_.first, group_.elements());
  const bool can_rows =
      rows > 1 && group_.geometry.columns >= kMinScaled && !means_.rows.empty();
  const bool can_columns = rows >= kMinScaled && !means_.columns.empty();
  uint64_t best = UINT64_MAX;
  bool use_rows = false;
  bool use_columns = false;
  size_t chosen = 0;
  for (const auto& [r, c] : {std::pair(false, false), std::pair(true, false),
                             std::pair(false, true), std::pair(true, true)}) {
    if ((r && !can_rows) || (c && !can_columns)) continue;
    UseMeans(means_, r, c, &side_);
    const uint64_t bits =
        DensityEntropy(CountDensity(side_, group_, kLookElements)) *
        group_.elements();
    std::vector<std::byte> encoded;
    const std::array<std::span<const uint8_t>, 2> vectors = {side_.rows,
                                                             side_.columns};
    EncodeByteVectors(vectors, &encoded);
    const uint64_t scales = side_.rows.size() + side_.columns.size();
    if (scales / kMaxScalesPerByte >= encoded.size()) continue;
    const uint64_t cost =
        bits + (uint64_t{encoded.size()} << (kFixedLog2Bits + 3));
    if (trace_ != nullptr) {
      if (cost < best) chosen = trace_->size();
      Tell(trace_, Attempt::Stage::kScales,
           r && c ? "both fine scales"
           : r    ? "fine row scales"
           : c    ? "fine column scales"
                  : "no fine scales",
           Attempt::Outcome::kLarger, cost >> (kFixedLog2Bits + 3));
    }
    if (cost < best) {
      best = cost;
      use_rows = r;
      use_columns = c;
    }
  }
  if (trace_ != nullptr && best != UINT64_MAX) {
    (*trace_)[chosen].outcome = Attempt::Outcome::kChosen;
  }
  UseMeans(means_, use_rows, use_columns, &side_);
}

void ModelledPlanner::Refine() {
  const uint64_t rows =
      RowsInGroup(group_.geometry, group_.first, group_.elements());
  const bool refine_rows =
      !side_.rows.empty() && group_.geometry.columns <= kMaxRefined;
  const bool refine_columns = !side_.columns.empty() && rows <= kMaxRefined;
  if (!refine_rows && !refine_columns) return;
  const ModelledSide measured = side_;
  for (int i = 0; i < kRefinements; ++i) {
    const DensityCounts counts = CountDensity(side_, group_, kDensityElements);
    if (refine_rows) RefineScales(counts, group_, true, pool_, &side_);
    if (refine_columns) RefineScales(counts, group_, false, pool_, &side_);
  }
  // Codes that became all but equal would break the rule on their number.
  std::vector<std::byte> encoded;
  const std::array<std::span<const uint8_t>, 2> vectors = {side_.rows,
                                                           side_.columns};
  EncodeByteVectors(vectors, &encoded);
  if ((side_.rows.size() + side_.columns.size()) / kMaxScalesPerByte >=
      encoded.size()) {
    side_ = measured;
  }
}

void ModelledPlanner::FitModel(const DensityCounts& counts) {
  ModelStart& start = side_.start;
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout_);
  start.shape.top_bits = static_cast<uint8_t>(
      std::min<unsigned>(level_ == kFirstModelledLevel ? kMaxModelledTopBits - 1
                                                       : kMaxModelledTopBits,
                         info.mantissa_bits));
  CompleteStart(layout_, &start);
  // The window: the neighbouring slots that cover most.
  uint64_t most = 0;
  for (unsigned first = 0; first <= kMaxWindow; ++first) {
    uint64_t covered = 0;
    for (unsigned i = 0; i < kWindowSlots; ++i) {
      covered += counts.slots[first + i];
    }
    if (covered > most) {
      most = covered;
      start.shape.window = static_cast<uint8_t>(first);
    }
  }
  start.zeros = static_cast<uint16_t>(
      std::clamp<uint64_t>(counts.zeros * 65536 / counts.total, 1, 65535));

  // Fewer knots where elements are few.
  const uint64_t elements = group_.elements();
  start.knot_spacing = elements >= (1u << 16)   ? 2
                       : elements >= (1u << 13) ? 3
                                                : 4;
  const unsigned span = 1u << start.knot_spacing;
  const unsigned knots = MaxKnots(start.knot_spacing);
  std::vector<uint64_t> masses(knots, 0);
  uint64_t peak = 1;
  for (unsigned k = 0; k < knots; ++k) {
    for (unsigned q = 0; q < span; ++q) {
      const int cell =
          static_cast<int>(k * span + q) - static_cast<int>(span / 2);
      if (cell >= 0 && cell < static_cast<int>(kDensityCells)) {
        masses[k] += counts.cells[static_cast<size_t>(cell)];
      }
    }
    peak = std::max(peak, masses[k]);
  }
  std::vector<uint8_t> all(knots);
  unsigned first = knots;
  unsigned last = 0;
  for (unsigned k = 0; k < knots; ++k) {
    all[k] = NearestLogWeight(masses[k] * LogWeight(255) / peak);
    if (all[k] == 0) continue;
    first = std::min(first, k);
    last = k;
  }
  start.knots.clear();
  if (first > last) return;
  // Lines reach down to zero on both sides.
  first -= first > 0;
  last += last + 1 < knots;
  start.first_knot = static_cast<uint8_t>(first);
  start.knots.assign(all.begin() + first, all.begin() + last + 1);
}

bool ModelledPlanner::ChooseConfidence() {
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout_);
  GroupData trial = group_;
  const uint64_t elements = std::min(group_.elements(), kTrialElements);
  trial.raw = trial.raw.first(elements * info.element_bytes);
  ModelledEncodeScratch scratch;
  uint64_t best = elements * (info.exponent_bits + side_.start.shape.top_bits) *
                  (100 - kMinGainPercent) / 800;
  uint8_t chosen = 0;
  for (const uint8_t confidence : kConfidences) {
    side_.start.confidence = confidence;
    StartModel(side_.start, &side_.model);
    const uint64_t bytes = TryRun(side_, trial, &scratch);
    if (bytes < best) {
      best = bytes;
      chosen = confidence;
    }
  }
  const std::string tops = "with " +
                           std::to_string(side_.start.shape.top_bits) +
                           " mantissa bits";
  if (chosen != 0) {
    Tell(trace_, Attempt::Stage::kExponents, "cm", Attempt::Outcome::kChosen,
         best * group_.elements() / elements,
         tops + "; a trial run, scaled up");
  } else {
    Tell(trace_, Attempt::Stage::kExponents, "cm", Attempt::Outcome::kRuledOut,
         std::nullopt, tops + ": a trial run gains less than 2 %");
  }
  side_.start.confidence = chosen;
  StartModel(side_.start, &side_.model);
  return chosen != 0;
}

std::shared_ptr<const ModelledSide> ModelledPlanner::Run() {
  ChooseScales();
  if (level_ >= kRefiningLevel) Refine();
  FitModel(CountDensity(side_, group_, kDensityElements));
  if (!ChooseConfidence()) return nullptr;
  return std::make_shared<ModelledSide>(std::move(side_));
}

}  // namespace

std::shared_ptr<const ModelledSide> PlanModelledGroup(const GroupData& group,
                                                      int level,
                                                      ThreadPool* pool,
                                                      Attempts* trace) {
  return ModelledPlanner(group, level, pool, trace).Run();
}

}  // namespace ingot
