#include "codec/entropy/tiered/tier_planner.h"

#include <algorithm>
#include <limits>

namespace ingot {
namespace {

constexpr double kExceptionBits = kExceptionBytes * 8;

// Cheapest widths for ranks [first, ranks) with a number of tiers left.
struct Step {
  double bits = std::numeric_limits<double>::infinity();
  uint8_t width = 0;
};

}  // namespace

TierPlan PlanTiers(const std::array<uint64_t, kMaxRanks>& counts,
                   uint64_t beyond, unsigned max_tiers, double tier_penalty) {
  uint64_t total = beyond;
  for (uint64_t count : counts) total += count;
  const double penalty = tier_penalty * static_cast<double>(total);

  TierPlan best;
  best.bits = std::numeric_limits<double>::infinity();
  for (unsigned ranks = 1; ranks <= kMaxRanks; ++ranks) {
    // Elements that reach a tier whose first rank is i. Exceptions are coded
    // as rank 0 and stay in tier 1.
    std::array<double, kMaxRanks + 8> reach{};
    uint64_t dropped = beyond;
    for (unsigned i = ranks; i < kMaxRanks; ++i) dropped += counts[i];
    for (unsigned i = ranks; i-- > 0;) {
      reach[i] = reach[i + 1] + static_cast<double>(counts[i]);
    }
    reach[0] += static_cast<double>(dropped);

    // steps[t][i]: t tiers may be used for the ranks from i on.
    std::array<std::array<Step, kMaxRanks>, kMaxTiers + 1> steps;
    for (unsigned t = 1; t <= max_tiers; ++t) {
      for (unsigned i = 0; i < ranks; ++i) {
        Step& step = steps[t][i];
        for (unsigned width = 1; width <= kMaxTierWidth; ++width) {
          double bits = reach[i] * width;
          if (ranks - i > TierCapacity(width, true)) {
            const unsigned next = i + TierCapacity(width, false);
            bits += penalty + steps[t - 1][next].bits;
          }
          if (bits < step.bits) {
            step = {bits, static_cast<uint8_t>(width)};
          }
        }
      }
    }
    const double bits = steps[max_tiers][0].bits +
                        kExceptionBits * static_cast<double>(dropped);
    if (bits >= best.bits) continue;
    best.bits = bits;
    best.rank_count = static_cast<uint8_t>(ranks);
    best.tier_count = 0;
    for (unsigned t = max_tiers, i = 0; t > 0; --t) {
      const uint8_t width = steps[t][i].width;
      best.widths[best.tier_count++] = width;
      if (ranks - i <= TierCapacity(width, true)) break;
      i += TierCapacity(width, false);
    }
    if (ranks < kMaxRanks && counts[ranks] == 0 && beyond == 0) break;
  }
  return best;
}

}  // namespace ingot
