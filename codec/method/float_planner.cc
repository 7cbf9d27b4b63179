#include "codec/method/float_planner.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>

#include "codec/base/fixed_log2.h"
#include "codec/base/parallel_for.h"
#include "codec/entropy/tiered/tier_planner.h"
#include "codec/method/scale_runs.h"
#include "codec/method/scale_statistics.h"

namespace ingot {
namespace {

constexpr uint64_t kKi = 1024;

// What a level reads of a group and how much decoding time it may spend.
struct Effort {
  ScaleSampling scales;
  // The share of a group (1 / count_step) that is counted, but no more than
  // most_counted elements and no fewer than kFewestCounted: ranks are known
  // well by then, and a plan must not cost more than the coding.
  uint64_t count_step;
  uint64_t most_counted;
  unsigned max_tiers;
  double tier_penalty;  // bits per element that a further tier must gain
};

Effort EffortForLevel(int level) {
  if (level <= 1) return {{32, 256, 16, 128}, 32, 128 * kKi, 5, 0.004};
  if (level == 2) return {{16, 256, 8, 128}, 16, 256 * kKi, 8, 0.001};
  if (level == 3) return {{4, 512, 4, 1024}, 8, 512 * kKi, 8, 0.001};
  if (level == 4) return {{1, 0, 1, 0}, 1, UINT64_MAX, 8, 0};
  return {{1, 0, 1, 0}, 8, 512 * kKi, 8, 0.001};
}

constexpr uint64_t kFewestCounted = 32 * kKi;

// Elements that the choice of scales and the first look at a group read: of a
// large group kMostSampled, of smaller ones a share.
constexpr uint64_t kMostSampled = 64 * kKi;
constexpr uint64_t kFewestSampled = 8 * kKi;
constexpr uint64_t kSampleStep = 32;
constexpr uint64_t kSamplePiece = 1024;
// Groups with fewer elements have no scales: they could not pay for them.
constexpr uint64_t kMinScaledElements = 2048;
// Gain in bits per element below which tiers are not worth a kernel pass.
constexpr double kMinGain = 0.02;
// Bits per element above the entropy of the exponents from which on they may
// cost less as bytes, which have waste of their own and are slow to try. An
// entropy below the least that tiers take counts as that: exponents that are
// nearly constant do not lie far apart.
constexpr double kTooFarApart = 1.25;
constexpr double kLeastOfTiers = 1;

// Folded counts: [class][symbol - shift] and symbol 0 by class.
struct Counts {
  std::array<std::array<uint64_t, 256>, kClasses> relative{};
  std::array<uint64_t, kClasses> zeros{};
  uint64_t total = 0;

  void Add(const ScaleHistogram& histogram, bool with_zeros) {
    // A group has at most 2^24 elements.
    std::array<uint32_t, ScaleHistogram::kZeroSlots + kClasses> sums{};
    for (const auto& way : histogram.counts) {
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += way[i];
    }
    for (size_t i = 0; i < ScaleHistogram::kZeroSlots; ++i) {
      relative[i / 256][i % 256] += sums[i];
      total += sums[i];
    }
    for (size_t i = 0; with_zeros && i < kClasses; ++i) {
      zeros[i] += sums[ScaleHistogram::kZeroSlots + i];
      total += sums[ScaleHistogram::kZeroSlots + i];
    }
  }
};

// The slots of each class in order of their ranks, and what they count.
struct Ranking {
  static constexpr size_t kSlots = 32;

  explicit Ranking(const Counts& counts);
  // What an ideal coder would take: near enough to what tiers take to compare
  // ways to rank the same elements.
  double EntropyBits() const;
  // The same for any spread of slots and one class.
  static double SymbolEntropyBits(const Counts& counts);

