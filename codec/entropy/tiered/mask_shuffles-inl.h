// Shuffles that expand and compress eight bytes by a mask, for instruction sets
// that have no instructions for it.

#ifndef INGOT_CODEC_ENTROPY_TIERED_MASK_SHUFFLES_INL_H_
#define INGOT_CODEC_ENTROPY_TIERED_MASK_SHUFFLES_INL_H_

#include <cstdint>

namespace ingot {
namespace {

// By a mask of eight lanes: shuffles that spread the first bytes to the lanes
// of ones (others become zero), and that move the lanes of ones to the front.
struct MaskShuffles {
  alignas(8) uint8_t expand[256][8];
  alignas(8) uint8_t compress[256][8];
};
constexpr MaskShuffles MakeMaskShuffles() {
  MaskShuffles shuffles{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    unsigned ones = 0;
    for (unsigned lane = 0; lane < 8; ++lane) {
      shuffles.expand[mask][lane] = 0x80;
      if ((mask >> lane & 1) != 0) {
        shuffles.expand[mask][lane] = static_cast<uint8_t>(ones);
        shuffles.compress[mask][ones++] = static_cast<uint8_t>(lane);
      }
    }
  }
  return shuffles;
}
inline constexpr MaskShuffles kMaskShuffles = MakeMaskShuffles();

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_TIERED_MASK_SHUFFLES_INL_H_
