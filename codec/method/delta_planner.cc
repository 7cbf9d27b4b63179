#include "codec/method/delta_planner.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "codec/base/fixed_log2.h"
#include "codec/entropy/log_weight.h"
#include "codec/entropy/tiered/tier_planner.h"
#include "codec/method/block_codec.h"
#include "codec/method/delta_method.h"
#include "codec/method/delta_rows.h"

namespace ingot {
namespace {

constexpr int kFirstRansLevel = 5;
constexpr int kFirstCmLevel = 7;
constexpr int kFirstRowsLevel = 3;

// Differences without their top bit by size: exactly below kExactBins, then 64
// bins an octave, so that no bin is wider than a symbol (seven bits).
constexpr unsigned kExactBits = 7;
constexpr unsigned kExactBins = 1u << kExactBits;
constexpr unsigned kBinBits = kExactBits - 1;  // of an octave

constexpr unsigned BinOf(uint64_t size) {
  if (size < kExactBins) return static_cast<unsigned>(size);
  const auto bits = static_cast<unsigned>(std::bit_width(size));
  return kExactBins + ((bits - kExactBits - 1) << kBinBits) +
         (static_cast<unsigned>(size >> (bits - kExactBits)) &
          ((1u << kBinBits) - 1));
}
// The smallest size of a bin.
constexpr uint64_t BinStart(unsigned bin) {
  if (bin < kExactBins) return bin;
  const unsigned octave = (bin - kExactBins) >> kBinBits;
  const unsigned within = bin & ((1u << kBinBits) - 1);
  return ((uint64_t{1} << kBinBits) + within) << (octave + 1);
}
static_assert(BinOf(BinStart(kExactBins + 85)) == kExactBins + 85);

// [top bit][bin]
struct Histogram {
  explicit Histogram(unsigned bits) {
    for (auto& half : halves) {
      half.resize(BinOf((uint64_t{1} << (bits - 1)) - 1) + 1);
    }
  }
  unsigned bins() const { return static_cast<unsigned>(halves[0].size()); }

  std::array<std::vector<uint32_t>, 2> halves;
};

// The part of a group that is looked at: sub-blocks at equal distances.
struct Sample {
  std::vector<uint64_t> firsts;  // elements of the group
  uint64_t elements = 0;
};

constexpr uint64_t SampleElements(int level) {
  return level < 3 ? 1u << 17 : level < kFirstRansLevel ? 1u << 19 : 1u << 22;
}

Sample ChooseSample(uint64_t elements, int level) {
  Sample sample;
  const uint64_t parts = DivideRoundingUp(elements, kSubBlockElements);
  const uint64_t wanted = SampleElements(level) / kSubBlockElements;
  const uint64_t count = std::min(parts, wanted);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t first = i * parts / count * kSubBlockElements;
    sample.firsts.push_back(first);
    sample.elements += std::min<uint64_t>(kSubBlockElements, elements - first);
  }
  return sample;
}

class Planner {
 public:
  Planner(const GroupData& group, int level, const Kernels& kernels)
      : group_(group),
        level_(level),
        kernels_(kernels),
        format_(*DifferenceFormatOf(group.geometry.dtype)),
        sample_(ChooseSample(group.elements(), level)) {}

  std::shared_ptr<const DeltaPlan> Plan();

 private:
  // Calls body(classes or contexts, differences) for each sub-block sampled.
  template <typename Body>
  void ForSample(const Body& body);
  void ChooseOrigin();
  void ChooseRows();
  void CountDifferences();
  // Bits of the sampled elements without their base, about.
  double DirectBits() const;
  void ChooseContexts();
  void ChooseContexts(unsigned allowed);
  void ConsiderRans();
  void ChooseTiers();
  void ChooseWeights();

  const GroupData& group_;
  const int level_;
  const Kernels& kernels_;
  const DifferenceFormat format_;
  const Sample sample_;
  DeltaSide side_;
  DeltaPlan plan_;
  std::vector<Histogram> classes_;   // differences of each class
  std::vector<Histogram> contexts_;  // of each context
  double delta_bits_ = 0;
};

template <typename Body>
void Planner::ForSample(const Body& body) {
  std::array<uint8_t, kSubBlockElements + kKernelSlack> classes;
  std::vector<uint64_t> differences(kSubBlockElements);
  const BlockPosition position{group_.first, group_.first, nullptr};
  for (const uint64_t first : sample_.firsts) {
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(
        kSubBlockElements, group_.elements() - first));
    const std::byte* const base = group_.base.data() + first * format_.bytes;
    const std::byte* const raw = group_.raw.data() + first * format_.bytes;
    ClassifyBlock(kernels_, side_, group_.geometry, position, AsU8(base), first,
                  count, PlainClasses(), classes.data());
    WithElements(format_, [&]<typename Kind, typename Word>(Kind, Word) {
      for (uint32_t i = 0; i < count; ++i) {
        differences[i] = Difference<Kind::value>(
            LoadLittleEndian<Word>(base + i * sizeof(Word)),
            LoadLittleEndian<Word>(raw + i * sizeof(Word)));
      }
    });
    body(std::span<const uint8_t>(classes).first(count),
         std::span<const uint64_t>(differences).first(count));
  }
}

