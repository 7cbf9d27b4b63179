#include "codec/method/modelled_scales.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "codec/base/fixed_log2.h"
#include "codec/base/parallel_for.h"
#include "codec/method/group_side.h"
#include "codec/planes/float_parts.h"

namespace ingot {
namespace {

// Sums of positions times counts; __extension__ because ISO C++ has no such
// type.
__extension__ using Int128 = __int128;

// Positions are logarithms of magnitudes in 1/256 octave.
constexpr int32_t kPositionBits = 8;
// round(256 * log2(1 + (i + 1/2) / 16)) for mantissas that go on, and
// round(256 * log2(1 + i / 16)) for those that end here.
constexpr std::array<int32_t, 16> kMiddleLogs = {
    11, 33, 54, 73, 92, 109, 126, 142, 157, 172, 186, 200, 213, 226, 238, 250};
constexpr std::array<int32_t, 16> kExactLogs = {
    0, 22, 44, 63, 82, 100, 118, 134, 150, 165, 179, 193, 207, 220, 232, 244};

// Mean scales reach this many steps to both sides; refinement goes further.
constexpr int64_t kReach = 110;
constexpr int kRefineSteps = 4;
// Room below the smallest scale for two refinements.
constexpr int kRefineRoom = 2 * kRefineSteps;
constexpr int kCandidates = 2 * kRefineSteps + 1;

// Rows and columns that a task takes.
constexpr uint64_t kTaskRows = 64;
constexpr uint64_t kTaskColumns = 512;

constexpr size_t kCountPiece = 1024;
constexpr unsigned kCellPrecision = 256;
constexpr unsigned kBorderUnits = 4096 / kCellsPerOctave;  // of a cell

// A float's position; 0 for exponent 0, which has none.
template <FloatLayout kLayout>
inline int32_t PositionOf(const uint8_t* in) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  const FloatParts parts = SplitFloat<kLayout>(in);
  const uint64_t mantissa =
      parts.remainder & ((uint64_t{1} << kInfo.mantissa_bits) - 1);
  const auto position = static_cast<int32_t>(parts.exponent << kPositionBits);
  int32_t part;
  if constexpr (kInfo.mantissa_bits >= 4) {
    part = kMiddleLogs[mantissa >> (kInfo.mantissa_bits - 4)];
  } else {
    part = kExactLogs[mantissa << (4 - kInfo.mantissa_bits)];
  }
  return parts.exponent == 0 ? 0 : position + part;
}

// The step of scales that rest on `elements` each: about what their noise
// makes of them.
uint8_t StepFor(uint64_t elements) {
  if (elements >= 2048) return 0;
  if (elements >= 512) return 1;
  if (elements >= 128) return 2;
  return elements >= 32 ? 3 : 4;
}

// A group as rows.
class Rows {
 public:
  explicit Rows(const GroupData& group)
      : elements_(group.elements()),
        columns_(group.geometry.columns),
        phase_(group.first % columns_),
        count_(RowsInGroup(group.geometry, group.first, elements_)) {}

  uint64_t count() const { return count_; }
  // First element of a row within the group, and its column.
  uint64_t Begin(uint64_t row) const {
    return row == 0 ? 0 : row * columns_ - phase_;
  }
  uint64_t Column(uint64_t row) const { return row == 0 ? phase_ : 0; }
  uint64_t End(uint64_t row) const {
    return std::min(elements_, (row + 1) * columns_ - phase_);
  }

 private:
  const uint64_t elements_;
  const uint64_t columns_;
  const uint64_t phase_;
  const uint64_t count_;
};

struct Sum {
  int64_t sum = 0;
  uint64_t count = 0;
};

// round((sum / count - mean) / step) for every sum.
std::vector<int16_t> Quantise(const std::vector<Sum>& sums, const Sum& all,
                              uint8_t step) {
  const Int128 unit = Int128{16} << step;
  std::vector<int16_t> steps(sums.size(), 0);
  for (size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].count == 0) continue;
    const Int128 divisor = unit * sums[i].count * all.count;
    const Int128 doubled = 2 * (static_cast<Int128>(sums[i].sum) * all.count -
                                static_cast<Int128>(all.sum) * sums[i].count) +
                           divisor;
    Int128 rounded = doubled / (2 * divisor);
    if (doubled % (2 * divisor) < 0) --rounded;  // towards minus infinity
    steps[i] =
        static_cast<int16_t>(std::clamp<Int128>(rounded, -kReach, kReach));
  }
  return steps;
}

