#include "codec/method/scale_runs.h"

#include <algorithm>
#include <cstring>

namespace ingot {
namespace {

// Scales of absent columns.
alignas(64) constexpr std::array<uint8_t, kSubBlockElements + kKernelSlack>
    kNoScales{};

}  // namespace

std::span<const ScaleRun> ScaleRuns::Build(const GroupSide& side,
                                           const Geometry& geometry,
                                           uint64_t group_first,
                                           uint64_t first, uint32_t elements) {
  if (!side.has_scales()) {
    runs_[0] = {kNoScales.data(), elements, 0};
    return std::span(runs_).first(1);
  }
  const uint64_t columns = geometry.columns;
  const uint64_t first_row = group_first / columns;
  const bool direct = columns % kPlaneUnit == 0 && first % kPlaneUnit == 0;
  size_t run_count = 0;
  uint32_t done = 0;
  while (done < elements) {
    const uint64_t column = (first + done) % columns;
    const uint32_t length = static_cast<uint32_t>(
        std::min<uint64_t>(elements - done, columns - column));
    const uint8_t row =
        side.rows.empty() ? 0 : side.rows[(first + done) / columns - first_row];
    const uint8_t* scales =
        side.columns.empty() ? kNoScales.data() : side.columns.data() + column;
    if (direct) {
      runs_[run_count++] = {scales, length, row};
    } else {
      uint8_t* const sums = sums_.data() + done;
      for (size_t i = 0; i < length; ++i) {
        sums[i] = static_cast<uint8_t>(row + scales[i]);
      }
    }
    done += length;
  }
  if (!direct) runs_[run_count++] = {sums_.data(), elements, 0};
  return std::span(runs_).first(run_count);
}

}  // namespace ingot
