// DeltaEstimate against entropies computed by their definition, and against
// those published for Gaussian pairs.

#include "codec/delta_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "codec/planes/element_order.h"
#include "tests/codec/patterns.h"
#include "tests/codec/weight_pairs.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

// H(D | exponent of the base), every D a symbol.
double ConditionalEntropy(DType dtype, ByteSpan changed, ByteSpan base) {
  const ElementOrder order = ElementOrderOf(dtype);
  std::map<std::pair<uint64_t, int64_t>, double> cells;
  std::map<uint64_t, double> classes;
  const size_t elements = base.size() / order.bytes;
  for (size_t i = 0; i < elements; ++i) {
    const uint64_t b = order.Load(base.data() + i * order.bytes);
    const uint64_t c = order.Load(changed.data() + i * order.bytes);
    const int64_t sign = order.Value(b) < 0 ? -1 : 1;
    const int64_t difference = sign * (order.Value(c) - order.Value(b));
    ++cells[{order.Exponent(b), difference}];
    ++classes[order.Exponent(b)];
  }
  double bits = 0;
  for (const auto& [key, count] : cells) bits -= count * std::log2(count);
  for (const auto& [key, count] : classes) bits += count * std::log2(count);
  return bits / static_cast<double>(elements);
}

TEST(DeltaEstimateTest, AgreesWithTheConditionalEntropy) {
  constexpr size_t kElements = 1 << 19;
  const auto weights = GaussianValues(kElements, 1);
  const auto changes = GaussianValues(kElements, 2);
  for (const DType dtype : {DType::kBf16, DType::kF16}) {
    const Bytes base = MakeWeights(dtype, weights);
    for (const double r : {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 3e-1}) {
      SCOPED_TRACE(std::string(GetDTypeInfo(dtype).name) +
                   " r = " + std::to_string(r));
      const Bytes changed = MakeWeights(dtype, weights, changes, r);
      const double exact = ConditionalEntropy(dtype, changed, base);
      DeltaEstimate all(dtype);
      all.Add(changed, base);
      EXPECT_NEAR(all.delta_bits() / kElements / exact, 1, 0.04);
      // From one element in 16.
      DeltaEstimate sampled(dtype);
      for (size_t i = 0; i < kElements; i += 16 * 1024) {
        sampled.Add(Slice(dtype, changed, i, 1024),
                    Slice(dtype, base, i, 1024));
      }
      EXPECT_NEAR(sampled.delta_size() / all.delta_size(), 1,
                  r < 1e-3 ? 0.25 : 0.05);
    }
  }
}

// Figures of Gaussian pairs in bf16, of which codec/base_search.cc has more.
TEST(DeltaEstimateTest, KnownFigures) {
  struct Figure {
    double r, equal, bits;
  };
  constexpr size_t kElements = 1 << 19;
  const auto weights = GaussianValues(kElements, 3);
  const auto changes = GaussianValues(kElements, 4);
  const Bytes base = MakeWeights(DType::kBf16, weights);
  for (const Figure& figure :
       {Figure{1e-5, 0.9913, 0.060}, Figure{1e-4, 0.9412, 0.321},
        Figure{1e-3, 0.6851, 1.343}, Figure{1e-2, 0.1701, 3.868},
        Figure{1e-1, 0.0179, 7.182}}) {
    DeltaEstimate estimate(DType::kBf16);
    estimate.Add(MakeWeights(DType::kBf16, weights, changes, figure.r), base);
    EXPECT_NEAR(estimate.equal_share(), figure.equal, 0.002) << figure.r;
    EXPECT_NEAR(estimate.delta_size() * 16, figure.bits, figure.bits * 0.03)
        << figure.r;
    EXPECT_NEAR(estimate.plain_size(), 0.659, 0.003);
  }
}

TEST(DeltaEstimateTest, EqualElementsCostNothing) {
  for (const DType dtype : CodableDTypes()) {
    const Bytes tensor = MakeTensor(GetPattern("RandomBits"), dtype, 5000, 50);
    DeltaEstimate estimate(dtype);
    estimate.Add(tensor, tensor);
    EXPECT_EQ(estimate.delta_bits(), 0) << GetDTypeInfo(dtype).name;
    EXPECT_EQ(estimate.equal_share(), 1);
    EXPECT_GT(estimate.plain_size(), 0.5);
  }
}

TEST(DeltaEstimateTest, NeverMoreThanWithoutBaseOrRaw) {
  for (const DType dtype : CodableDTypes()) {
    std::vector<Bytes> tensors;
    for (const Pattern& pattern : AllPatterns()) {
      tensors.push_back(MakeTensor(pattern, dtype, 300, 50));
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
      for (const size_t distance : {1, 2, 5}) {
        DeltaEstimate estimate(dtype);
        estimate.Add(tensors[i], tensors[(i + distance) % tensors.size()]);
        EXPECT_LE(estimate.delta_size(), estimate.plain_size());
        EXPECT_LE(estimate.plain_size(), 1);
        EXPECT_GE(estimate.delta_size(), 0);
      }
    }
  }
}

TEST(DeltaEstimateTest, ElementsWithoutBaseArePlain) {
  const auto weights = GaussianValues(1 << 16, 5);
  const Bytes tensor = MakeWeights(DType::kBf16, weights);
  DeltaEstimate estimate(DType::kBf16);
  estimate.Add(tensor);
  EXPECT_EQ(estimate.delta_bits(), estimate.plain_bits());
  // Half of them equal: half of the cost.
  estimate.Add(tensor, tensor);
  EXPECT_NEAR(estimate.delta_size(), estimate.plain_size() / 2, 0.001);
  EXPECT_EQ(estimate.equal_share(), 1);
}

TEST(DeltaEstimateTest, FewValuesAndNone) {
  DeltaEstimate zeros(DType::kF32);
  zeros.Add(Bytes(40000));
  EXPECT_EQ(zeros.plain_bits(), 0);
  const DeltaEstimate nothing(DType::kF32);
  EXPECT_EQ(nothing.plain_size(), 1);
  EXPECT_EQ(nothing.delta_size(), 1);
  EXPECT_EQ(nothing.equal_share(), 0);
  // Sixteen values: four bits.
  std::vector<double> values = GaussianValues(1 << 16, 6);
  for (double& value : values)
    value = std::floor(std::fmod(std::fabs(value) * 1e6, 16));
  DeltaEstimate palette(DType::kF32);
  palette.Add(MakeWeights(DType::kF32, values));
  EXPECT_NEAR(palette.plain_size() * 32, 4, 0.01);
}

}  // namespace
}  // namespace ingot
