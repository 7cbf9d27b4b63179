// Bases found by sketches alone: renamed, sharded, extended and merged
// tensors; unrelated ones are left alone; sizes are about right.

#include "codec/base_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "codec/delta_estimate.h"
#include "tests/codec/patterns.h"
#include "tests/codec/weight_pairs.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr uint64_t kRows = 4096;
constexpr uint64_t kColumns = 64;

std::string Name(DType dtype) { return std::string(GetDTypeInfo(dtype).name); }

// Generated once, since many dtypes share them.
const std::vector<double>& Values(uint64_t seed) {
  static std::map<uint64_t, std::vector<double>> values;
  std::vector<double>& found = values[seed];
  if (found.empty()) found = GaussianValues(kRows * kColumns, seed);
  return found;
}

// A base and what became of it.
struct Pair {
  Pair(DType dtype, double r, uint64_t seed) : dtype(dtype) {
    base = MakeWeights(dtype, Values(2 * seed));
    changed = MakeWeights(dtype, Values(2 * seed), Values(2 * seed + 1), r);
  }
  Sketch Rows(ByteSpan tensor, uint64_t begin, uint64_t end) const {
    return SketchOf(
        dtype, kColumns,
        Slice(dtype, tensor, begin * kColumns, (end - begin) * kColumns));
  }

  DType dtype;
  Bytes base;
  Bytes changed;
};

constexpr DType kDTypes[] = {DType::kBf16, DType::kF16,    DType::kF32,
                             DType::kF64,  DType::kF8E4m3, DType::kF8E5m2,
                             DType::kI8,   DType::kU8};

void ExpectRange(const std::optional<BaseMatch>& match, uint64_t first_row,
                 uint64_t base_first_row, uint64_t rows) {
  ASSERT_TRUE(match.has_value());
  EXPECT_EQ(match->first_element, first_row * kColumns);
  EXPECT_EQ(match->base_first_element, base_first_row * kColumns);
  EXPECT_EQ(match->elements, rows * kColumns);
}

// Among unrelated tensors of the same shape and distribution.
TEST(BaseSearchTest, FindsItsBaseAmongMany) {
  for (const DType dtype : kDTypes) {
    SCOPED_TRACE(Name(dtype));
    std::vector<Pair> pairs;
    std::vector<Sketch> bases;
    for (uint64_t seed = 0; seed < 8; ++seed) {
      pairs.emplace_back(dtype, 0.02, seed);
      bases.push_back(pairs.back().Rows(pairs.back().base, 0, kRows));
    }
    for (size_t i = 0; i < pairs.size(); ++i) {
      const auto best =
          BestBase(pairs[i].Rows(pairs[i].changed, 0, kRows), bases);
      ExpectRange(best, 0, 0, kRows);
      EXPECT_EQ(best->candidate, i);
    }
  }
}

TEST(BaseSearchTest, PrefersTheCloserBase) {
  for (const DType dtype : {DType::kBf16, DType::kF32}) {
    const Pair far(dtype, 0.1, 3);
    const Pair near(dtype, 0.001, 3);
    const std::vector<Sketch> candidates = {far.Rows(far.changed, 0, kRows),
                                            near.Rows(near.changed, 0, kRows)};
    const auto best = BestBase(near.Rows(near.base, 0, kRows), candidates);
    ASSERT_TRUE(best);
    EXPECT_EQ(best->candidate, 1u);
  }
}

