#include "codec/method/scale_statistics.h"

#include <algorithm>

#include "codec/base/parallel_for.h"
#include "codec/method/group_side.h"

namespace ingot {
namespace {

// Products of sums of exponents and element counts; __extension__ because ISO
// C++ has no such type.
__extension__ using Int128 = __int128;

// Rows after which the kernels' 16-bit column sums must be folded.
constexpr uint64_t kFoldRows = 256;
// Scales reach this many quarter octaves to both sides of the mean.
constexpr int64_t kCountedReach = 63;

// The largest step up to `step` that leaves `fewest` of `count`.
uint64_t FittingStep(uint64_t count, uint64_t step, uint64_t fewest) {
  return fewest == 0 ? step : std::clamp<uint64_t>(count / fewest, 1, step);
}

struct Sums {
  uint64_t sum = 0;
  uint64_t count = 0;
};

// Sums over the rows [begin, end) of a group; blocks of them run in parallel.
struct RowRange {
  uint64_t begin;
  uint64_t end;
  std::vector<uint32_t> column_sums;
  uint64_t column_rows = 0;  // rows that column_sums covers
};

class Measurement {
 public:
  Measurement(const FloatKernels& kernels, const GroupData& group,
              const ScaleOptions& options)
      : kernels_(kernels),
        group_(group),
        options_(options),
        columns_(group.geometry.columns),
        phase_(group.first % columns_),
        rows_(RowsInGroup(group.geometry, group.first, group.elements())),
        row_step_(FittingStep(rows_, options.sampling.row_step,
                              options.sampling.fewest_rows)),
        row_sums_(rows_) {}

  Scales Run(ThreadPool* pool);

 private:
  void MeasureRows(RowRange* range);
  // Elements [begin, begin + length) of the group.
  const uint8_t* At(uint64_t begin) const {
    return AsU8(group_.raw.data()) + begin * group_.geometry.element_bytes();
  }
  std::vector<uint8_t> Quantise(const std::vector<Sums>& sums) const;

  const FloatKernels& kernels_;
  const GroupData& group_;
  const ScaleOptions& options_;
  const uint64_t columns_;
  const uint64_t phase_;  // column of the group's first element
  const uint64_t rows_;
  const uint64_t row_step_;
  std::vector<Sums> row_sums_;
};

void Measurement::MeasureRows(RowRange* range) {
  const bool scale_columns = columns_ <= kMaxScaledColumns;
  std::vector<uint16_t> short_sums;
  if (scale_columns) {
    short_sums.assign(columns_ + kKernelSlack, 0);
    range->column_sums.assign(columns_, 0);
  }
  uint64_t pending = 0;
  const auto fold = [&] {
    for (uint64_t j = 0; j < columns_; ++j) {
      range->column_sums[j] += short_sums[j];
    }
    std::fill(short_sums.begin(), short_sums.end(), 0);
    pending = 0;
  };
  for (uint64_t row = range->begin; row < range->end; ++row) {
    // Rows of the group as elements; the first and the last may be partial.
    const uint64_t begin = row == 0 ? 0 : row * columns_ - phase_;
    const uint64_t end =
        std::min(group_.elements(), (row + 1) * columns_ - phase_);
    const bool whole = end - begin == columns_;
    if (scale_columns && whole && row % row_step_ == 0) {
      row_sums_[row] = {kernels_.sum_row(At(begin), columns_, options_.neutral,
                                         short_sums.data()),
                        columns_};
      ++range->column_rows;
      if (++pending == kFoldRows) fold();
      continue;
    }
    // One piece of the row, another one in every row, so that no column
    // escapes notice. One long piece and not many short ones: memory is read
    // in runs.
    const uint64_t length = end - begin;
    const uint64_t step = FittingStep(length, options_.sampling.piece_step,
                                      options_.sampling.shortest_piece);
    const uint64_t piece = length / step / kPlaneUnit * kPlaneUnit;
    const uint64_t skip = step == 1 ? 0 : row % step * piece;
    const uint64_t count = step == 1 ? length : piece;
    const Sums sums = {
        kernels_.sum_row(At(begin + skip), count, options_.neutral, nullptr),
        count};
    row_sums_[row] = sums;
  }
  if (pending > 0) fold();
}

std::vector<uint8_t> Measurement::Quantise(
    const std::vector<Sums>& sums) const {
  Int128 total = 0;
  Int128 count = 0;
  for (const Sums& entry : sums) {
    total += entry.sum;
    count += entry.count;
  }
  std::vector<int64_t> scales(sums.size(), 0);
  for (size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].count == 0) continue;
    // round(4 * (mean_i - mean) * counted / (counted - zeros))
    const Int128 difference =
        (static_cast<Int128>(sums[i].sum) * count - total * sums[i].count) * 4 *
        options_.counted;
    const Int128 unit =
        count * sums[i].count *
        std::max<uint64_t>(1, options_.counted - options_.zeros);
    const Int128 doubled = 2 * difference + unit;
    Int128 rounded = doubled / (2 * unit);
    if (doubled % (2 * unit) < 0) --rounded;  // towards minus infinity
    scales[i] = static_cast<int64_t>(
        std::clamp<Int128>(rounded, -kCountedReach, kCountedReach));
  }
  const int64_t smallest = *std::min_element(scales.begin(), scales.end());
  std::vector<uint8_t> result(scales.size() + kKernelSlack, 0);
  for (size_t i = 0; i < scales.size(); ++i) {
    result[i] = static_cast<uint8_t>(scales[i] - smallest);
  }
  return result;
}

Scales Measurement::Run(ThreadPool* pool) {
  const uint64_t range_rows =
      std::max<uint64_t>(kFoldRows, (uint64_t{1} << 20) / columns_);
  std::vector<RowRange> ranges;
  for (uint64_t row = 0; row < rows_; row += range_rows) {
    ranges.push_back({row, std::min(rows_, row + range_rows), {}, 0});
  }
  ParallelFor(pool, ranges.size(), [&](size_t i) { MeasureRows(&ranges[i]); });
  std::vector<Sums> column_sums(columns_ <= kMaxScaledColumns ? columns_ : 0);
  for (const RowRange& range : ranges) {
    if (range.column_rows == 0) continue;
    for (uint64_t j = 0; j < column_sums.size(); ++j) {
      column_sums[j].sum += range.column_sums[j];
      column_sums[j].count += range.column_rows;
    }
  }
  Scales scales;
  scales.rows = Quantise(row_sums_);
  if (!column_sums.empty()) scales.columns = Quantise(column_sums);
  return scales;
}

}  // namespace

Scales MeasureScales(const FloatKernels& kernels, const GroupData& group,
                     const ScaleOptions& options, ThreadPool* pool) {
  return Measurement(kernels, group, options).Run(pool);
}

}  // namespace ingot