  uint8_t base = 0;
  std::array<std::array<uint8_t, kSlots>, kClasses> order;
  std::array<uint64_t, kMaxRanks> counts{};
  uint64_t beyond = 0;  // elements without a rank
};

// The base: the window of slots 0..kMaxSlot below it that covers most. Where
// several do, two octaves of headroom for what a sample has not seen.
uint8_t ChooseBase(const Counts& counts) {
  std::array<uint64_t, 256> all{};
  for (const auto& relative : counts.relative) {
    for (size_t i = 0; i < 256; ++i) all[i] += relative[i];
  }
  std::array<uint64_t, 256> covered{};
  for (unsigned slot = 0; slot <= RankTable::kMaxSlot; ++slot) {
    covered[0] += all[-slot & 255];
  }
  for (unsigned base = 1; base < 256; ++base) {
    covered[base] = covered[base - 1] + all[base] -
                    all[(base - 1 - RankTable::kMaxSlot) & 255];
  }
  const uint64_t most = *std::max_element(covered.begin(), covered.end());
  unsigned base = 0;
  while (base < 256 &&
         !(covered[base] == most && covered[(base - 1) & 255] != most)) {
    ++base;
  }
  base &= 255;  // every base covers all: 0
  for (int headroom = 0; headroom < 2 && covered[(base + 1) & 255] == most;
       ++headroom) {
    base = (base + 1) & 255;
  }
  return static_cast<uint8_t>(base);
}

Ranking::Ranking(const Counts& from) : base(ChooseBase(from)) {
  beyond = from.total;
  for (size_t c = 0; c < kClasses; ++c) {
    std::array<uint64_t, kSlots> slots{};
    for (unsigned slot = 0; slot <= RankTable::kMaxSlot; ++slot) {
      slots[slot] = from.relative[c][(base - slot) & 255];
    }
    slots[RankTable::kZeroSlot] = from.zeros[c];
    // By frequency; unseen ones by their distance from the class's most
    // frequent slot, in case the sample missed them.
    const int mode = static_cast<int>(
        std::max_element(slots.begin(), slots.end() - 1) - slots.begin());
    std::iota(order[c].begin(), order[c].end(), 0);
    std::sort(order[c].begin(), order[c].end(), [&](uint8_t a, uint8_t b) {
      const int from_mode_a = std::abs(a - mode);
      const int from_mode_b = std::abs(b - mode);
      return std::tie(slots[b], from_mode_a, a) <
             std::tie(slots[a], from_mode_b, b);
    });
    for (size_t rank = 0; rank < kMaxRanks; ++rank) {
      counts[rank] += slots[order[c][rank]];
      beyond -= slots[order[c][rank]];
    }
  }
}

double Ranking::EntropyBits() const {
  return ingot::EntropyBits(counts) +
         static_cast<double>(beyond * kExceptionBytes * 8);
}

double Ranking::SymbolEntropyBits(const Counts& counts) {
  std::array<uint64_t, 257> symbols{};
  for (size_t c = 0; c < kClasses; ++c) {
    for (size_t i = 0; i < 256; ++i) symbols[i] += counts.relative[c][i];
    symbols[256] += counts.zeros[c];
  }
  return ingot::EntropyBits(symbols);
}

class Planner {
 public:
  Planner(const GroupData& group, int level, bool sparse,
          const Kernels& kernels, ThreadPool* pool, Attempts* trace)
      : group_(group),
        sparse_(sparse),
        layout_(*FloatLayoutOf(group.geometry.dtype)),
        kernels_(kernels.floats[static_cast<size_t>(layout_)]),
        all_kernels_(kernels),
        level_(level),
        effort_(EffortForLevel(level)),
        pool_(pool),
        trace_(trace) {}

  FloatPlan Run();

 private:
  // Counts `length` elements of the group from `begin` on under the scales of
  // `side`.
  void CountRange(const GroupSide& side, uint64_t begin, uint64_t length,
                  ScaleHistogram* histogram) const;
  Counts CountSample(const GroupSide& side) const;
  Counts CountRows(const GroupSide& side) const;
  // The scales among none, rows, columns and both that cost least.
  GroupSide ChooseScales() const;
  // Base, ranks, widths for `counts`; the bits that the tiers would take.
  double Fit(const Counts& counts, FloatPlan* plan) const;
  // REQUIRES: there is a trace.
  void TellTiers(const TierCode& code, double bits, double entropy,
                 bool gains) const;