// Codes from signed steps; `*base` moves along.
std::vector<uint8_t> Shifted(const std::vector<int16_t>& steps, uint8_t step,
                             int32_t* base) {
  const int smallest = *std::min_element(steps.begin(), steps.end());
  std::vector<uint8_t> codes(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    codes[i] = static_cast<uint8_t>(steps[i] - smallest + kRefineRoom);
  }
  *base += (smallest - kRefineRoom) * (1 << step);
  return codes;
}

using PriceTable = std::array<uint32_t, kDensityCells>;
constexpr unsigned kPriceBits = 12;

// -log2 of the smoothed density of every cell.
PriceTable PricesOf(const DensityCounts& counts) {
  constexpr std::array<unsigned, 5> kSmooth = {1, 2, 3, 2, 1};
  std::array<uint64_t, kDensityCells> smooth{};
  uint64_t total = 0;
  for (int cell = 0; cell < static_cast<int>(kDensityCells); ++cell) {
    for (int k = -2; k <= 2; ++k) {
      const int other = std::clamp(cell + k, 0, int{kDensityCells} - 1);
      smooth[static_cast<size_t>(cell)] +=
          kSmooth[static_cast<size_t>(k + 2)] *
          counts.cells[static_cast<size_t>(other)];
    }
    total += smooth[static_cast<size_t>(cell)];
  }
  const unsigned shift = static_cast<unsigned>(
      std::max(0, static_cast<int>(std::bit_width(total)) - 31));
  const uint32_t all = FixedLog2(static_cast<uint32_t>(total >> shift) + 1);
  PriceTable prices;
  for (size_t cell = 0; cell < kDensityCells; ++cell) {
    const uint32_t log =
        FixedLog2(static_cast<uint32_t>(smooth[cell] >> shift) + 1);
    prices[cell] = (all - std::min(all, log)) >> (kFixedLog2Bits - kPriceBits);
  }
  return prices;
}

// The price of each code as the codes are distributed now.
std::array<uint32_t, 256> PricesOfCodes(const std::vector<uint8_t>& codes) {
  constexpr uint32_t kUnseenPrice = 12u << kPriceBits;
  std::array<uint32_t, 256> counts{};
  for (const uint8_t code : codes) ++counts[code];
  std::array<uint32_t, 256> prices;
  const uint32_t all = FixedLog2(static_cast<uint32_t>(codes.size()));
  for (size_t code = 0; code < 256; ++code) {
    prices[code] = counts[code] == 0 ? kUnseenPrice
                                     : (all - FixedLog2(counts[code])) >>
                                           (kFixedLog2Bits - kPriceBits);
  }
  return prices;
}

using Costs = std::array<uint64_t, kCandidates>;

// Adds what an element at `cell` would cost under each candidate.
inline void AddCosts(const PriceTable& prices, int32_t cell, unsigned step,
                     Costs* costs) {
  for (int k = 0; k < kCandidates; ++k) {
    const int32_t moved = std::clamp<int32_t>(
        cell - (k - kRefineSteps) * (1 << step), 0, kDensityCells - 1);
    (*costs)[static_cast<size_t>(k)] += prices[static_cast<size_t>(moved)];
  }
}

uint8_t CheapestCode(uint8_t code, const Costs& costs,
                     const std::array<uint32_t, 256>& prices) {
  uint64_t best = UINT64_MAX;
  int best_code = code;
  for (int k = 0; k < kCandidates; ++k) {
    const int candidate = code + k - kRefineSteps;
    if (candidate < 0 || candidate > 255) continue;
    const uint64_t cost =
        costs[static_cast<size_t>(k)] + prices[static_cast<size_t>(candidate)];
    if (cost < best) {
      best = cost;
      best_code = candidate;
    }
  }
  return static_cast<uint8_t>(best_code);
}

// Calls visit(row, column, cell) for the elements of some rows and columns
// that have a cell.
template <FloatLayout kLayout, typename Visit>
void VisitCells(const ModelledSide& side, const GroupData& group,
                const Rows& rows, uint64_t row, uint64_t first_column,
                uint64_t last_column, const Visit& visit) {
  constexpr size_t kBytes = GetFloatLayoutInfo(kLayout).element_bytes;
  int32_t scale = side.base;
  if (!side.rows.empty()) scale += side.rows[row] << side.row_step;
  const uint64_t column = rows.Column(row);
  const uint64_t length = rows.End(row) - rows.Begin(row);
  const uint8_t* const in = AsU8(group.raw.data()) + rows.Begin(row) * kBytes;
  const uint64_t begin = std::max(first_column, column);
  const uint64_t end = std::min(last_column, column + length);
  for (uint64_t j = begin; j < end; ++j) {
    const int32_t position = PositionOf<kLayout>(in + (j - column) * kBytes);
    if (position == 0) continue;
    const int32_t own = side.columns.empty()
                            ? scale
                            : scale + (side.columns[j] << side.column_step);
    const int32_t cell =
        (position >> 4) - own + static_cast<int32_t>(kDensityCells / 2);
    if (cell < 0 || cell >= static_cast<int32_t>(kDensityCells)) continue;
    visit(j, cell);
  }
}

}  // namespace

