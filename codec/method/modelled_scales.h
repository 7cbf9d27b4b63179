// Fine scales of a group: row and column scales in steps of 1/16 octave to an
// octave, and the density of elements around them.
//
// Scales start as mean logarithms of the magnitudes. Where rows or columns are
// short, means are noisy: then each scale moves to where its own elements and
// itself together cost least under the density of all. Integers only, so that
// every machine and thread count gets the same scales.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_METHOD_MODELLED_SCALES_H_
#define INGOT_CODEC_METHOD_MODELLED_SCALES_H_

#include <array>
#include <cstdint>
#include <vector>

#include "codec/base/thread_pool.h"
#include "codec/entropy/cm/model_start.h"
#include "codec/method/group_data.h"
#include "codec/method/modelled_side.h"

namespace ingot {

// Means of rows and columns; relative to the group's mean in `base`.
struct ScaleMeans {
  // Steps of row_step and column_step, signed. Empty where all elements have
  // exponent 0.
  std::vector<int16_t> rows;
  std::vector<int16_t> columns;  // empty for more than kMaxModelledColumns
  uint8_t row_step = 0;
  uint8_t column_step = 0;
  int32_t base = 0;
  uint64_t zeros = 0;  // elements of exponent 0
};

// `pool` may be null. REQUIRES: the dtype has a FloatLayout.
ScaleMeans MeasureMeans(const GroupData& group, ThreadPool* pool);

// Puts the means that are asked for into `side` as scales.
void UseMeans(const ScaleMeans& means, bool rows, bool columns,
              ModelledSide* side);

// What a look at (part of) a group under the scales of `side` counts.
struct DensityCounts {
  // Elements by their distance from the scale, 256 units for each.
  std::array<uint64_t, kDensityCells> cells{};
  std::array<uint64_t, kSlots> slots{};
  uint64_t zeros = 0;
  uint64_t total = 0;
};

// Counts all elements, or about `limit` of them in pieces spread evenly.
DensityCounts CountDensity(const ModelledSide& side, const GroupData& group,
                           uint64_t limit);

// The entropy of the cells in 2^-16 bits for each element that was counted.
uint64_t DensityEntropy(const DensityCounts& counts);

// Moves each row's scale, or each column's, by up to four steps to where it
// costs least.
void RefineScales(const DensityCounts& counts, const GroupData& group,
                  bool rows, ThreadPool* pool, ModelledSide* side);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_MODELLED_SCALES_H_