  const GroupData& group_;
  const bool sparse_;
  const FloatLayout layout_;
  const FloatKernels& kernels_;
  const Kernels& all_kernels_;
  const int level_;
  const Effort effort_;
  ThreadPool* const pool_;
  Attempts* const trace_;
};

void Planner::CountRange(const GroupSide& side, uint64_t begin,
                         uint64_t length, ScaleHistogram* histogram) const {
  ScaleRuns runs;
  const uint64_t bytes = group_.geometry.element_bytes();
  for (uint64_t done = 0; done < length;) {
    const uint32_t n = static_cast<uint32_t>(
        std::min<uint64_t>(length - done, kSubBlockElements));
    const uint8_t* in = AsU8(group_.raw.data()) + (begin + done) * bytes;
    for (const ScaleRun& run :
         runs.Build(side, group_.geometry, group_.first,
                    group_.first + begin + done, n)) {
      kernels_.count(in, run, histogram);
      in += run.length * bytes;
    }
    done += n;
  }
}

Counts Planner::CountSample(const GroupSide& side) const {
  const auto histogram = std::make_unique<ScaleHistogram>();
  const uint64_t elements = group_.elements();
  const uint64_t sampled =
      std::clamp(elements / kSampleStep, kFewestSampled, kMostSampled);
  if (elements <= sampled) {
    CountRange(side, 0, elements, histogram.get());
  } else {
    const uint64_t pieces = sampled / kSamplePiece;
    for (uint64_t piece = 0; piece < pieces; ++piece) {
      // Multiples of 64, so that the fast runs apply where they can.
      const uint64_t begin = (elements - kSamplePiece) / (pieces - 1) * piece /
                             kPlaneUnit * kPlaneUnit;
      CountRange(side, begin, kSamplePiece, histogram.get());
    }
  }
  Counts counts;
  counts.Add(*histogram, !sparse_);
  return counts;
}

Counts Planner::CountRows(const GroupSide& side) const {
  const uint64_t elements = group_.elements();
  // Rows, or pieces where rows are short or there is but one.
  const uint64_t unit = std::clamp<uint64_t>(
      AlignUp(group_.geometry.columns, kPlaneUnit), kSamplePiece,
      kSubBlockElements);
  const uint64_t counted =
      std::clamp(elements / effort_.count_step,
                 std::min(kFewestCounted, elements), effort_.most_counted);
  const uint64_t step = elements / counted;
  const uint64_t units = DivideRoundingUp(elements, unit * step);
  const uint64_t tasks = std::min<uint64_t>(
      units, pool_ == nullptr ? 1 : static_cast<uint64_t>(pool_->threads()));
  std::vector<Counts> partial(tasks);
  ParallelFor(pool_, tasks, [&](size_t task) {
    const auto histogram = std::make_unique<ScaleHistogram>();
    for (uint64_t i = task; i < units; i += tasks) {
      const uint64_t begin = i * unit * step;
      CountRange(side, begin, std::min(unit, elements - begin),
                 histogram.get());
    }
    partial[task].Add(*histogram, !sparse_);
  });
  Counts counts = partial[0];
  for (size_t task = 1; task < tasks; ++task) {
    for (size_t c = 0; c < kClasses; ++c) {
      for (size_t i = 0; i < 256; ++i) {
        counts.relative[c][i] += partial[task].relative[c][i];
      }
      counts.zeros[c] += partial[task].zeros[c];
    }
    counts.total += partial[task].total;
  }
  return counts;
}

GroupSide Planner::ChooseScales() const {
  GroupSide plain;
  plain.elements = group_.elements();
  plain.tiered = true;
  const uint64_t rows =
      RowsInGroup(group_.geometry, group_.first, group_.elements());
  if (rows < 2 || group_.elements() < kMinScaledElements) {
    Tell(trace_, Attempt::Stage::kScales, "scales",
         Attempt::Outcome::kRuledOut, std::nullopt,
         rows < 2 ? "one row" : "few elements");
    return plain;
  }

  const Counts look = CountSample(plain);
  const double plain_bits = Ranking(look).EntropyBits();
  ScaleOptions options{.sampling = effort_.scales,
                       .neutral = 0,
                       .zeros = 0,
                       .counted = look.total};
  options.zeros = std::accumulate(look.zeros.begin(), look.zeros.end(),
                                  uint64_t{0});
  if (options.zeros == look.total) return plain;
  uint64_t weighted = 0;
  for (uint64_t symbol = 1; symbol < 256; ++symbol) {
    weighted += symbol * look.relative[0][symbol];
  }
  const uint64_t others = look.total - options.zeros;
  options.neutral = static_cast<uint8_t>((weighted + others / 2) / others);

  Scales scales = MeasureScales(kernels_, group_, options, pool_);
  GroupSide best = plain;
  double best_bits = plain_bits * static_cast<double>(group_.elements()) /
                     static_cast<double>(look.total);
  size_t chosen = 0;
  const auto tell = [&](const char* name, double bits, bool better) {
    if (trace_ == nullptr) return;
    if (better) chosen = trace_->size();
    Tell(trace_, Attempt::Stage::kScales, name, Attempt::Outcome::kLarger,
         static_cast<uint64_t>(bits / 8));
  };
  tell("no scales", best_bits, true);
  for (const auto& [use_rows, use_columns] :
       {std::pair(true, false), std::pair(false, true),
        std::pair(true, true)}) {
    GroupSide side = plain;
    double side_bytes = 0;
    if (use_rows) {
      side.rows = scales.rows;
      side_bytes += static_cast<double>(ScaleVectorBytes(
          side.rows, side.rows.size() - kKernelSlack));
    }
    if (use_columns && !scales.columns.empty()) {
      side.columns = scales.columns;
      side_bytes += static_cast<double>(ScaleVectorBytes(
          side.columns, side.columns.size() - kKernelSlack));
    }
    const Counts counts = CountSample(side);
    // Three more classes in the table as well.
    const double bits = Ranking(counts).EntropyBits() *
                            static_cast<double>(group_.elements()) /
                            static_cast<double>(counts.total) +
                        8 * (side_bytes + 3 * kMaxRanks * 5 / 8);
    tell(!use_columns ? "row scales"
         : use_rows   ? "both scales"
                      : "column scales",
         bits, bits < best_bits);
    if (bits < best_bits) {
      best_bits = bits;
      best = std::move(side);
    }
  }
  if (trace_ != nullptr) {
    (*trace_)[chosen].outcome = Attempt::Outcome::kChosen;
  }
  return best;
}

double Planner::Fit(const Counts& counts, FloatPlan* plan) const {
  const Ranking ranking(counts);
  TierCode& code = plan->side.code;
  code.base = ranking.base;
  const TierPlan tiers = PlanTiers(ranking.counts, ranking.beyond,
                                   effort_.max_tiers, effort_.tier_penalty);
  code.tier_count = tiers.tier_count;
  code.widths = tiers.widths;
  // Ranks that the tiers can name anyway cost nothing.
  unsigned capacity = 0;
  for (unsigned tier = 0; tier < tiers.tier_count; ++tier) {
    capacity += TierCapacity(tiers.widths[tier], tier + 1 == tiers.tier_count);
  }
  code.rank_count =
      static_cast<uint8_t>(std::min<unsigned>(capacity, kMaxRanks));
  const size_t classes = plan->side.has_scales() ? kClasses : 1;
  code.offsets.fill(0);
  for (size_t c = 0; c < kClasses; ++c) {
    plan->ranks.ranks[c].fill(RankTable::kNoRank);
    if (c >= classes) continue;
    for (uint8_t rank = 0; rank < code.rank_count; ++rank) {
      const uint8_t slot = ranking.order[c][rank];
      plan->ranks.ranks[c][slot] = rank;
      code.offsets[c * kMaxRanks + rank] =
          slot == RankTable::kZeroSlot ? kZeroOffset : slot;
    }
  }
  return tiers.bits;
}

void Planner::TellTiers(const TierCode& code, double bits, double entropy,
                        bool gains) const {
  std::string text = "widths ";
  for (unsigned tier = 0; tier < code.tier_count; ++tier) {
    text += (tier == 0 ? "" : ",") + std::to_string(code.widths[tier]);
  }
  const auto decimal = [](double value) {
    const auto hundredths = static_cast<uint64_t>(value * 100 + 0.5);
    const std::string digits = std::to_string(hundredths % 100);
    return std::to_string(hundredths / 100) + (digits.size() < 2 ? ".0" : ".") +
           digits;
  };
  text += ", base " + std::to_string(code.base) + "; " + decimal(bits) +
          " bits/exponent, entropy under these scales " + decimal(entropy);
  Tell(trace_, Attempt::Stage::kExponents, "tiered",
       gains ? Attempt::Outcome::kChosen : Attempt::Outcome::kRuledOut,
       static_cast<uint64_t>(bits * static_cast<double>(group_.elements()) / 8),
       gains ? text : "too even; " + text);
}

FloatPlan Planner::Run() {
  FloatPlan plan;
  plan.side = ChooseScales();
  const Counts counts = CountRows(plan.side);
  const double bits =
      Fit(counts, &plan) / static_cast<double>(counts.total);
  const unsigned exponent_bits = GetFloatLayoutInfo(layout_).exponent_bits;
  const double entropy = Ranking::SymbolEntropyBits(counts) /
                         static_cast<double>(counts.total);
  plan.try_split = bits > std::max(entropy, kLeastOfTiers) + kTooFarApart;
  const bool gains = bits <= exponent_bits - kMinGain;
  if (trace_ != nullptr) TellTiers(plan.side.code, bits, entropy, gains);
  if (!gains) {
    plan.side = GroupSide{};
    plan.side.elements = group_.elements();
  } else if (plan.try_split) {
    // Tables for joined exponents would hardly pay.
    if (level_ >= kHuffmanLevel) {
      Tell(trace_, Attempt::Stage::kExponents, "joined",
           Attempt::Outcome::kRuledOut, std::nullopt,
           "exponents lie far apart: bytes may take less");
    }
  } else if (level_ >= kHuffmanLevel && !sparse_) {
    PlanJoinedGroup(
        group_, level_,
        static_cast<uint64_t>(bits * static_cast<double>(group_.elements())),
        all_kernels_, pool_, &plan.side, &plan.joined, trace_);
  }
  return plan;
}

}  // namespace

FloatPlan PlanFloatGroup(const GroupData& group, int level, bool sparse,
                         const Kernels& kernels, ThreadPool* pool,
                         Attempts* trace) {
  return Planner(group, level, sparse, kernels, pool, trace).Run();
}

}  // namespace ingot
