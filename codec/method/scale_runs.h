// ScaleRuns: the scales of a sub-block as the runs that kernels take.
//
// Where rows are a multiple of 64 elements the runs point into the group's
// column scales; else the scales of the sub-block are added up in a buffer
// first, so that kernels need to know nothing of rows.
//
// Thread-safety: one thread at a time; keep one for each thread.

#ifndef INGOT_CODEC_METHOD_SCALE_RUNS_H_
#define INGOT_CODEC_METHOD_SCALE_RUNS_H_

#include <array>
#include <cstdint>
#include <span>

#include "codec/method/geometry.h"
#include "codec/method/group_side.h"
#include "codec/method/kernels.h"

namespace ingot {

// Writes the scales of elements [first, first + elements) of the object, row
// and column added up, to `sums`. `side` as in ScaleRuns::Build.
void AddScales(const GroupSide& side, const Geometry& geometry,
               uint64_t group_first, uint64_t first, uint64_t elements,
               uint8_t* sums);

class ScaleRuns {
 public:
  // The runs of `elements` (1..kSubBlockElements) elements from element
  // `first` of the object on, which lie in the group that `side` describes
  // and that begins at element `group_first`. Valid until the next call.
  std::span<const ScaleRun> Build(const GroupSide& side,
                                  const Geometry& geometry,
                                  uint64_t group_first, uint64_t first,
                                  uint32_t elements);

 private:
  std::array<ScaleRun, kSubBlockElements / kPlaneUnit> runs_;
  alignas(64) std::array<uint8_t, kSubBlockElements + kKernelSlack> sums_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_SCALE_RUNS_H_
