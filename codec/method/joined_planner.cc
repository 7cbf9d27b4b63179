#include "codec/method/joined_planner.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <string>

#include "codec/base/fixed_log2.h"
#include "codec/base/parallel_for.h"
#include "codec/method/scale_runs.h"

namespace ingot {
namespace {

// A second bit takes a third of fp8's decoding speed for a 400th of its size.
unsigned TopBitsFor(FloatLayout layout, int level) {
  const bool is_short =
      GetFloatLayoutInfo(layout).element_bytes == 1 && level <= kHuffmanLevel;
  return std::min(MaxTopBits(layout), is_short ? 1u : 2u);
}

struct JoinedCounts {
  std::array<std::array<uint64_t, kJoinedKeys>, kClasses> keys{};
  uint64_t total = 0;

  void Add(const JoinedHistogram& histogram) {
    for (const auto& way : histogram.counts) {
      for (size_t i = 0; i < JoinedHistogram::kOutside; ++i) {
        keys[i / kJoinedKeys][i % kJoinedKeys] += way[i];
      }
      // Outside, classes count apart.
      total += std::accumulate(way.begin(),
                               way.begin() + 2 * JoinedHistogram::kOutside,
                               uint64_t{0});
    }
  }
  void Add(const JoinedCounts& other) {
    for (size_t c = 0; c < kClasses; ++c) {
      for (size_t i = 0; i < kJoinedKeys; ++i) {
        keys[c][i] += other.keys[c][i];
      }
    }
    total += other.total;
  }
};

// What coder huffman's level counts at least, and the share of larger groups:
// statistics must not cost more than the coding.
constexpr uint64_t kFewestJoinedCounted = uint64_t{1} << 20;
constexpr uint64_t kMostSubBlocksPerCounted = 4;

// Counts one of `step` sub-blocks, not always the same of them, so that long
// rows are counted all along.
JoinedCounts CountGroup(const GroupData& group, const GroupSide& side,
                        const JoinedCode& code, const FloatKernels& kernels,
                        uint64_t step, ThreadPool* pool) {
  const uint64_t elements = group.elements();
  const uint64_t bytes = group.geometry.element_bytes();
  const uint64_t units = DivideRoundingUp(elements, kSubBlockElements * step);
  const uint64_t tasks = std::min<uint64_t>(
      units, pool == nullptr ? 1 : static_cast<uint64_t>(pool->threads()));
  std::vector<JoinedCounts> partial(tasks);
  ParallelFor(pool, tasks, [&](size_t task) {
    const auto histogram = std::make_unique<JoinedHistogram>();
    ScaleRuns runs;
    for (uint64_t i = task; i < units; i += tasks) {
      const uint64_t begin = (i * step + i % step) * kSubBlockElements;
      if (begin >= elements) continue;
      const auto n = static_cast<uint32_t>(
          std::min<uint64_t>(kSubBlockElements, elements - begin));
      const uint8_t* in = AsU8(group.raw.data()) + begin * bytes;
      for (const ScaleRun& run : runs.Build(side, group.geometry, group.first,
                                            group.first + begin, n)) {
        kernels.count_joined(code, in, run, histogram.get());
        in += run.length * bytes;
      }
    }
    partial[task].Add(*histogram);
  });
  for (size_t task = 1; task < tasks; ++task) partial[0].Add(partial[task]);
  return partial[0];
}

std::string TopBitsText(unsigned bits) {
  return "joined with " + std::to_string(bits) + " mantissa bits";
}

}  // namespace

bool HasNoisyRemainders(const GroupData& group, const Kernels& all_kernels) {
  const FloatLayout layout = *FloatLayoutOf(group.geometry.dtype);
  const FloatKernels& kernels = all_kernels.floats[static_cast<size_t>(layout)];
  const FloatLayoutInfo& info = GetFloatLayoutInfo(layout);
  constexpr uint64_t kPieces = 4;
  constexpr uint32_t kPieceElements = 2048;
  const uint64_t elements = group.elements();
  const auto n =
      static_cast<uint32_t>(std::min<uint64_t>(kPieceElements, elements));
  // One tier of no interest, no scales: what counts is the remainders.
  const TierCode code{.base = 0, .widths = {1}};
  RankTable ranks;
  for (auto& of_class : ranks.ranks) of_class.fill(0);
  const std::vector<uint8_t> columns(kPieceElements + kKernelSlack, 0);
  const ScaleRun run{columns.data(), n, 0};
  std::array<std::vector<uint8_t>, kMaxRemainderPlanes> planes;
  for (unsigned plane = 0; plane < info.plane_count; ++plane) {
    planes[plane].resize(PlaneBytes(n, info.plane_bits[plane]) + kKernelSlack);
  }
  std::vector<uint8_t> codes(PlaneBytes(n, 1) + kKernelSlack);
  std::vector<uint8_t> segment(n * kExceptionBytes + kKernelSlack);
  std::vector<uint8_t> sample;
  for (uint64_t piece = 0; piece < kPieces; ++piece) {
    const uint64_t begin = (elements - n) / (kPieces - 1) * piece;
    kernels.encode(
        code, ranks,
        {.elements = n,
         .runs = {&run, 1},
         .planes = {planes[0].data(), planes[1].data()},
         .codes = codes.data(),
         .segment = segment.data()},
        AsU8(group.raw.data()) + begin * group.geometry.element_bytes());
    const auto fields = planes[0].begin();
    sample.insert(sample.end(), fields,
                  fields + static_cast<ptrdiff_t>(n * info.plane_bits[0] / 8));
    if (n == elements) break;
  }
  return LooksLikeNoise(std::as_bytes(std::span(sample)));
}

void PlanJoinedGroup(const GroupData& group, int level, uint64_t tiered_bits,
                     const Kernels& kernels, ThreadPool* pool, GroupSide* side,
                     JoinedPlan* plan, Attempts* trace) {
  const FloatLayout layout = *FloatLayoutOf(group.geometry.dtype);
  const FloatKernels& float_kernels =
      kernels.floats[static_cast<size_t>(layout)];
  if (!HasNoisyRemainders(group, kernels)) {
    Tell(trace, Attempt::Stage::kExponents, "joined",
         Attempt::Outcome::kRuledOut, std::nullopt,
         "mantissas are no noise: byte coders may do more with them");
    return;
  }
  auto joined = std::make_shared<JoinedSide>();
  JoinedCode& code = joined->code;
  code.base = side->code.base;
  code.top_bits = static_cast<uint8_t>(TopBitsFor(layout, level));
  const uint64_t step =
      level > kHuffmanLevel
          ? 1
          : std::clamp<uint64_t>(group.elements() / kFewestJoinedCounted, 1,
                                 kMostSubBlocksPerCounted);
  const JoinedCounts counts =
      CountGroup(group, *side, code, float_kernels, step, pool);
  // Everything that follows is about the elements that were counted.
  tiered_bits = tiered_bits * counts.total / group.elements();

  const size_t classes = side->has_scales() ? kClasses : 1;
  std::array<std::array<uint8_t, kJoinedKeys>, kClasses> order;
  std::array<uint64_t, kMaxJoinedRanks> ranks{};
  for (size_t c = 0; c < kClasses; ++c) {
    std::iota(order[c].begin(), order[c].end(), uint8_t{0});
    std::stable_sort(order[c].begin(), order[c].end(),
                     [&](uint8_t a, uint8_t b) {
                       return counts.keys[c][a] > counts.keys[c][b];
                     });
    for (size_t rank = 0; rank < ranks.size(); ++rank) {
      ranks[rank] += counts.keys[c][order[c][rank]];
    }
  }
  // A rank that is dropped makes its elements exceptions, some 14 bits dearer
  // than the longest code; one that is kept takes at least 2^-11 of the codes
  // from the others, log2(e) 2^-11 bits of every element, and its place in the
  // tables.
  const uint64_t value_bits = kJoinedSlotBits + code.top_bits;
  const uint64_t rank_bits = classes * value_bits + 4;
  size_t kept = kMinJoinedRanks;
  while (kept < ranks.size() &&
         ranks[kept] * 14 > counts.total / 1420 + rank_bits) {
    ++kept;
  }
  code.rank_count = static_cast<uint8_t>(kept);
  uint64_t coded = 0;
  for (size_t rank = 0; rank < kept; ++rank) coded += ranks[rank];
  const uint64_t exceptions = counts.total - coded;
  ranks[0] += exceptions;
  for (size_t rank = 0; rank < kept; ++rank) {
    ranks[rank] = std::max<uint64_t>(ranks[rank], 1);
  }
  ChooseHuffmanLengths(std::span(ranks).first(kept),
                       std::span(joined->lengths).first(kept));
  // With the tables of sub-blocks and the header's fields.
  uint64_t bits = exceptions * kExceptionBytes * 8 + kept * rank_bits + 64 +
                  DivideRoundingUp(counts.total, kSubBlockElements) * 32;
  for (size_t rank = 0; rank < kept; ++rank) {
    bits += ranks[rank] * joined->lengths[rank];
  }
  if (level >= kRansLevel) {
    const std::span<uint16_t> frequencies =
        std::span(joined->frequencies).first(kept);
    ChooseRansFrequencies(std::span(ranks).first(kept), frequencies);
    uint64_t parts = 0;  // of a bit: 2^-kFixedLog2Bits
    for (size_t rank = 0; rank < kept; ++rank) {
      parts += ranks[rank] * ((uint64_t{kRansBits} << kFixedLog2Bits) -
                              FixedLog2(frequencies[rank]));
    }
    const uint64_t rans_bits =
        exceptions * kExceptionBytes * 8 + kept * (rank_bits + 8) + 64 +
        (parts >> kFixedLog2Bits) + group.blocks() * kRansStateBytes * 8;
    const bool smaller = rans_bits < bits;
    Tell(trace, Attempt::Stage::kExponents, smaller ? "huffman" : "rans",
         Attempt::Outcome::kLarger, std::max(bits, rans_bits) / 8,
         TopBitsText(code.top_bits));
    if (smaller) {
      bits = rans_bits;
      joined->coder = Coder::kRans;
    }
  }
  const bool gains = bits < tiered_bits + counts.total * code.top_bits;
  Tell(trace, Attempt::Stage::kExponents, CoderName(joined->coder),
       gains ? Attempt::Outcome::kChosen : Attempt::Outcome::kLarger, bits / 8,
       TopBitsText(code.top_bits) +
           (gains ? "" : ": tiers and these bits as they are take less"));
  if (!gains) return;

  for (auto& of_class : plan->ranks.ranks) of_class.fill(JoinedRanks::kNoRank);
  const uint8_t top_mask = static_cast<uint8_t>((1u << code.top_bits) - 1);
  for (size_t c = 0; c < classes; ++c) {
    for (uint8_t rank = 0; rank < kept; ++rank) {
      const uint8_t key = order[c][rank];
      plan->ranks.ranks[c][key] = rank;
      code.values[c * kMaxJoinedRanks + rank] =
          key >> code.top_bits == kJoinedZeroSlot
              ? static_cast<uint8_t>((key & top_mask) | JoinedCode::kZeroFlag)
              : key;
    }
  }
  if (joined->coder == Coder::kHuffman) {
    MakeHuffmanEncodeTable(std::span(joined->lengths).first(kept),
                           &plan->huffman);
  } else {
    MakeRansEncodeTable(std::span(joined->frequencies).first(kept),
                        &plan->rans);
  }
  side->joined = std::move(joined);
}

}  // namespace ingot