TEST(BaseSearchTest, ShardsFindTheirRows) {
  struct Range {
    uint64_t begin, end;
  };
  for (const DType dtype : kDTypes) {
    for (const double r : {0.0, 0.003}) {
      const Pair pair(dtype, r, 5);
      const Sketch base = pair.Rows(pair.base, 0, kRows);
      // Halves, quarters and eighths; the last two begin at odd rows.
      for (const Range range :
           {Range{0, 1024}, Range{1024, 2048}, Range{2048, 4096},
            Range{3584, 4096}, Range{777, 2001}, Range{1023, 3000}}) {
        // An eighth has two anchors of the whole's, which must both survive.
        if (range.end - range.begin < 1024 && r > 0) continue;
        SCOPED_TRACE(Name(dtype) + " " + std::to_string(r) + " from row " +
                     std::to_string(range.begin));
        const Sketch shard = pair.Rows(pair.changed, range.begin, range.end);
        const auto match = MatchBase(shard, base);
        ExpectRange(match, 0, range.begin, range.end - range.begin);
        // And the whole is covered in part by what was a shard.
        ExpectRange(MatchBase(base, shard), range.begin, 0,
                    range.end - range.begin);
      }
    }
  }
}

TEST(BaseSearchTest, ExtendedVocabulariesFindTheirBase) {
  for (const DType dtype : kDTypes) {
    for (const uint64_t rows : {4095, 4000, 3500, 2500}) {
      SCOPED_TRACE(Name(dtype) + " " + std::to_string(rows));
      const Pair pair(dtype, 0.01, 7);
      const auto match = MatchBase(pair.Rows(pair.changed, 0, kRows),
                                   pair.Rows(pair.base, 0, rows));
      ExpectRange(match, 0, 0, rows);
      EXPECT_GE(match->distance, match->delta_size);
    }
  }
}

TEST(BaseSearchTest, MergedTensorsAreCovered) {
  std::vector<Sketch> parts;
  Bytes merged;
  for (uint64_t seed = 20; seed < 23; ++seed) {
    const Pair pair(DType::kBf16, 0.002, seed);
    const ByteSpan rows = Slice(DType::kBf16, pair.base, 0, 1024 * kColumns);
    parts.push_back(SketchOf(DType::kBf16, kColumns, rows));
    merged.insert(merged.end(), pair.changed.begin(),
                  pair.changed.begin() + 1024 * kColumns * 2);
  }
  const Sketch whole = SketchOf(DType::kBf16, kColumns, merged);
  const std::vector<BaseMatch> cover = CoverWithBases(whole, parts);
  ASSERT_EQ(cover.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cover[i].candidate, i);
    ExpectRange(cover[i], 1024 * i, 0, 1024);
  }
}

TEST(BaseSearchTest, CoversDoNotOverlap) {
  const Pair pair(DType::kBf16, 0.002, 30);
  const std::vector<Sketch> parts = {pair.Rows(pair.base, 0, 2048),
                                     pair.Rows(pair.base, 1024, 3072),
                                     pair.Rows(pair.base, 2048, 4096)};
  const std::vector<BaseMatch> cover =
      CoverWithBases(pair.Rows(pair.changed, 0, kRows), parts);
  uint64_t end = 0;
  for (const BaseMatch& match : cover) {
    EXPECT_EQ(match.first_element, end);
    EXPECT_EQ(match.base_first_element + 1024 * kColumns * match.candidate,
              match.first_element);
    end += match.elements;
  }
  EXPECT_EQ(end, kRows * kColumns);
}

TEST(BaseSearchTest, UnrelatedTensorsDoNotMatch) {
  for (const DType dtype : kDTypes) {
    std::vector<Sketch> sketches;
    for (uint64_t i = 0; i < 150; ++i) {
      const uint64_t rows = i % 3 == 0 ? 192 : 256;
      sketches.push_back(SketchOf(
          dtype, 64, MakeWeights(dtype, GaussianValues(rows * 64, 1000 + i))));
    }
    for (size_t i = 0; i < sketches.size(); ++i) {
      for (size_t j = 0; j < sketches.size(); ++j) {
        if (i == j) continue;
        EXPECT_FALSE(MatchBase(sketches[i], sketches[j]))
            << Name(dtype) << " " << i << " " << j;
      }
    }
  }
}