// Classes reach 15 octaves below the largest bases, of which a few are left to
// the last class.
void Planner::ChooseOrigin() {
  std::array<uint64_t, 256> counts{};
  WithElements(format_, [&]<typename Kind, typename Word>(Kind, Word) {
    for (const uint64_t first : sample_.firsts) {
      const uint64_t end = std::min(first + kSubBlockElements,
                                    group_.elements());
      for (uint64_t i = first; i < end; ++i) {
        ++counts[BaseMagnitude<Kind::value>(
            format_,
            LoadLittleEndian<Word>(group_.base.data() + i * sizeof(Word)))];
      }
    }
  });
  unsigned top = 255;
  uint64_t above = counts[top];
  while (top > 0 && above < sample_.elements / 2000) above += counts[--top];
  side_.origin = static_cast<uint8_t>(top > 15 ? top - 15 : 0);
}

void Planner::ChooseRows() {
  std::optional<RowShifts> rows = ChooseRowShifts(group_, side_.origin);
  if (!rows) return;
  side_.origin = rows->origin;
  side_.row_shifts = std::move(rows->shifts);
  side_.row_shifts.resize(side_.row_shifts.size() + kKernelSlack, 0);
}

void Planner::CountDifferences() {
  classes_.assign(kDeltaClasses, Histogram(format_.bits()));
  ForSample([&](std::span<const uint8_t> classes,
                std::span<const uint64_t> differences) {
    const uint64_t top = uint64_t{1} << (format_.bits() - 1);
    for (size_t i = 0; i < classes.size(); ++i) {
      ++classes_[classes[i]].halves[(differences[i] & top) != 0]
                                   [BinOf(differences[i] & ~top)];
    }
  });
}

double Planner::DirectBits() const {
  std::array<uint64_t, 256> counts{};
  WithElements(format_, [&]<typename Kind, typename Word>(Kind, Word) {
    for (const uint64_t first : sample_.firsts) {
      const uint64_t end = std::min(first + kSubBlockElements,
                                    group_.elements());
      for (uint64_t i = first; i < end; ++i) {
        ++counts[BaseMagnitude<Kind::value>(
            format_,
            LoadLittleEndian<Word>(group_.raw.data() + i * sizeof(Word)))];
      }
    }
  });
  unsigned exponent_bits = 0;
  if (format_.kind == ElementKind::kFloat) {
    exponent_bits = static_cast<unsigned>(std::bit_width(format_.mask));
  }
  double bits = EntropyBits(counts);
  if (exponent_bits > 0) {
    return bits + static_cast<double>(sample_.elements) *
                      (format_.bits() - exponent_bits);
  }
  // Of an integer of n bits all but the first are noise.
  for (unsigned n = 2; n < counts.size(); ++n) {
    bits += static_cast<double>(counts[n]) * (n - 1);
  }
  return bits;
}

// What one context costs with `low` raw bits, and its symbols' counts.
struct LowChoice {
  unsigned low = 0;
  double bits = 0;
};

// About what a symbol's weight takes in a group's side data.
constexpr double kWeightBits = 5;
// What a symbol's smallest share, a slot, takes from every other element.
constexpr double kSlotBits = 1.4427 / kRansScale;

// Symbols of a histogram when `low` bits are left out, and how many elements
// are exceptions then.
struct SymbolCounts {
  std::array<uint64_t, kMaxContextSymbols> counts{};
  uint64_t beyond = 0;
  uint64_t total = 0;
};

SymbolCounts CountSymbols(const Histogram& histogram, unsigned low) {
  SymbolCounts symbols;
  for (unsigned bin = 0; bin < histogram.bins(); ++bin) {
    const uint64_t above = BinStart(bin) >> low;
    for (unsigned top = 0; top < 2; ++top) {
      const uint64_t count = histogram.halves[top][bin];
      symbols.total += count;
      if (above < kSymbolTop) {
        symbols.counts[above | (top != 0 ? kSymbolTop : 0)] += count;
      } else {
        symbols.beyond += count;
      }
    }
  }
  return symbols;
}