ScaleMeans MeasureMeans(const GroupData& group, ThreadPool* pool) {
  const Rows rows(group);
  const uint64_t columns = group.geometry.columns;
  ScaleMeans means;
  std::vector<Sum> row_sums(rows.count());
  std::vector<Sum> column_sums(
      columns <= kMaxModelledColumns && rows.count() > 1 ? columns : 0);
  WithLayout(*FloatLayoutOf(group.geometry.dtype), [&](auto layout) {
    constexpr FloatLayout kLayout = layout();
    constexpr size_t kBytes = GetFloatLayoutInfo(kLayout).element_bytes;
    const uint8_t* const raw = AsU8(group.raw.data());
    ParallelFor(pool, DivideRoundingUp(rows.count(), kTaskRows), [&](size_t t) {
      const uint64_t last = std::min(rows.count(), (t + 1) * kTaskRows);
      for (uint64_t row = t * kTaskRows; row < last; ++row) {
        Sum sum;
        for (uint64_t i = rows.Begin(row); i < rows.End(row); ++i) {
          const int32_t position = PositionOf<kLayout>(raw + i * kBytes);
          sum.sum += position;
          sum.count += position != 0;
        }
        row_sums[row] = sum;
      }
    });
    ParallelFor(pool, DivideRoundingUp(column_sums.size(), kTaskColumns),
                [&](size_t t) {
                  const uint64_t first = t * kTaskColumns;
                  const uint64_t last = std::min<uint64_t>(
                      column_sums.size(), first + kTaskColumns);
                  for (uint64_t row = 0; row < rows.count(); ++row) {
                    const uint64_t column = rows.Column(row);
                    const uint64_t begin = std::max(first, column);
                    const uint64_t end = std::min(
                        last, column + rows.End(row) - rows.Begin(row));
                    const uint8_t* const in = raw + rows.Begin(row) * kBytes;
                    for (uint64_t j = begin; j < end; ++j) {
                      const int32_t position =
                          PositionOf<kLayout>(in + (j - column) * kBytes);
                      column_sums[j].sum += position;
                      column_sums[j].count += position != 0;
                    }
                  }
                });
  });
  Sum all;
  for (const Sum& sum : row_sums) {
    all.sum += sum.sum;
    all.count += sum.count;
  }
  means.zeros = group.elements() - all.count;
  if (all.count == 0) return means;
  means.base = static_cast<int32_t>(all.sum / static_cast<int64_t>(all.count) /
                                    kCellsPerOctave);
  means.row_step = StepFor(std::min(columns, group.elements()));
  means.column_step = StepFor(rows.count());
  means.rows = Quantise(row_sums, all, means.row_step);
  means.columns = Quantise(column_sums, all, means.column_step);
  return means;
}

void UseMeans(const ScaleMeans& means, bool rows, bool columns,
              ModelledSide* side) {
  int32_t base = means.base;
  side->rows.clear();
  side->columns.clear();
  side->row_step = means.row_step;
  side->column_step = means.column_step;
  if (rows) side->rows = Shifted(means.rows, means.row_step, &base);
  if (columns) {
    side->columns = Shifted(means.columns, means.column_step, &base);
  }
  side->base = static_cast<int16_t>(base);
}

