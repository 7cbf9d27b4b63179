#include "codec/entropy/tiered/tier_planner.h"

#include <algorithm>
#include <limits>

namespace ingot {
namespace {

// Cheapest widths for ranks [first, ranks) with a number of tiers left.
struct Step {
  double bits = std::numeric_limits<double>::infinity();
  uint8_t width = 0;
};

}  // namespace

TierPlan PlanTiers(std::span<const uint64_t> counts, uint64_t beyond,
                   unsigned max_tiers, double tier_penalty,
                   double exception_bits) {
  uint64_t total = beyond;
  for (uint64_t count : counts) total += count;
  const double penalty = tier_penalty * static_cast<double>(total);

  TierPlan best;
  best.bits = std::numeric_limits<double>::infinity();
  for (unsigned ranks = 1; ranks <= counts.size(); ++ranks) {
    // Elements that reach a tier whose first rank is i. Exceptions are coded
    // as rank 0 and stay in tier 1.
    std::array<double, kMaxPlannedRanks + 8> reach{};
    uint64_t dropped = beyond;
    for (unsigned i = ranks; i < counts.size(); ++i) dropped += counts[i];
    for (unsigned i = ranks; i-- > 0;) {
      reach[i] = reach[i + 1] + static_cast<double>(counts[i]);
    }
    reach[0] += static_cast<double>(dropped);

    // steps[t][i]: t tiers may be used for the ranks from i on.
    std::array<std::array<Step, kMaxPlannedRanks>, kMaxTiers + 1> steps;
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
                        exception_bits * static_cast<double>(dropped);
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
    if (dropped == 0) break;
  }
  return best;
}

}  // namespace ingot
