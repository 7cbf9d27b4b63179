#include "codec/method/scale_runs.h"

#include <algorithm>
#include <cstring>

namespace ingot {
namespace {

// Scales of absent columns.
alignas(64) constexpr std::array<uint8_t, kSubBlockElements + kKernelSlack>
    kNoScales{};

// The elements from `first` on that lie in one row, `limit` at most, and
// their scales.
struct RowPart {
  RowPart(const GroupSide& side, const Geometry& geometry,
          uint64_t group_first, uint64_t first, uint64_t limit) {
    const uint64_t column = first % geometry.columns;
    length = std::min(limit, geometry.columns - column);
    const uint64_t row_index =
        first / geometry.columns - group_first / geometry.columns;
    row = side.rows.empty() ? 0 : side.rows[row_index];
    columns = side.columns.empty() ? kNoScales.data()
                                   : side.columns.data() + column;
    // Absent ones repeat: no more of them than there are.
    if (side.columns.empty()) {
      length = std::min<uint64_t>(length, kSubBlockElements);
    }
  }

  uint64_t length;
  uint8_t row;
  const uint8_t* columns;
};

}  // namespace

void AddScales(const GroupSide& side, const Geometry& geometry,
               uint64_t group_first, uint64_t first, uint64_t elements,
               uint8_t* sums) {
  for (uint64_t done = 0; done < elements;) {
    const RowPart part(side, geometry, group_first, first + done,
                       elements - done);
    uint8_t* const to = sums + done;
    for (uint64_t i = 0; i < part.length; ++i) {
      to[i] = static_cast<uint8_t>(part.row + part.columns[i]);
    }
    done += part.length;
  }
}

std::span<const ScaleRun> ScaleRuns::Build(const GroupSide& side,
                                           const Geometry& geometry,
                                           uint64_t group_first,
                                           uint64_t first, uint32_t elements) {
  if (!side.has_scales()) {
    runs_[0] = {kNoScales.data(), elements, 0};
    return std::span(runs_).first(1);
  }
  if (geometry.columns % kPlaneUnit != 0 || first % kPlaneUnit != 0) {
    AddScales(side, geometry, group_first, first, elements, sums_.data());
    runs_[0] = {sums_.data(), elements, 0};
    return std::span(runs_).first(1);
  }
  size_t run_count = 0;
  for (uint32_t done = 0; done < elements;) {
    const RowPart part(side, geometry, group_first, first + done,
                       elements - done);
    runs_[run_count++] = {part.columns,
                          static_cast<uint32_t>(part.length), part.row};
    done += static_cast<uint32_t>(part.length);
  }
  return std::span(runs_).first(run_count);
}

}  // namespace ingot
