// ModelStart: what a group sends so that its runs start from probabilities
// near their end.
//
// Slots are octaves and tops cut an octave into equal parts, as exponents and
// mantissas do; a class is the scale's phase in sixteenths of an octave. So
// all probabilities of all classes follow from one density: that of
// log2(|element| / scale). It is sent as knots, lines between them, and
// integrated between the borders of every slot and top (codec/FORMAT.md,
// section 8).
//
// Thread-safety: a value; functions without state.

#ifndef INGOT_CODEC_ENTROPY_CM_MODEL_START_H_
#define INGOT_CODEC_ENTROPY_CM_MODEL_START_H_

#include <array>
#include <cstdint>
#include <vector>

#include "codec/entropy/cm/symbol_model.h"
#include "codec/entropy/log_weight.h"

namespace ingot {

// Slots below this one are octaves; slot kScaleSlot is that of the scale.
inline constexpr unsigned kOctaveSlots = 30;
inline constexpr unsigned kZeroSlot = 30;
inline constexpr unsigned kScaleSlot = 16;

// The density reaches 16 octaves to both sides of the scale.
inline constexpr unsigned kCellsPerOctave = 16;
inline constexpr unsigned kDensityCells = 32 * kCellsPerOctave;
// Knots are 2^spacing cells apart.
inline constexpr unsigned kMinKnotSpacing = 2;
inline constexpr unsigned kMaxKnotSpacing = 4;
constexpr unsigned MaxKnots(unsigned spacing) {
  return (kDensityCells >> spacing) + 1;
}

struct ModelStart {
  SymbolShape shape;
  // Elements have no bits below the top: they were rounded to it.
  bool rounded = false;
  // The count of a fresh probability is 4 * confidence.
  uint8_t confidence = 0;
  // The share of kZeroSlot in 1/65536, 1..65535.
  uint16_t zeros = 1;
  // LogWeight numbers. Knot i lies at the lower end of cell (first_knot + i) << knot_spacing.
  uint8_t knot_spacing = kMinKnotSpacing;
  uint8_t first_knot = 0;
  std::vector<uint8_t> knots;
};

// Densities of all cells, 1 and more.
std::array<uint32_t, kDensityCells> CellsOfKnots(const ModelStart& start);

// REQUIRES: first_knot + knots.size() <= MaxKnots(knot_spacing).
void StartModel(const ModelStart& start, SymbolModel* model);

// Where a top's borders lie above its octave's lower end, in 1/4096 octave:
// part `top` of 2^top_bits reaches from border `top` to `top` + 1.
std::array<int32_t, (1u << kMaxModelledTopBits) + 1> TopBorders(
    unsigned top_bits, bool rounded);

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_CM_MODEL_START_H_
