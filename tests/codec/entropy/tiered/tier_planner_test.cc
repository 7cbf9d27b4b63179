#include "codec/entropy/tiered/tier_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "tests/codec/patterns.h"

namespace ingot {
namespace {

using Counts = std::array<uint64_t, kMaxRanks>;

unsigned Capacity(const std::vector<uint8_t>& widths) {
  unsigned capacity = 0;
  for (size_t t = 0; t < widths.size(); ++t) {
    capacity += TierCapacity(widths[t], t + 1 == widths.size());
  }
  return capacity;
}

// What coding every element one by one takes.
double CodeBits(const Counts& counts, uint64_t beyond, unsigned ranks,
                const std::vector<uint8_t>& widths, double penalty) {
  double bits = 0;
  uint64_t total = beyond;
  const auto walk = [&](uint64_t elements, unsigned rank) {
    for (size_t t = 0; t < widths.size(); ++t) {
      bits += static_cast<double>(elements) * widths[t];
      const unsigned named = TierCapacity(widths[t], t + 1 == widths.size());
      if (rank < named) return;
      rank -= named;
    }
  };
  for (unsigned r = 0; r < kMaxRanks; ++r) {
    total += counts[r];
    if (r < ranks) {
      walk(counts[r], r);
    } else {
      walk(counts[r], 0);
      bits += static_cast<double>(counts[r] * kExceptionBytes * 8);
    }
  }
  walk(beyond, 0);
  bits += static_cast<double>(beyond * kExceptionBytes * 8);
  return bits + penalty * static_cast<double>(total) *
                    static_cast<double>(widths.size() - 1);
}

// The least over every number of ranks and every sequence of widths.
double LeastBits(const Counts& counts, uint64_t beyond, unsigned max_tiers,
                 double penalty) {
  double least = std::numeric_limits<double>::infinity();
  std::vector<uint8_t> widths;
  const std::function<void()> extend = [&] {
    if (!widths.empty()) {
      const unsigned capacity = std::min<unsigned>(Capacity(widths), kMaxRanks);
      for (unsigned ranks = 1; ranks <= capacity; ++ranks) {
        least =
            std::min(least, CodeBits(counts, beyond, ranks, widths, penalty));
      }
    }
    if (widths.size() == max_tiers) return;
    for (uint8_t width = 1; width <= kMaxTierWidth; ++width) {
      widths.push_back(width);
      extend();
      widths.pop_back();
    }
  };
  extend();
  return least;
}

std::vector<std::pair<Counts, uint64_t>> Histograms() {
  std::vector<std::pair<Counts, uint64_t>> all;
  Counts one{};
  one[0] = 1000;
  all.emplace_back(one, 0);
  all.emplace_back(one, 3);
  Counts flat{};
  flat.fill(100);
  all.emplace_back(flat, 0);
  all.emplace_back(flat, 700);
  Counts halving{};
  for (unsigned r = 0; r < kMaxRanks; ++r) halving[r] = 65536u >> r;
  all.emplace_back(halving, 1);
  all.emplace_back(Counts{}, 10);
  Random random(5);
  for (int i = 0; i < 60; ++i) {
    Counts counts{};
    const uint64_t decay = 1 + random.Below(9);
    uint64_t count = 1 + random.Below(1'000'000);
    for (uint64_t& c : counts) {
      c = count;
      count = count * random.Below(decay + 1) / decay;
    }
    all.emplace_back(counts, random.Below(50));
  }
  return all;
}

TEST(TierPlannerTest, NoSequenceOfWidthsIsCheaper) {
  for (const auto& [counts, beyond] : Histograms()) {
    for (const unsigned max_tiers : {1u, 2u, 4u, 6u}) {
      for (const double penalty : {0.0, 0.002, 0.05}) {
        const TierPlan plan = PlanTiers(counts, beyond, max_tiers, penalty);
        ASSERT_GE(plan.tier_count, 1);
        ASSERT_LE(plan.tier_count, max_tiers);
        const std::vector<uint8_t> widths(
            plan.widths.begin(), plan.widths.begin() + plan.tier_count);
        ASSERT_GE(Capacity(widths), plan.rank_count);
        // The bits are those of the plan itself, and the least.
        EXPECT_DOUBLE_EQ(plan.bits, CodeBits(counts, beyond, plan.rank_count,
                                             widths, penalty));
        EXPECT_DOUBLE_EQ(plan.bits,
                         LeastBits(counts, beyond, max_tiers, penalty));
      }
    }
  }
}

}  // namespace
}  // namespace ingot
