// Synthetic weights: normals with a scale for each row and each column, as
// trained matrices have them, and their rounding to the small float dtypes.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_BENCH_WEIGHTS_H_
#define INGOT_BENCH_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/random.h"
#include "codec/dtype.h"

namespace ingot {

// A matrix of sigma * row scale * column scale * N(0, 1); the scales are
// lognormal: exp(spread * N(0, 1)).
std::vector<float> ScaledNormals(uint64_t rows, uint64_t columns, double sigma,
                                 double spread, Random* random);

// The bits of `value` in `dtype`, rounded to nearest, ties to even; what is too
// large becomes the largest finite value.
// REQUIRES: `dtype` is BF16, F16 or F8_E4M3; `value` is finite.
uint16_t RoundToBits(float value, DType dtype);

// The bytes of `values` as elements of `dtype`: one of the above, or F32.
std::vector<std::byte> RoundToBytes(std::span<const float> values, DType dtype);

}  // namespace ingot

#endif  // INGOT_BENCH_WEIGHTS_H_
