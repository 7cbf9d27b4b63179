// Row and column scales of a group: mean exponents, relative to the group's
// mean, in quarter octaves.
//
// The exponents of a weight matrix follow the scale of their row and column;
// one small number for each tells the coder most of what a context model would
// find in the neighbours. All arithmetic is on integers, so that every machine
// and thread count gets the same scales.

#ifndef INGOT_CODEC_METHOD_SCALE_STATISTICS_H_
#define INGOT_CODEC_METHOD_SCALE_STATISTICS_H_

#include <cstdint>
#include <vector>

#include "codec/base/thread_pool.h"
#include "codec/method/group_data.h"
#include "codec/method/kernels.h"

namespace ingot {

// Steps are exact where they are 1; smaller groups and shorter rows are read
// with smaller steps than given here.
struct ScaleSampling {
  // Every row_step-th row feeds the column scales, fewest_rows at least.
  uint64_t row_step = 1;
  uint64_t fewest_rows = 0;
  // Of every row this share (1 / piece_step) feeds its row scale, but no
  // fewer than shortest_piece elements.
  uint64_t piece_step = 1;
  uint64_t shortest_piece = 0;
};

struct ScaleOptions {
  ScaleSampling sampling;
  // What symbol 0 (zeros, subnormals) counts as: the mean of the others.
  uint8_t neutral = 0;
  // Share of symbol 0 among all: counting it as neutral draws means together
  // by this share, which is undone.
  uint64_t zeros = 0;
  uint64_t counted = 1;
};

struct Scales {
  // With kKernelSlack zero bytes behind them; the smallest value is 0.
  std::vector<uint8_t> rows;
  std::vector<uint8_t> columns;
};

// `pool` may be null.
Scales MeasureScales(const FloatKernels& kernels, const GroupData& group,
                     const ScaleOptions& options, ThreadPool* pool);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_SCALE_STATISTICS_H_
