#include "bench/workloads.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "bench/random.h"
#include "bench/weights.h"

namespace ingot {
namespace {

// Drawn once from a log-uniform distribution over 0.005 to 0.05.
constexpr std::array<double, 8> kSigmas = {0.0068, 0.0128, 0.0151, 0.0357,
                                           0.0220, 0.0065, 0.0168, 0.0100};
constexpr double kSpread = 0.2;  // of row and column scales
constexpr double kStep = 0.002;  // of fine-tuning, in sigmas
constexpr float kLargestE4m3 = 448;

constexpr std::array<Workload, 6> kWorkloads = {{
    {"W1", "W1.bf16", "bf16 weights", DType::kBf16, 8},
    {"W2", "W2.f32", "fp32 weights", DType::kF32, 4},
    {"W2ft", "W2ft.f32", "fp32 weights, fine-tuned", DType::kF32, 4},
    {"W3", "W3.f16", "fp16 weights", DType::kF16, 8},
    {"W4ft", "W4ft.bf16", "bf16 weights, fine-tuned", DType::kBf16, 8},
    {"W5", "W5.e4m3", "fp8 e4m3 weights", DType::kF8E4m3, 8},
}};

uint64_t Rows(uint64_t mebibytes) {
  return (mebibytes << 20) / (kSigmas.size() * 2 * kWorkloadColumns);
}

// Each matrix and each step has random numbers of its own, so that any of them
// can be made without the others.
uint64_t Seed(int matrix, bool step) {
  return (static_cast<uint64_t>(matrix) * 2 + (step ? 1 : 0)) << 32 | 20240607;
}

float AsBf16(float value) {
  return std::bit_cast<float>(
      static_cast<uint32_t>(RoundToBits(value, DType::kBf16)) << 16);
}

void AddStep(int matrix, std::vector<float>* values) {
  Random random(Seed(matrix, true));
  for (float& value : *values) {
    value += static_cast<float>(kStep * kSigmas[matrix] * random.Normal());
  }
}

}  // namespace

std::span<const Workload> AllWorkloads() { return kWorkloads; }

const Workload* FindWorkload(std::string_view name) {
  const auto* const found =
      std::find_if(kWorkloads.begin(), kWorkloads.end(),
                   [name](const Workload& w) { return w.name == name; });
  return found == kWorkloads.end() ? nullptr : found;
}

uint64_t MatrixBytes(const Workload& workload, uint64_t mebibytes) {
  return Rows(mebibytes) * kWorkloadColumns *
         GetDTypeInfo(workload.dtype).bits / 8;
}

std::vector<std::byte> GenerateMatrix(const Workload& workload, int matrix,
                                      uint64_t mebibytes) {
  Random random(Seed(matrix, false));
  std::vector<float> values = ScaledNormals(Rows(mebibytes), kWorkloadColumns,
                                            kSigmas[matrix], kSpread, &random);
  if (workload.name == "W2ft") AddStep(matrix, &values);
  if (workload.name == "W4ft") {
    for (float& value : values) value = AsBf16(value);
    AddStep(matrix, &values);
  }
  if (workload.name == "W5") {
    float largest = 0;
    for (const float value : values) {
      largest = std::max(largest, std::fabs(value));
    }
    const float scale = kLargestE4m3 / largest;
    for (float& value : values) value = AsBf16(value) * scale;
  }
  return RoundToBytes(values, workload.dtype);
}

}  // namespace ingot
