#include "codec/entropy/cm/model_start.h"

#include <algorithm>
#include <bit>
#include <span>

namespace ingot {
namespace {

// round(4096 * log2(1 + i / 16)).
constexpr std::array<int32_t, 17> kLogs = {0,    358,  696,  1016, 1319, 1607,
                                           1882, 2145, 2396, 2637, 2869, 3092,
                                           3307, 3514, 3715, 3908, 4096};
constexpr int32_t kOctave = 4096;
constexpr int32_t kCell = kOctave / kCellsPerOctave;
// round(4096 * log2(1 - 1/32)), log2(1 - 1/16) and log2(1 - 1/8): the lower
// border of an octave whose elements are rounded to 3, 2 and 1 top bits.
constexpr std::array<int32_t, 4> kRoundedLow = {0, -789, -381, -188};

constexpr unsigned kMassShift = 8;
constexpr unsigned kMaxZeroWeight = 255;

using Masses =
    std::array<std::array<uint64_t, 1u << kMaxModelledTopBits>, kSlots>;

// The integral of a density up to any position.
class Integral {
 public:
  explicit Integral(const std::array<uint32_t, kDensityCells>& cells)
      : cells_(cells) {
    for (unsigned i = 0; i < kDensityCells; ++i)
      sums_[i + 1] = sums_[i] + cells[i];
  }
  uint64_t Up(int32_t position) const {
    const auto at = static_cast<uint32_t>(
        std::clamp<int32_t>(position, 0, kDensityCells * kCell));
    const uint32_t cell = at / kCell;
    const uint64_t part = cell == kDensityCells ? 0 : cells_[cell];
    return sums_[cell] * kCell + part * (at % kCell);
  }

 private:
  const std::array<uint32_t, kDensityCells>& cells_;
  std::array<uint64_t, kDensityCells + 1> sums_{};
};

// Fills in a tree of masses.size() leaves.
void StartTree(std::span<const uint64_t> masses, uint32_t count,
               AdaptiveBit* nodes) {
  const auto leaves = static_cast<uint32_t>(masses.size());
  for (uint32_t node = 1; node < leaves; ++node) {
    const auto depth = static_cast<unsigned>(std::bit_width(node)) - 1;
    const uint32_t span = leaves >> depth;
    const uint32_t first = (node - (1u << depth)) * span;
    uint64_t zero = 1;
    uint64_t one = 1;
    for (uint32_t i = 0; i < span / 2; ++i) {
      zero += masses[first + i];
      one += masses[first + span / 2 + i];
    }
    const uint64_t probability = (one << kProbabilityBits) / (zero + one);
    nodes[node] =
        MakeAdaptiveBit(static_cast<uint32_t>(std::clamp<uint64_t>(
                            probability, kMinProbability, kMaxProbability)),
                        count);
  }
}

void StartClass(const ModelStart& start, const Masses& masses,
                ClassModel* model) {
  const SymbolShape& shape = start.shape;
  const uint32_t count = 4u * start.confidence;
  std::array<uint64_t, kSlots> slots{};
  uint64_t total = 0;
  for (unsigned slot = 0; slot < kOctaveSlots; ++slot) {
    for (const uint64_t mass : masses[slot]) slots[slot] += mass;
    total += slots[slot];
  }
  slots[kZeroSlot] = std::min<uint64_t>(
      total * start.zeros / (65536u - start.zeros), total * kMaxZeroWeight);
  slots[kEscapeSlot] = 1;
  std::array<uint64_t, kWindowSlots + 1> window{};
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    const unsigned leaf = slot - shape.window;
    if (leaf < kWindowSlots) {
      window[leaf] = slots[slot];
      slots[slot] = 0;
    } else {
      window[kWindowSlots] += slots[slot];
    }
  }
  model->window.fill(kEvenBit);
  model->other.fill(kEvenBit);
  StartTree(window, count, model->window.data());
  StartTree(slots, count / 4, model->other.data());
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    auto& top = model->top[slot];
    top.fill(kEvenBit);
    if (slot < kOctaveSlots) {
      StartTree(std::span(masses[slot]).first(size_t{1} << shape.top_bits),
                count, top.data());
    }
  }
}

}  // namespace

std::array<uint32_t, kDensityCells> CellsOfKnots(const ModelStart& start) {
  std::array<uint32_t, kDensityCells> cells;
  cells.fill(1);
  const auto knots = static_cast<unsigned>(start.knots.size());
  const unsigned spacing = start.knot_spacing;
  const unsigned span = 1u << spacing;
  for (unsigned i = 0; i + 1 < knots; ++i) {
    const uint32_t left = LogWeight(start.knots[i]);
    const uint32_t right = LogWeight(start.knots[i + 1]);
    for (unsigned q = 0; q < span; ++q) {
      // The line's height in the middle of the cell.
      cells[((start.first_knot + i) << spacing) + q] +=
          (left * (2 * span - 1 - 2 * q) + right * (1 + 2 * q)) >>
          (spacing + 1);
    }
  }
  return cells;
}

std::array<int32_t, (1u << kMaxModelledTopBits) + 1> TopBorders(
    unsigned top_bits, bool rounded) {
  std::array<int32_t, (1u << kMaxModelledTopBits) + 1> borders{};
  const unsigned parts = 1u << top_bits;
  const unsigned step = 16 / parts;
  for (unsigned i = 0; i <= parts; ++i) {
    // Half a part lower where elements were rounded to the nearest.
    borders[i] = kLogs[i * step - (rounded && i > 0 ? step / 2 : 0)];
  }
  if (rounded) {
    borders[0] = kRoundedLow[top_bits];
    borders[parts] = kOctave + kRoundedLow[top_bits];
  }
  return borders;
}

void StartModel(const ModelStart& start, SymbolModel* model) {
  const std::array<uint32_t, kDensityCells> cells = CellsOfKnots(start);
  const Integral integral(cells);
  const unsigned top_bits = start.shape.top_bits;
  const auto borders = TopBorders(top_bits, start.rounded);
  for (unsigned c = 0; c < kModelClasses; ++c) {
    Masses masses{};
    for (unsigned slot = 0; slot < kOctaveSlots; ++slot) {
      const int32_t octave =
          (16 + static_cast<int32_t>(kScaleSlot) - static_cast<int32_t>(slot)) *
              kOctave -
          static_cast<int32_t>(c) * kCell;
      for (unsigned top = 0; top < 1u << top_bits; ++top) {
        masses[slot][top] = (integral.Up(octave + borders[top + 1]) -
                             integral.Up(octave + borders[top])) >>
                            kMassShift;
      }
    }
    StartClass(start, masses, &model->classes[c]);
  }
}

}  // namespace ingot
