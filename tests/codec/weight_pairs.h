// Synthetic weights, and weights changed a little, for tests of what looks for
// bases and estimates deltas.

#ifndef INGOT_TESTS_CODEC_WEIGHT_PAIRS_H_
#define INGOT_TESTS_CODEC_WEIGHT_PAIRS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/bytes.h"
#include "codec/dtype.h"
#include "codec/sketch.h"

namespace ingot {

// Gaussian, of standard deviation 1.
std::vector<double> GaussianValues(size_t count, uint64_t seed);

// 0.02 * (weights + r * changes), rounded to nearest.
std::vector<std::byte> MakeWeights(DType dtype,
                                   const std::vector<double>& weights,
                                   const std::vector<double>& changes = {},
                                   double r = 0);

// Elements [first, first + count) of a tensor.
ByteSpan Slice(DType dtype, ByteSpan tensor, uint64_t first, uint64_t count);

// Of a tensor that has one.
Sketch SketchOf(DType dtype, uint64_t columns, ByteSpan tensor);

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_WEIGHT_PAIRS_H_