// The cost with an entropy coder. Rare symbols are exceptions.
double EntropyCost(const Histogram& histogram, unsigned low,
                   double exception_bits) {
  SymbolCounts symbols = CountSymbols(histogram, low);
  const double slot = kSlotBits * static_cast<double>(symbols.total);
  unsigned used = 0;
  for (uint64_t& count : symbols.counts) {
    if (count == 0) continue;
    if (static_cast<double>(count) * exception_bits < slot) {
      symbols.beyond += count;
      count = 0;
    } else {
      ++used;
    }
  }
  return EntropyBits(symbols.counts) +
         static_cast<double>(symbols.total) * low +
         static_cast<double>(symbols.beyond) * exception_bits +
         used * kWeightBits;
}

// The cost with tiers of widths 2, 2, 2, 3, 3, 3, which are never far off.
double TieredCost(const Histogram& histogram, unsigned low,
                  double exception_bits) {
  const SymbolCounts symbols = CountSymbols(histogram, low);
  constexpr std::array<uint8_t, 6> kWidths = {2, 2, 2, 3, 3, 3};
  uint64_t left = symbols.total;
  uint64_t bits = symbols.total * low;
  unsigned symbol = 0;
  for (const uint8_t width : kWidths) {
    bits += left * width;
    for (unsigned i = 0; i < TierCapacity(width, false); ++i) {
      left -= symbols.counts[symbol++];
    }
  }
  return static_cast<double>(bits) + static_cast<double>(left) * exception_bits;
}

// The smallest bin that at most `share` of a histogram lie beyond.
uint64_t Quantile(const Histogram& histogram, double share) {
  uint64_t total = 0;
  for (const auto& half : histogram.halves) {
    for (const uint32_t count : half) total += count;
  }
  uint64_t beyond = 0;
  unsigned bin = histogram.bins();
  const auto most = static_cast<uint64_t>(share * static_cast<double>(total));
  while (bin > 0) {
    const uint64_t next =
        beyond + histogram.halves[0][bin - 1] + histogram.halves[1][bin - 1];
    if (next > most) break;
    beyond = next;
    --bin;
  }
  return bin == 0 ? 0 : BinStart(bin - 1);
}

void AddTo(const Histogram& from, Histogram* to) {
  for (unsigned top = 0; top < 2; ++top) {
    for (unsigned bin = 0; bin < from.bins(); ++bin) {
      to->halves[top][bin] += from.halves[top][bin];
    }
  }
}

constexpr unsigned kAnyLowBits = kMaxLowBits;

void Planner::ChooseContexts() {
  // Elements of 16 bits without low bits or with four are restored faster than
  // with any number, which is worth a few percent where tiers are chosen.
  constexpr unsigned kFastLowBits = 4;
  constexpr double kFastLoss = 1.06;
  ChooseContexts(kAnyLowBits);
  if (side_.coder != Coder::kTiered || format_.bytes != sizeof(uint16_t)) {
    return;
  }
  const double least = delta_bits_;
  ChooseContexts(kFastLowBits);
  if (delta_bits_ > kFastLoss * least) ChooseContexts(kAnyLowBits);
}

// Contexts are runs of neighbouring classes, in pairs at first: merged where
// that costs less than the tables of both. Their numbers of low bits are sums
// of bits of `allowed`.
void Planner::ChooseContexts(unsigned allowed) {
  struct Context {
    Histogram histogram;
    unsigned first_class;
    LowChoice choice;
  };
  const double exception_bits = 8.0 * (sizeof(uint16_t) + format_.bytes);
  const bool tiered = side_.coder == Coder::kTiered;
  const auto choose = [&](const Histogram& histogram) {
    // Half of the differences are below 2^width.
    const auto width = static_cast<unsigned>(
        std::bit_width(Quantile(histogram, 0.5)));
    const unsigned most = std::min(width + 1, format_.bits() - 1);
    LowChoice best{0, -1};
    const unsigned least =
        allowed == kAnyLowBits && width > 7 ? width - 7 : 0;
    for (unsigned low = least; low <= most; ++low) {
      if ((low & ~allowed) != 0) continue;
      const double bits =
          tiered ? TieredCost(histogram, low, exception_bits)
                 : EntropyCost(histogram, low, exception_bits);
      if (best.bits < 0 || bits < best.bits) best = {low, bits};
    }
    return best;
  };
  std::vector<Context> contexts;
  for (unsigned k = 0; k < kDeltaClasses; k += 2) {
    Context context{classes_[k], k, {}};
    AddTo(classes_[k + 1], &context.histogram);
    context.choice = choose(context.histogram);
    contexts.push_back(std::move(context));
  }
  // Tiers have no tables to save.
  for (size_t i = 0; !tiered && i + 1 < contexts.size();) {
    Histogram both = contexts[i].histogram;
    AddTo(contexts[i + 1].histogram, &both);
    const LowChoice merged = choose(both);
    if (merged.bits <=
        contexts[i].choice.bits + contexts[i + 1].choice.bits) {
      contexts[i].histogram = both;
      contexts[i].choice = merged;
      contexts.erase(contexts.begin() + static_cast<ptrdiff_t>(i) + 1);
      i -= i > 0 ? 1 : 0;
    } else {
      ++i;
    }
  }
  side_.contexts = static_cast<uint8_t>(contexts.size());
  for (unsigned k = 0; k < kDeltaClasses; ++k) {
    unsigned context = side_.contexts - 1u;
    while (contexts[context].first_class > k) --context;
    side_.context_of_class[k] = static_cast<uint8_t>(context);
  }
  contexts_.clear();
  delta_bits_ = 0;
  for (size_t i = 0; i < contexts.size(); ++i) {
    side_.low_bits[i] = static_cast<uint8_t>(
        std::min(contexts[i].choice.low, format_.bits() - 1));
    contexts_.push_back(contexts[i].histogram);
    delta_bits_ += contexts[i].choice.bits;
  }
}

