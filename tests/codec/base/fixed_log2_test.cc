#include "codec/base/fixed_log2.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace ingot {
namespace {

TEST(FixedLog2Test, FollowsTheLogarithm) {
  EXPECT_EQ(FixedLog2(0), 0u);
  EXPECT_EQ(FixedLog2(1), 0u);
  for (unsigned shift = 0; shift < 64; ++shift) {
    EXPECT_EQ(FixedLog2(uint64_t{1} << shift), shift << kFixedLog2Bits);
  }
  for (const uint64_t n : {uint64_t{3}, uint64_t{1000}, uint64_t{123456789},
                           uint64_t{1} << 40 | 12345, UINT64_MAX}) {
    EXPECT_NEAR(FixedLog2(n) / 65536.0, std::log2(static_cast<double>(n)),
                1e-3)
        << n;
  }
}

TEST(FixedLog2Test, EntropyOfKnownDistributions) {
  EXPECT_EQ(EntropyBits(std::array<uint64_t, 3>{0, 0, 0}), 0);
  EXPECT_EQ(EntropyBits(std::array<uint64_t, 3>{0, 77, 0}), 0);
  EXPECT_EQ(EntropyBits(std::array<uint64_t, 4>{8, 8, 8, 8}), 64);
  EXPECT_EQ(EntropyBits(std::array<uint64_t, 3>{32, 16, 16}), 96);
}

}  // namespace
}  // namespace ingot
