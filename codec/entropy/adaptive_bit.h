// AdaptiveBit: the probability of one binary decision, learnt as it is used.
//
// The upper 22 bits of the state are the probability of a 1, the lower 10 a
// count: the n-th decision moves the probability by about 1 / (n + 1.6) of its
// error, so that it is the mean of what was seen, slowly forgetting once the
// count is full. Integers only (codec/FORMAT.md, section 8).

#ifndef INGOT_CODEC_ENTROPY_ADAPTIVE_BIT_H_
#define INGOT_CODEC_ENTROPY_ADAPTIVE_BIT_H_

#include <array>
#include <cstdint>

namespace ingot {

using AdaptiveBit = uint32_t;

inline constexpr unsigned kCountBits = 10;
inline constexpr uint32_t kMaxCount = (1u << kCountBits) - 1;
inline constexpr unsigned kProbabilityBits = 22;
// Probabilities stay this far from 0 and 1.
inline constexpr uint32_t kMinProbability = 1u << 11;
inline constexpr uint32_t kMaxProbability =
    (1u << kProbabilityBits) - kMinProbability;

inline constexpr AdaptiveBit kEvenBit = 1u << 31;  // probability 1/2, count 0

constexpr std::array<uint32_t, kMaxCount + 1> MakeAdaptationRates() {
  std::array<uint32_t, kMaxCount + 1> rates{};
  for (uint32_t n = 0; n <= kMaxCount; ++n) {
    rates[n] = 655360 / (10 * n + 16);
  }
  return rates;
}
inline constexpr auto kAdaptationRates = MakeAdaptationRates();

constexpr AdaptiveBit MakeAdaptiveBit(uint32_t probability, uint32_t count) {
  return probability << kCountBits | count;
}

// The probability of a 1 in 1/65536: 32 to 65504.
constexpr uint32_t Probability16(AdaptiveBit state) { return state >> 16; }

// The state after a decision of `bit` (0 or 1). A count stops at kMaximum.
template <uint32_t kMaximum = kMaxCount>
constexpr AdaptiveBit Adapt(AdaptiveBit state, uint32_t bit) {
  constexpr uint32_t kSpan = kMaxProbability - kMinProbability;
  const auto probability = static_cast<int32_t>(state >> kCountBits);
  const uint32_t count = state & kMaxCount;
  const auto target =
      static_cast<int32_t>(kMinProbability + (kSpan & (0u - bit)));
  const auto step = static_cast<int32_t>(
      (int64_t{target - probability} * kAdaptationRates[count]) >> 16);
  return state + (static_cast<uint32_t>(step) << kCountBits) +
         (count < kMaximum ? 1 : 0);
}

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_ADAPTIVE_BIT_H_
