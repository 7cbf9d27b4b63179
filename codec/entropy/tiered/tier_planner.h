// Chooses the widths of the tiers for a distribution of ranks.
//
// The cost of a sequence of widths is exact for the histogram it is given: a
// tier of width w costs w bits for each element that reaches it. Exhausting
// all sequences is a small dynamic program. Each further tier also costs
// decoding time, which `tier_penalty` prices in bits per element.

#ifndef INGOT_CODEC_ENTROPY_TIERED_TIER_PLANNER_H_
#define INGOT_CODEC_ENTROPY_TIERED_TIER_PLANNER_H_

#include <array>
#include <cstdint>
#include <span>

#include "codec/entropy/tiered/tier_code.h"

namespace ingot {

struct TierPlan {
  uint8_t tier_count = 1;
  uint8_t rank_count = 1;  // ranks worth naming; others become exceptions
  std::array<uint8_t, kMaxTiers> widths{};
  double bits = 0;  // of all elements, exceptions included
};

inline constexpr size_t kMaxPlannedRanks = 64;

// `counts[r]` elements have rank r, at most kMaxPlannedRanks of them; `beyond`
// have none. Elements without a rank, or with one that is not named, are
// exceptions of `exception_bits`.
TierPlan PlanTiers(std::span<const uint64_t> counts, uint64_t beyond,
                   unsigned max_tiers, double tier_penalty,
                   double exception_bits = kExceptionBytes * 8);

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_TIERED_TIER_PLANNER_H_