DensityCounts CountDensity(const ModelledSide& side, const GroupData& group,
                           uint64_t limit) {
  const FloatLayout layout = *FloatLayoutOf(group.geometry.dtype);
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  const unsigned top_bits =
      std::min<unsigned>(kMaxModelledTopBits, info.mantissa_bits);
  std::vector<uint32_t> tally(kModelClasses * kOctaveSlots << top_bits, 0);
  DensityCounts counts;
  const uint64_t elements = group.elements();
  const uint64_t pieces = DivideRoundingUp(elements, kCountPiece);
  const uint64_t step = std::max<uint64_t>(
      1, pieces / std::max<uint64_t>(1, limit / kCountPiece));
  std::array<uint8_t, kCountPiece> classes;
  std::array<int16_t, kCountPiece> octaves;
  WithLayout(layout, [&](auto constant) {
    constexpr FloatLayout kLayout = constant();
    constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
    for (uint64_t piece = 0; piece < pieces; piece += step) {
      const uint64_t first = piece * kCountPiece;
      const auto n = static_cast<size_t>(
          std::min<uint64_t>(kCountPiece, elements - first));
      FillScales(side, group.geometry, group.first, group.first + first,
                 std::span(classes).first(n), octaves.data());
      const uint8_t* in = AsU8(group.raw.data()) + first * kInfo.element_bytes;
      counts.total += n;
      for (size_t i = 0; i < n; ++i, in += kInfo.element_bytes) {
        const FloatParts parts = SplitFloat<kLayout>(in);
        if (parts.exponent == 0) {
          ++counts.zeros;
          continue;
        }
        const int slot =
            octaves[i] + int{kScaleSlot} - static_cast<int>(parts.exponent);
        if (slot < 0 || slot >= static_cast<int>(kOctaveSlots)) continue;
        const uint64_t top =
            (parts.remainder >> (kInfo.mantissa_bits - top_bits)) &
            ((1u << top_bits) - 1);
        ++tally[((classes[i] * kOctaveSlots + static_cast<unsigned>(slot))
                 << top_bits) +
                top];
      }
    }
  });

  const auto borders = TopBorders(top_bits, top_bits == info.mantissa_bits);
  const uint32_t* entry = tally.data();
  for (unsigned c = 0; c < kModelClasses; ++c) {
    for (unsigned slot = 0; slot < kOctaveSlots; ++slot) {
      const int32_t octave =
          (16 + static_cast<int32_t>(kScaleSlot) - static_cast<int32_t>(slot)) *
              4096 -
          static_cast<int32_t>(c * kBorderUnits);
      for (unsigned top = 0; top < 1u << top_bits; ++top, ++entry) {
        if (*entry == 0) continue;
        counts.slots[slot] += *entry;
        // Spread evenly between the borders.
        const int32_t begin = std::max(0, octave + borders[top]);
        const int32_t end = std::min<int32_t>(octave + borders[top + 1],
                                              kDensityCells * kBorderUnits);
        for (int32_t at = begin; at < end;) {
          const int32_t cell = at / static_cast<int32_t>(kBorderUnits);
          const int32_t next =
              std::min(end, (cell + 1) * static_cast<int32_t>(kBorderUnits));
          counts.cells[static_cast<size_t>(cell)] +=
              uint64_t{*entry} * kCellPrecision *
              static_cast<uint64_t>(next - at) /
              static_cast<uint64_t>(borders[top + 1] - borders[top]);
          at = next;
        }
      }
    }
  }
  return counts;
}

uint64_t DensityEntropy(const DensityCounts& counts) {
  const PriceTable prices = PricesOf(counts);
  uint64_t total = 0;
  uint64_t bits = 0;
  for (size_t cell = 0; cell < kDensityCells; ++cell) {
    const uint64_t elements = counts.cells[cell] / kCellPrecision;
    total += elements;
    bits += elements * prices[cell];
  }
  return total == 0 ? 0 : (bits << (kFixedLog2Bits - kPriceBits)) / total;
}

void RefineScales(const DensityCounts& counts, const GroupData& group,
                  bool rows, ThreadPool* pool, ModelledSide* side) {
  const PriceTable prices = PricesOf(counts);
  const Rows group_rows(group);
  std::vector<uint8_t>& codes = rows ? side->rows : side->columns;
  const std::array<uint32_t, 256> code_prices = PricesOfCodes(codes);
  std::vector<uint8_t> refined = codes;
  WithLayout(*FloatLayoutOf(group.geometry.dtype), [&](auto layout) {
    constexpr FloatLayout kLayout = layout();
    const uint64_t task = rows ? kTaskRows : kTaskColumns;
    ParallelFor(pool, DivideRoundingUp(codes.size(), task), [&](size_t t) {
      const uint64_t first = t * task;
      const uint64_t last = std::min<uint64_t>(codes.size(), first + task);
      std::vector<Costs> costs(last - first, Costs{});
      if (rows) {
        for (uint64_t row = first; row < last; ++row) {
          VisitCells<kLayout>(*side, group, group_rows, row, 0, UINT64_MAX,
                              [&](uint64_t, int32_t cell) {
                                AddCosts(prices, cell, side->row_step,
                                         &costs[row - first]);
                              });
        }
      } else {
        for (uint64_t row = 0; row < group_rows.count(); ++row) {
          VisitCells<kLayout>(*side, group, group_rows, row, first, last,
                              [&](uint64_t column, int32_t cell) {
                                AddCosts(prices, cell, side->column_step,
                                         &costs[column - first]);
                              });
        }
      }
      for (uint64_t i = first; i < last; ++i) {
        refined[i] = CheapestCode(codes[i], costs[i - first], code_prices);
      }
    });
  });
  codes = std::move(refined);
}

}  // namespace ingot
