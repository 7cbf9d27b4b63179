#include "codec/method/delta_rows.h"

#include <algorithm>
#include <array>
#include <bit>

#include "codec/base/fixed_log2.h"
#include "codec/method/group_side.h"
#include "codec/predict/difference.h"

namespace ingot {
namespace {

// Shifts are 0 to kMaxShift half octaves, kNoShift being that of a row like
// the others.
constexpr unsigned kMaxShift = 16;
constexpr unsigned kNoShift = kMaxShift / 2;
constexpr unsigned kOriginStep = kNoShift / 2;  // octaves
// Differences by their number of bits, and those that change the sign.
constexpr unsigned kLengths = 65;
constexpr unsigned kSignChange = 64;
// Magnitudes above the origin beyond which classes are the last one.
constexpr unsigned kMagnitudes = kDeltaClasses / 2 + kMaxShift / 2 + 1;
constexpr uint64_t kFewestColumns = 32;
constexpr unsigned kRounds = 3;
// Rows that are looked at first: where they gain nothing, nothing does.
constexpr uint64_t kTrialRows = 256;
constexpr double kWorthwhileTrial = 0.004;  // bits an element

struct Entry {
  uint8_t magnitude;  // above the origin
  uint8_t length;
  uint32_t count;
};
using RowEntries = std::vector<Entry>;

unsigned ClassOf(unsigned magnitude, unsigned shift) {
  return DeltaClass(static_cast<uint8_t>(magnitude), 0,
                    static_cast<uint8_t>(shift));
}

// What each length costs in each class, in 1/2^kFixedLog2Bits bits.
class Costs {
 public:
  Costs() : counts_(kDeltaClasses) {}
  void Add(const RowEntries& row, unsigned shift) {
    for (const Entry& entry : row) {
      counts_[ClassOf(entry.magnitude, shift)][entry.length] += entry.count;
    }
  }
  void Settle() {
    for (unsigned k = 0; k < kDeltaClasses; ++k) {
      // Half of the classes may be empty: each looks at its neighbours too.
      std::array<uint64_t, kLengths> smooth;
      uint64_t total = 0;
      for (unsigned n = 0; n < kLengths; ++n) {
        const uint64_t below = k > 0 ? counts_[k - 1][n] : 0;
        const uint64_t above = k + 1 < kDeltaClasses ? counts_[k + 1][n] : 0;
        smooth[n] = 16 * (2 * counts_[k][n] + below + above) + 1;
        total += smooth[n];
      }
      for (unsigned n = 0; n < kLengths; ++n) {
        costs_[k][n] = FixedLog2(total) - FixedLog2(smooth[n]);
      }
    }
  }
  uint64_t Of(const RowEntries& row, unsigned shift) const {
    uint64_t cost = 0;
    for (const Entry& entry : row) {
      cost += uint64_t{entry.count} *
              costs_[ClassOf(entry.magnitude, shift)][entry.length];
    }
    return cost;
  }

 private:
  std::vector<std::array<uint64_t, kLengths>> counts_;
  std::array<std::array<uint32_t, kLengths>, kDeltaClasses> costs_{};
};

class RowReader {
 public:
  RowReader(const GroupData& group, uint8_t origin)
      : group_(group),
        format_(*DifferenceFormatOf(group.geometry.dtype)),
        origin_(origin),
        first_row_(group.first / group.geometry.columns),
        counts_(kMagnitudes * kLengths) {}

  uint64_t rows() const {
    return RowsInGroup(group_.geometry, group_.first, group_.elements());
  }
  RowEntries Read(uint64_t row) {
    const uint64_t columns = group_.geometry.columns;
    const uint64_t begin = (first_row_ + row) * columns;
    const uint64_t from = std::max(begin, group_.first) - group_.first;
    const uint64_t to =
        std::min(begin + columns - group_.first, group_.elements());
    WithElements(format_, [&]<typename Kind, typename Word>(Kind, Word) {
      for (uint64_t i = from; i < to; ++i) {
        const Word base =
            LoadLittleEndian<Word>(group_.base.data() + i * sizeof(Word));
        const Word z = Difference<Kind::value>(
            base, LoadLittleEndian<Word>(group_.raw.data() + i * sizeof(Word)));
        const unsigned magnitude = BaseMagnitude<Kind::value>(format_, base);
        const unsigned above =
            magnitude > origin_ ? std::min(magnitude - origin_, kMagnitudes - 1)
                                : 0;
        const unsigned length = z >= kTopBit<Word>
                                    ? kSignChange
                                    : static_cast<unsigned>(std::bit_width(z));
        const unsigned key = above * kLengths + length;
        if (counts_[key]++ == 0) keys_.push_back(key);
      }
    });
    RowEntries result;
    result.reserve(keys_.size());
    for (const unsigned key : keys_) {
      result.push_back({static_cast<uint8_t>(key / kLengths),
                        static_cast<uint8_t>(key % kLengths), counts_[key]});
      counts_[key] = 0;
    }
    keys_.clear();
    return result;
  }

 private:
  const GroupData& group_;
  const DifferenceFormat format_;
  const unsigned origin_;
  const uint64_t first_row_;
  std::vector<uint32_t> counts_;
  std::vector<unsigned> keys_;
};

// Chooses shifts and returns what they gain, in bits.
double Choose(const std::vector<RowEntries>& rows,
              std::vector<uint8_t>* shifts) {
  shifts->assign(rows.size(), kNoShift);
  uint64_t before = 0;
  uint64_t after = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    Costs costs;
    for (size_t i = 0; i < rows.size(); ++i) costs.Add(rows[i], (*shifts)[i]);
    costs.Settle();
    after = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      uint64_t best = UINT64_MAX;
      const unsigned old = (*shifts)[i];
      if (round == 0) before += costs.Of(rows[i], old);
      for (unsigned shift = 0; shift <= kMaxShift; ++shift) {
        const uint64_t cost = costs.Of(rows[i], shift);
        if (cost < best || (cost == best && shift == old)) {
          best = cost;
          (*shifts)[i] = static_cast<uint8_t>(shift);
        }
      }
      after += best;
    }
  }
  return before <= after
             ? 0
             : static_cast<double>(before - after) / (1 << kFixedLog2Bits);
}

}  // namespace

std::optional<RowShifts> ChooseRowShifts(const GroupData& group,
                                         uint8_t origin) {
  if (group.geometry.columns < kFewestColumns || origin < kOriginStep) {
    return std::nullopt;
  }
  RowShifts result;
  result.origin = static_cast<uint8_t>(origin - kOriginStep);
  RowReader reader(group, result.origin);
  const uint64_t count = reader.rows();
  if (count < 2) return std::nullopt;
  std::vector<RowEntries> rows;
  if (count > 2 * kTrialRows) {
    uint64_t elements = 0;
    for (uint64_t i = 0; i < kTrialRows; ++i) {
      rows.push_back(reader.Read(i * count / kTrialRows));
      elements += group.geometry.columns;
    }
    if (Choose(rows, &result.shifts) <
        kWorthwhileTrial * static_cast<double>(elements)) {
      return std::nullopt;
    }
    rows.clear();
  }
  for (uint64_t i = 0; i < count; ++i) rows.push_back(reader.Read(i));
  const double gain = Choose(rows, &result.shifts);
  const size_t cost = ScaleVectorBytes(result.shifts, result.shifts.size());
  if (gain < 1.1 * 8 * static_cast<double>(cost)) return std::nullopt;
  return result;
}

}  // namespace ingot
