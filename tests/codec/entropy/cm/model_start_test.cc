#include "codec/entropy/cm/model_start.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ingot {
namespace {

double One(AdaptiveBit bit) {
  return static_cast<double>(bit >> kCountBits) / (1u << kProbabilityBits);
}

// The density of log2(|x|), x normal, at 1/4 octave.
ModelStart Normal(uint8_t top_bits) {
  ModelStart start;
  start.shape = {.window = 14, .top_bits = top_bits, .escape_bits = 8};
  start.confidence = 60;
  start.first_knot = 20;
  for (int knot = 20; knot < 76; ++knot) {
    const double x = std::exp2((knot - 64) / 4.0);
    const double density = x * std::exp(-x * x / 2);
    start.knots.push_back(
        NearestLogWeight(static_cast<uint64_t>(density * (1 << 20))));
  }
  return start;
}

double Below(double x) { return std::erf(x / std::sqrt(2)); }

TEST(ModelStartTest, KnotsRoundToTheirWeights) {
  for (unsigned knot = 0; knot < 256; ++knot) {
    const auto value = static_cast<uint8_t>(knot);
    EXPECT_EQ(NearestLogWeight(LogWeight(value)), value);
  }
  EXPECT_EQ(NearestLogWeight(0), 0);
  EXPECT_EQ(NearestLogWeight(uint64_t{1} << 60), 255);
}

// Probabilities follow from the density in all classes.
TEST(ModelStartTest, MatchesTheDistributionThatTheKnotsDraw) {
  SymbolModel model;
  StartModel(Normal(3), &model);
  for (unsigned c = 0; c < kModelClasses; ++c) {
    // An element of octave slot k and class c has magnitudes from 2^(16 - k)
    // to twice that, and a scale of 2^(c / 16).
    const double scale = std::exp2(c / 16.0);
    const auto mass = [&](double low, double high) {
      return Below(high / scale) - Below(low / scale);
    };
    const ClassModel& classes = model.classes[c];
    // Leaves 0 to 3 are slots 14 to 17: magnitudes from 1/2 to 8.
    EXPECT_NEAR(1 - One(classes.window[1]), mass(0.5, 8), 0.01) << c;
    // Tops of slot 16: magnitudes from 1 to 2 in eighths.
    EXPECT_NEAR(One(classes.top[16][1]), mass(1.5, 2) / mass(1, 2), 0.02) << c;
    EXPECT_NEAR(One(classes.top[16][2]), mass(1.25, 1.5) / mass(1, 1.5), 0.02)
        << c;
    EXPECT_EQ(classes.top[16][7] & kMaxCount, 240u);
    EXPECT_EQ(classes.top[kZeroSlot][1], kEvenBit);
  }
}

TEST(ModelStartTest, RoundedElementsReachHalfAPartLower) {
  ModelStart start = Normal(2);
  start.rounded = true;
  SymbolModel model;
  StartModel(start, &model);
  const double low = 1 - 1.0 / 16;
  const double mass = Below(2 * low) - Below(low);
  EXPECT_NEAR(One(model.classes[0].top[16][1]),
              (Below(2 * low) - Below(1.375)) / mass, 0.02);
}

TEST(ModelStartTest, SharesOfZeros) {
  for (const unsigned zeros : {1u, 30000u, 65535u}) {
    ModelStart start = Normal(3);
    start.zeros = static_cast<uint16_t>(zeros);
    SymbolModel model;
    StartModel(start, &model);
    // Leaf 7 of the window is zero or one of the few outside.
    const ClassModel& classes = model.classes[0];
    const double other = One(classes.window[1]) * One(classes.window[3]) *
                         One(classes.window[7]);
    const double outside = 1 - (Below(8) - Below(1.0 / 16));
    const double share = zeros / 65536.0;
    EXPECT_NEAR(other, share + (1 - share) * outside, 0.01) << zeros;
  }
}

// No knots, and knots to the very end: every probability is one.
TEST(ModelStartTest, AnyKnots) {
  for (const uint8_t spacing : {2, 3, 4}) {
    for (const size_t count :
         {size_t{0}, size_t{1}, size_t{2}, size_t{MaxKnots(spacing)}}) {
      ModelStart start;
      start.shape = {.window = kMaxWindow, .top_bits = 3, .escape_bits = 11};
      start.confidence = 255;
      start.zeros = 65535;
      start.knot_spacing = spacing;
      start.knots.assign(count, 255);
      SymbolModel model;
      StartModel(start, &model);
      for (const ClassModel& classes : model.classes) {
        for (size_t node = 1; node < classes.other.size(); ++node) {
          EXPECT_GE(classes.other[node] >> kCountBits, kMinProbability);
          EXPECT_LE(classes.other[node] >> kCountBits, kMaxProbability);
        }
      }
    }
  }
}

}  // namespace
}  // namespace ingot