// Zeros in the same places, or the same few values, are no kinship.
TEST(BaseSearchTest, SparseAndConstantTensorsDoNotMatch) {
  std::vector<Sketch> sketches;
  for (uint64_t i = 0; i < 60; ++i) {
    std::vector<double> values = GaussianValues(256 * 64, 5000 + i);
    for (double& value : values) value = std::fabs(value) < 1.3 ? 0 : value;
    sketches.push_back(
        SketchOf(DType::kF32, 64, MakeWeights(DType::kF32, values)));
  }
  for (size_t i = 0; i < 5; ++i) {
    sketches.push_back(SketchOf(DType::kF32, 64, Bytes(256 * 64 * 4)));
  }
  for (size_t i = 0; i < sketches.size(); ++i) {
    for (size_t j = 0; j < sketches.size(); ++j) {
      if (i == j) continue;
      EXPECT_FALSE(MatchBase(sketches[i], sketches[j])) << i << " " << j;
    }
  }
}

TEST(BaseSearchTest, OtherDTypesDoNotMatch) {
  const Pair pair(DType::kBf16, 0, 1);
  Sketch other = pair.Rows(pair.base, 0, kRows);
  other.dtype = DType::kF16;
  EXPECT_FALSE(MatchBase(pair.Rows(pair.base, 0, kRows), other));
  EXPECT_TRUE(MatchBase(pair.Rows(pair.base, 0, kRows),
                        pair.Rows(pair.base, 0, kRows)));
}

TEST(BaseSearchTest, PackedBlocksCountBlocks) {
  const Bytes base =
      MakeTensor(GetPattern("RandomBits"), DType::kQ4_0, 1024 * 8,
                 8);  // rows of 8 blocks
  const ByteSpan shard = ByteSpan(base).subspan(512 * 8 * 18, 256 * 8 * 18);
  const auto match = MatchBase(SketchOf(DType::kQ4_0, 8, shard),
                               SketchOf(DType::kQ4_0, 8, base));
  ASSERT_TRUE(match);
  EXPECT_EQ(match->base_first_element, 512 * 8u);
  EXPECT_EQ(match->elements, 256 * 8u);
}

TEST(BaseSearchTest, NoCandidatesNoBase) {
  const Pair pair(DType::kBf16, 0, 1);
  const Sketch sketch = pair.Rows(pair.base, 0, kRows);
  EXPECT_FALSE(BestBase(sketch, {}));
  EXPECT_TRUE(CoverWithBases(sketch, {}).empty());
}

// The size from a sketch against that from all elements: the mean over several
// pairs within a tenth, each within a factor of 2. Of the largest changes some
// are not noticed.
TEST(BaseSearchTest, SizesAreAboutRight) {
  for (const DType dtype : {DType::kBf16, DType::kF16, DType::kF32}) {
    for (const double r : {1e-3, 1e-2, 3e-2, 1e-1}) {
      SCOPED_TRACE(Name(dtype) + " r = " + std::to_string(r));
      double log_ratio = 0;
      constexpr int kPairs = 12;
      int found = 0;
      for (uint64_t i = 0; i < kPairs; ++i) {
        const Pair pair(dtype, r, 100 + i);
        DeltaEstimate exact(dtype);
        exact.Add(Slice(dtype, pair.changed, 0, 50000),
                  Slice(dtype, pair.base, 0, 50000));
        const auto match = MatchBase(pair.Rows(pair.changed, 0, kRows),
                                     pair.Rows(pair.base, 0, kRows));
        if (!match) continue;
        ++found;
        const double ratio = match->delta_size / exact.delta_size();
        EXPECT_GT(ratio, 0.5);
        EXPECT_LT(ratio, 2.0);
        log_ratio += std::log(ratio);
      }
      EXPECT_GE(found, r < 0.1 ? kPairs : kPairs / 2);
      EXPECT_NEAR(log_ratio / found, 0, 0.1);
    }
  }
}

}  // namespace
}  // namespace ingot
