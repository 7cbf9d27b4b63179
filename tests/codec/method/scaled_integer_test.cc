#include "codec/method/scaled_integer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "tests/codec/patterns.h"

namespace ingot {
namespace {

constexpr FloatFormat kBf16{8, 7};
constexpr FloatFormat kF16{5, 10};
constexpr FloatFormat kF32{8, 23};

uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

// What the processor computes is the oracle.
TEST(ScaledMagnitudeTest, IsThePrecisionOfFp32) {
  Random random(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto integer = static_cast<uint32_t>(random.Below(256));
    const auto scale =
        static_cast<uint32_t>(random.Below(254) + 1) << 23 |
        static_cast<uint32_t>(random.Below(1 << 23));
    const float product =
        static_cast<float>(integer) * std::bit_cast<float>(scale);
    ASSERT_EQ(ScaledMagnitude(integer, scale, kF32),
              std::isfinite(product) ? Bits(product) : kNoMagnitude);
  }
}

TEST(ScaledMagnitudeTest, RoundsTiesToEvenInNarrowFormats) {
  // 1 + 2^-8 lies halfway between 1 and bf16's next number; 3 (1 + 2^-8) and
  // others follow from that.
  const uint32_t tie = Bits(1.0f + 0x1p-8f);
  EXPECT_EQ(ScaledMagnitude(1, tie, kBf16), Bits(1.0f) >> 16);
  EXPECT_EQ(ScaledMagnitude(1, Bits(1.0f + 0x3p-8f), kBf16),
            Bits(1.0f + 0x1p-6f) >> 16);
  EXPECT_EQ(ScaledMagnitude(1, tie + 1, kBf16), Bits(1.0f + 0x1p-7f) >> 16);
  EXPECT_EQ(ScaledMagnitude(0, tie, kBf16), 0u);
}

TEST(ScaledMagnitudeTest, ReachesSubnormalNumbersAndStopsAtInfinity) {
  EXPECT_EQ(ScaledMagnitude(1, Bits(0x1p-24f), kF16), 1u);
  EXPECT_EQ(ScaledMagnitude(3, Bits(0x1p-24f), kF16), 3u);
  EXPECT_EQ(ScaledMagnitude(1, Bits(0x1p-25f), kF16), 0u);  // tie to even
  EXPECT_EQ(ScaledMagnitude(3, Bits(0x1p-25f), kF16), 2u);
  EXPECT_EQ(ScaledMagnitude(1, Bits(65504.0f), kF16), 0x7BFFu);
  EXPECT_EQ(ScaledMagnitude(1, Bits(65520.0f), kF16), kNoMagnitude);
  EXPECT_EQ(ScaledMagnitude(2, Bits(3e38f), kF32), kNoMagnitude);
  EXPECT_EQ(ScaledMagnitude(1, 0, kBf16), kNoMagnitude);
  EXPECT_EQ(ScaledMagnitude(1, 255u << 23, kBf16), kNoMagnitude);
  EXPECT_EQ(ScaledMagnitude(1, 0x80000000u | Bits(1.0f), kBf16), kNoMagnitude);
}

// Magnitudes of a random set of integers under `scale`.
std::vector<uint32_t> Magnitudes(uint32_t scale, uint64_t limit, size_t count,
                                 const FloatFormat& format, Random* random) {
  std::vector<uint32_t> magnitudes;
  for (size_t i = 0; i < count; ++i) {
    const auto integer = static_cast<uint32_t>(random->Below(limit) + 1);
    magnitudes.push_back(ScaledMagnitude(integer, scale, format));
  }
  std::sort(magnitudes.begin(), magnitudes.end());
  magnitudes.erase(std::unique(magnitudes.begin(), magnitudes.end()),
                   magnitudes.end());
  return magnitudes;
}

TEST(FitScaleTest, FindsScalesOfEveryPrecision) {
  Random random(2);
  for (const FloatFormat& format : {kBf16, kF16, kF32}) {
    for (const uint64_t limit : {7u, 127u, 255u}) {
      for (const unsigned zeros : {13u, 16u, 19u}) {
        for (int i = 0; i < 50; ++i) {
          const auto fraction = static_cast<uint32_t>(
              random.Below(1 << 23) >> zeros << zeros);
          const uint32_t scale = 120u << 23 | fraction;
          const std::vector<uint32_t> magnitudes =
              Magnitudes(scale, limit, 100, format, &random);
          const auto fit = FitScale(magnitudes, format);
          ASSERT_TRUE(fit.has_value()) << limit << " " << fraction;
          for (const uint32_t magnitude : magnitudes) {
            const auto integer = UnscaledInteger(magnitude, *fit, format);
            ASSERT_TRUE(integer.has_value());
            EXPECT_EQ(ScaledMagnitude(*integer, *fit, format), magnitude);
          }
        }
      }
    }
  }
}

TEST(FitScaleTest, DeclinesWhatHasNoScale) {
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<uint32_t> magnitudes;
    for (int k = 0; k < 32; ++k) {
      magnitudes.push_back(
          static_cast<uint32_t>(120 << 7 | random.Below(512)));
    }
    std::sort(magnitudes.begin(), magnitudes.end());
    magnitudes.erase(std::unique(magnitudes.begin(), magnitudes.end()),
                     magnitudes.end());
    EXPECT_EQ(FitScale(magnitudes, kBf16), std::nullopt);
  }
  EXPECT_EQ(FitScale({}, kBf16), std::nullopt);
  const std::vector<uint32_t> infinity = {1, 0x7F80};
  EXPECT_EQ(FitScale(infinity, kBf16), std::nullopt);
}

// Whatever the numbers, the answer is right or there is none.
TEST(UnscaledIntegerTest, NeverClaimsMoreThanItRestores) {
  Random random(4);
  for (int i = 0; i < 200'000; ++i) {
    const auto magnitude = static_cast<uint32_t>(random.Below(0x7F800000));
    const auto scale = static_cast<uint32_t>(random.Next());
    const auto integer = UnscaledInteger(magnitude, scale, kF32);
    if (!integer) continue;
    EXPECT_EQ(ScaledMagnitude(*integer, scale, kF32), magnitude);
  }
}

}  // namespace
}  // namespace ingot
