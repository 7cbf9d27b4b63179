// The workloads that Ingot's numbers are about: synthetic weights of every
// float dtype, made from nothing but this folder.
//
//   W1    bf16 of 8 matrices N(0, sigma), sigma from 0.0065 to 0.036, 4096
//         columns, each row and column with a lognormal(0.2) scale
//   W2    the first four of them as fp32, with all of their mantissas
//   W2ft  W2 + N(0, 0.002 sigma): W2 fine-tuned
//   W3    fp16 of the same 8 matrices
//   W4ft  bf16(W1 + the same N(0, 0.002 sigma)): W1 fine-tuned
//   W5    fp8 e4m3 of W1, each matrix scaled so that its largest element is 448
//
// Sizes are counted by W1's bytes; W5 has half of them. The same size gives the
// same bytes on every machine; another size gives other weights.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_BENCH_WORKLOADS_H_
#define INGOT_BENCH_WORKLOADS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/dtype.h"

namespace ingot {

inline constexpr uint64_t kWorkloadColumns = 4096;
// W1's bytes where nothing else is asked for, in MiB.
inline constexpr uint64_t kDefaultWorkloadMebibytes = 256;

struct Workload {
  std::string_view name;       // "W1"
  std::string_view file_name;  // "W1.bf16"
  std::string_view what;       // in a few words
  DType dtype;
  int matrices;
};

// All workloads, in the order above.
std::span<const Workload> AllWorkloads();

// The workload of that name, or null.
const Workload* FindWorkload(std::string_view name);

// Bytes of one of its matrices.
uint64_t MatrixBytes(const Workload& workload, uint64_t mebibytes);

// The elements of matrix `matrix` of `workload`, row by row.
// REQUIRES: 0 <= matrix < workload.matrices, mebibytes >= 1.
std::vector<std::byte> GenerateMatrix(const Workload& workload, int matrix,
                                      uint64_t mebibytes);

}  // namespace ingot

#endif  // INGOT_BENCH_WORKLOADS_H_