// Instead of tiers: for these a change of sign is an exception, of which large
// steps make so many that speed is not worth them.
void Planner::ConsiderRans() {
  constexpr double kLarge = 0.4;  // of the raw bits, what is worth a try
  constexpr double kGain = 0.03;  // the same, what is worth decoding slower
  const double raw_bits =
      static_cast<double>(sample_.elements) * format_.bits();
  if (delta_bits_ < kLarge * raw_bits) return;
  const double tiered = delta_bits_;
  side_.coder = Coder::kRans;
  ChooseContexts();
  if (tiered - delta_bits_ >= kGain * raw_bits) return;
  side_.coder = Coder::kTiered;
  ChooseContexts();
}

// Contexts that hardly change, those that change now and then, and others.
void Planner::ChooseTiers() {
  std::array<unsigned, kMaxContexts> wish{};
  std::array<bool, kMaxSets> used{};
  for (unsigned k = 0; k < side_.contexts; ++k) {
    const SymbolCounts symbols =
        CountSymbols(contexts_[k], side_.low_bits[k]);
    const double share = static_cast<double>(symbols.counts[0]) /
                         static_cast<double>(symbols.total + 1);
    wish[k] = share > 0.9 ? 0 : share > 0.35 ? 1 : 2;
    used[wish[k]] = true;
  }
  std::array<uint8_t, kMaxSets> number{};
  side_.sets = 0;
  for (unsigned set = 0; set < kMaxSets; ++set) {
    number[set] = side_.sets;
    side_.sets += used[set] ? 1 : 0;
  }
  for (unsigned k = 0; k < side_.contexts; ++k) {
    side_.set_of_context[k] = number[wish[k]];
  }

  // Symbols of the sample, and those of groups of eight that are not all zero.
  struct SetCounts {
    std::array<uint64_t, kMaxPlannedRanks> all{};
    std::array<uint64_t, kMaxPlannedRanks> grouped{};
    uint64_t all_beyond = 0;
    uint64_t grouped_beyond = 0;
    uint64_t groups = 0;
  };
  std::array<SetCounts, kMaxSets> sets;
  std::array<std::vector<uint8_t>, kMaxSets> symbols;
  const auto count = [](uint8_t symbol, std::array<uint64_t, kMaxPlannedRanks>*
                                            counts, uint64_t* beyond) {
    if (symbol < kMaxPlannedRanks) {
      ++(*counts)[symbol];
    } else {
      ++*beyond;
    }
  };
  ForSample([&](std::span<const uint8_t> classes,
                std::span<const uint64_t> differences) {
    const uint64_t top = uint64_t{1} << (format_.bits() - 1);
    for (auto& set : symbols) set.clear();
    for (size_t i = 0; i < classes.size(); ++i) {
      const unsigned context = side_.context_of_class[classes[i]];
      const uint64_t symbol =
          (differences[i] & ~top) >> side_.low_bits[context];
      symbols[side_.set_of_context[context]].push_back(
          (differences[i] & top) != 0
              ? 255
              : static_cast<uint8_t>(std::min<uint64_t>(symbol, 255)));
    }
    for (unsigned s = 0; s < side_.sets; ++s) {
      symbols[s].resize((symbols[s].size() + 7) / 8 * 8);
      for (size_t group = 0; group < symbols[s].size(); group += 8) {
        const uint8_t* const eight = symbols[s].data() + group;
        const bool some = LoadLittleEndian<uint64_t>(eight) != 0;
        ++sets[s].groups;
        for (unsigned i = 0; i < 8; ++i) {
          count(eight[i], &sets[s].all, &sets[s].all_beyond);
          if (some) count(eight[i], &sets[s].grouped, &sets[s].grouped_beyond);
        }
      }
    }
  });
  // A tier costs decoding time.
  constexpr double kTierPenalty = 0.02;
  const double exception_bits = 8.0 * (sizeof(uint16_t) + format_.bytes);
  for (unsigned s = 0; s < side_.sets; ++s) {
    const TierPlan plain = PlanTiers(sets[s].all, sets[s].all_beyond, kMaxTiers,
                                     kTierPenalty, exception_bits);
    const TierPlan grouped =
        PlanTiers(sets[s].grouped, sets[s].grouped_beyond, kMaxTiers,
                  kTierPenalty, exception_bits);
    TierSet& set = side_.tiers[s];
    set.grouped = grouped.bits + static_cast<double>(sets[s].groups) <
                  0.97 * plain.bits;
    const TierPlan& best = set.grouped ? grouped : plain;
    set.code.tier_count = std::max<uint8_t>(best.tier_count, 1);
    set.code.widths = best.widths;
    if (best.tier_count == 0) set.code.widths[0] = 1;
    unsigned named = 0;
    for (unsigned tier = 0; tier < set.code.tier_count; ++tier) {
      named += TierCapacity(set.code.widths[tier],
                            tier + 1 == set.code.tier_count);
    }
    plan_.set_symbols[s] = named;
  }
}

