#include "bench/workloads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "bench/random.h"
#include "bench/weights.h"
#include "codec/bytes.h"
#include "codec/digest.h"

namespace ingot {
namespace {

std::vector<std::byte> Generate(const Workload& workload) {
  std::vector<std::byte> bytes;
  for (int matrix = 0; matrix < workload.matrices; ++matrix) {
    const std::vector<std::byte> more = GenerateMatrix(workload, matrix, 1);
    EXPECT_EQ(more.size(), MatrixBytes(workload, 1));
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  return bytes;
}

// Sizes are compared across machines and years, so these never change.
TEST(WorkloadsTest, BytesAreTheSameEverywhere) {
  const std::map<std::string_view, std::string> expected = {
      {"W1",
       "af3b2ccd041cb1213dcb5d13d7e0f696155da7647bb0c46b968b143be8fbd98e"},
      {"W2",
       "3c88114cfb95435c4ad80208521da58ed6a898ac09d0b329e7297b61cb028fba"},
      {"W2ft",
       "70f386b4a2ed66eff44226835071f191e9117fdd0bf7be96a04a4500f790822f"},
      {"W3",
       "ced3fd1296b9c4020bd94ac442cad1ef820d062764671de6f1179d7a970a8d53"},
      {"W4ft",
       "97f38bfad1dceb6b66c432d35cfb60cbee711e253a9a54bf3e275eb056403a0d"},
      {"W5",
       "25bba58ecb182cb63dda99e3604645d3f5ccb9eb2c32f065ac7b9e2413e4b8c1"}};
  for (const Workload& workload : AllWorkloads()) {
    const std::vector<std::byte> bytes = Generate(workload);
    EXPECT_EQ(bytes.size(),
              workload.dtype == DType::kF8E4m3 ? 1u << 19 : 1u << 20);
    EXPECT_EQ(ToHex(HashBytes(bytes)), expected.at(workload.name))
        << workload.name;
  }
}

TEST(WorkloadsTest, NormalsAreNormal) {
  Random random(1);
  constexpr int kCount = 1 << 20;
  std::vector<double> sums(5);
  int beyond = 0;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.Normal();
    for (int power = 1; power <= 4; ++power) {
      sums[power] += std::pow(value, power) / kCount;
    }
    if (std::fabs(value) > 1.959964) ++beyond;
  }
  EXPECT_NEAR(sums[1], 0, 0.005);
  EXPECT_NEAR(sums[2], 1, 0.01);
  EXPECT_NEAR(sums[3], 0, 0.02);
  EXPECT_NEAR(sums[4], 3, 0.05);
  EXPECT_NEAR(static_cast<double>(beyond) / kCount, 0.05, 0.001);
}

TEST(WorkloadsTest, LogNormalsAreThoseOfLibm) {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 1000; ++i) {
    const double expected = std::exp(3 * a.Normal());
    EXPECT_NEAR(b.LogNormal(3) / expected, 1, 1e-13);
  }
}

// The float that `bits` stand for, from the definition.
double ValueOf(uint16_t bits, int exponent_bits, int mantissa_bits) {
  const int exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == 0) return std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return std::ldexp(mantissa + (1 << mantissa_bits),
                    exponent - bias - mantissa_bits);
}

// Every number, everything halfway to the next one (which goes to the even
// one), and what lies just beside that.
void CheckRounding(DType dtype, int exponent_bits, int mantissa_bits,
                   uint16_t largest) {
  const auto sign = static_cast<uint16_t>(1 << (exponent_bits + mantissa_bits));
  for (uint16_t bits = 0; bits < largest; ++bits) {
    const auto next = static_cast<uint16_t>(bits + 1);
    const double low = ValueOf(bits, exponent_bits, mantissa_bits);
    const double high = ValueOf(next, exponent_bits, mantissa_bits);
    const auto middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(RoundToBits(static_cast<float>(low), dtype), bits);
    ASSERT_EQ(RoundToBits(static_cast<float>(-low), dtype), bits | sign);
    ASSERT_EQ(RoundToBits(middle, dtype), bits % 2 == 0 ? bits : next);
    ASSERT_EQ(RoundToBits(std::nextafter(middle, 0.0F), dtype), bits);
    ASSERT_EQ(RoundToBits(std::nextafter(middle, 1e30F), dtype), next);
  }
  ASSERT_EQ(RoundToBits(3e38F, dtype), largest);
}

TEST(WorkloadsTest, RoundsToNearestEven) {
  CheckRounding(DType::kF16, 5, 10, 0x7BFF);
  CheckRounding(DType::kF8E4m3, 4, 3, 0x7E);
  // Below, halves of the smallest subnormals are no floats.
  const auto bf16 = [](uint32_t bits) {
    return RoundToBits(std::bit_cast<float>(bits), DType::kBf16);
  };
  for (uint32_t bits = 0x00800000; bits < 0x7F000000; bits += 0x10000) {
    const auto low = static_cast<uint16_t>(bits >> 16);
    ASSERT_EQ(bf16(bits), low);
    ASSERT_EQ(bf16(bits + 0x7FFF), low);
    ASSERT_EQ(bf16(bits + 0x8000), low + low % 2);
    ASSERT_EQ(bf16(bits + 0x8001), low + 1);
  }
}

// Fine-tuning changes about as many elements as it does in real models.
TEST(WorkloadsTest, FineTuningIsSmall) {
  const std::vector<std::byte> base = Generate(*FindWorkload("W1"));
  const std::vector<std::byte> tuned = Generate(*FindWorkload("W4ft"));
  size_t changed = 0;
  for (size_t i = 0; i < base.size(); i += 2) {
    const auto a = LoadLittleEndian<uint16_t>(&base[i]);
    const auto b = LoadLittleEndian<uint16_t>(&tuned[i]);
    if (a != b) ++changed;
  }
  EXPECT_NEAR(static_cast<double>(changed) / (base.size() / 2.0), 0.405, 0.01);
}

// Each matrix of W5 uses the whole range.
TEST(WorkloadsTest, E4m3ReachesItsLargestValue) {
  const Workload& workload = *FindWorkload("W5");
  for (int matrix = 0; matrix < workload.matrices; ++matrix) {
    int largest = 0;
    for (const std::byte byte : GenerateMatrix(workload, matrix, 1)) {
      largest = std::max(largest, static_cast<int>(byte & std::byte{0x7F}));
    }
    EXPECT_GE(largest, 0x7D);
    EXPECT_LE(largest, 0x7E);
  }
}

TEST(WorkloadsTest, FindsByName) {
  EXPECT_EQ(FindWorkload("W3")->file_name, "W3.f16");
  EXPECT_EQ(FindWorkload("W9"), nullptr);
}

}  // namespace
}  // namespace ingot
