// The second decoder's rANS slots: see spec_decoder.h.

#ifndef INGOT_TESTS_CODEC_SPEC_RANS_H_
#define INGOT_TESTS_CODEC_SPEC_RANS_H_

#include <cstdint>
#include <vector>

namespace spec {

// What the slots of a rANS state mean.
struct RansSlot {
  unsigned rank;
  uint64_t number;
};

inline std::vector<RansSlot> RansSlots(
    const std::vector<unsigned>& frequencies) {
  std::vector<uint64_t> left(frequencies.begin(), frequencies.end());
  left.resize(64);
  // Of each bucket, its own rank's slots and the rank of the others.
  std::vector<uint64_t> own(64, 64);
  std::vector<unsigned> others(64);
  std::vector<bool> open(64, true);
  for (unsigned s = 0; s < 64;) {
    if (!open[s] || left[s] >= 64) {
      ++s;
      continue;
    }
    unsigned l = 0;
    while (!open.at(l) || left[l] <= 64) ++l;
    own[s] = left[s];
    others[s] = l;
    left[l] -= 64 - left[s];
    open[s] = false;
    s = 0;
  }
  std::vector<RansSlot> slots(4096);
  std::vector<uint64_t> numbers(64);
  for (unsigned b = 0; b < 64; ++b) {
    for (uint64_t i = 0; i < own[b]; ++i) {
      slots[64 * b + i] = {b, numbers[b]++};
    }
  }
  for (unsigned b = 0; b < 64; ++b) {
    for (uint64_t i = own[b]; i < 64; ++i) {
      slots[64 * b + i] = {others[b], numbers[others[b]]++};
    }
  }
  return slots;
}

}  // namespace spec

#endif  // INGOT_TESTS_CODEC_SPEC_RANS_H_