void Planner::ChooseWeights() {
  const double exception_bits = 8.0 * (sizeof(uint16_t) + format_.bytes);
  std::vector<std::vector<uint16_t>> frequencies(side_.contexts);
  side_.weights.assign(side_.contexts, {});
  for (unsigned k = 0; k < side_.contexts; ++k) {
    auto [counts, beyond, total] =
        CountSymbols(contexts_[k], side_.low_bits[k]);
    const double slot = kSlotBits * static_cast<double>(total);
    unsigned size = 2;
    for (unsigned symbol = 2; symbol < counts.size(); ++symbol) {
      if (static_cast<double>(counts[symbol]) * exception_bits < slot) {
        counts[symbol] = 0;
      } else {
        size = symbol + 1;
      }
    }
    std::vector<uint8_t>& weights = side_.weights[k];
    if (total == 0) {
      weights = {0};
    } else {
      const uint64_t peak = *std::ranges::max_element(counts);
      weights.resize(size);
      for (unsigned symbol = 0; symbol < size; ++symbol) {
        // Symbol 0 stands for exceptions too; two are needed at least.
        const uint64_t count =
            symbol < 2 ? std::max<uint64_t>(counts[symbol], 1) : counts[symbol];
        if (count == 0) continue;
        weights[symbol] = std::max<uint8_t>(
            1, NearestLogWeight(count * LogWeight(255) / peak));
      }
    }
    FrequenciesOfWeights(weights, &frequencies[k]);
  }
  MakeContextRansEncodeTable(frequencies, &plan_.rans);
}

std::shared_ptr<const DeltaPlan> Planner::Plan() {
  side_.references = group_.references;
  ChooseOrigin();
  if (level_ >= kFirstRowsLevel) ChooseRows();
  CountDifferences();
  if (!std::ranges::equal(group_.base, group_.raw)) {
    side_.coder = level_ >= kFirstCmLevel     ? Coder::kCm
                  : level_ >= kFirstRansLevel ? Coder::kRans
                                              : Coder::kTiered;
    ChooseContexts();
    if (side_.coder == Coder::kTiered && level_ >= kFirstRowsLevel) {
      ConsiderRans();
    }
    const double direct = DirectBits();
    if (delta_bits_ >= direct) return nullptr;
    plan_.try_direct = delta_bits_ > 0.8 * direct;
    if (side_.coder == Coder::kTiered) ChooseTiers();
    if (side_.coder == Coder::kRans) ChooseWeights();
  }
  plan_.side = std::make_shared<DeltaSide>(std::move(side_));
  return std::make_shared<DeltaPlan>(std::move(plan_));
}

}  // namespace

std::shared_ptr<const DeltaPlan> PlanDelta(const GroupData& group, int level,
                                           const Kernels& kernels) {
  if (!DifferenceFormatOf(group.geometry.dtype)) return nullptr;
  return Planner(group, level, kernels).Plan();
}

}  // namespace ingot
