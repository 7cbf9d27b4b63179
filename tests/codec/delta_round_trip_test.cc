// Blocks predicted from other objects: every dtype, change, level, kernel set
// and number of threads. Nothing changes a bit, and nothing but the input and
// the level changes the encoded bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "tests/codec/delta_cases.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

std::string NameOf(Change change, int level, uint64_t elements) {
  return std::string(ChangeName(change)) + ", level " + std::to_string(level) +
         ", " + std::to_string(elements) + " elements";
}

// All of a block with every kernel set; what is wrong with it.
void ExpectRestores(const GroupData& group, const EncodedDeltaGroup& encoded) {
  const Result<GroupSide> side = ParseSide(encoded, group);
  ASSERT_TRUE(side.ok()) << side.error().message;
  for (const Kernels* kernels : AvailableKernels()) {
    for (uint64_t i = 0; i < group.blocks(); ++i) {
      const ByteSpan raw = group.BlockRaw(i);
      for (const bool stream : {false, true}) {
        const Result<Bytes> out = DecodeGroupBlock(
            *side, group, encoded, i, 0, encoded.blocks[i].header.elements,
            *kernels, stream);
        ASSERT_TRUE(out.ok()) << kernels->name << ": " << out.error().message;
        ASSERT_TRUE(std::ranges::equal(*out, raw))
            << kernels->name << ", block " << i << ", method "
            << MethodName(encoded.blocks[i].header.method) << ", byte "
            << std::ranges::mismatch(*out, raw).in1 - out->begin();
      }
    }
  }
}

// The same bytes with every kernel set; restored with every one.
EncodedDeltaGroup CheckGroup(const GroupData& group, int level) {
  const std::span<const Kernels* const> sets = AvailableKernels();
  const EncodedDeltaGroup encoded =
      EncodeGroup(group, level, *sets[0], nullptr);
  const Bytes bytes = encoded.AllBytes();
  for (const Kernels* kernels : sets.subspan(1)) {
    EXPECT_TRUE(EncodeGroup(group, level, *kernels, nullptr).AllBytes() ==
                bytes)
        << kernels->name;
  }
  ExpectRestores(group, encoded);
  return encoded;
}

class DeltaRoundTripTest
    : public testing::TestWithParam<std::tuple<DType, int>> {
 protected:
  // Blocks that do without their base are slow where byte coders take them.
  static bool IsSlow() {
    return std::get<1>(GetParam()) >= 5 &&
           DifferenceFormatOf(std::get<0>(GetParam()))->kind !=
               ElementKind::kFloat;
  }
  static std::vector<Change> Changes() {
    if (IsSlow()) return {Change::kOneInThousand, Change::kSignsToo};
    return {std::begin(kChanges), std::end(kChanges)};
  }
};

TEST_P(DeltaRoundTripTest, EveryChangeAndSize) {
  const auto [dtype, level] = GetParam();
  for (const Change change : kChanges) {
    for (const uint64_t elements : {1u, 2u, 63u, 65u, 1003u, 8192u, 8193u}) {
      if (IsSlow() && elements != 65) continue;
      SCOPED_TRACE(NameOf(change, level, elements));
      const Pair pair = MakePair(change, dtype, elements, 65);
      CheckGroup(MakeGroup(SmallGeometry(dtype, 65, 65 * 150), 0, pair), level);
      if (HasFatalFailure()) return;
    }
  }
}

// Blocks of several sub-blocks, several of them in a group that is not the
// object's first and begins inside a row.
TEST_P(DeltaRoundTripTest, SeveralBlocks) {
  const auto [dtype, level] = GetParam();
  for (const Change change : Changes()) {
    SCOPED_TRACE(NameOf(change, level, 26'000));
    const Pair pair = MakePair(change, dtype, 26'000, 683);
    CheckGroup(MakeGroup(SmallGeometry(dtype, 683, 17'000), 17'000 * 64, pair),
               level);
    if (HasFatalFailure()) return;
  }
}

TEST_P(DeltaRoundTripTest, EveryRange) {
  const auto [dtype, level] = GetParam();
  for (const Change change : Changes()) {
    SCOPED_TRACE(NameOf(change, level, 20'000));
    const Pair pair = MakePair(change, dtype, 20'000, 100);
    const GroupData group =
        MakeGroup(SmallGeometry(dtype, 100, 20'000), 0, pair);
    const EncodedDeltaGroup encoded =
        EncodeGroup(group, level, ActiveKernels(), nullptr);
    const Result<GroupSide> side = ParseSide(encoded, group);
    ASSERT_TRUE(side.ok()) << side.error().message;
    const size_t bytes = group.geometry.element_bytes();
    for (const auto& [begin, end] :
         std::vector<std::pair<uint64_t, uint64_t>>{{0, 0},
                                                    {0, 1},
                                                    {1, 2},
                                                    {0, 8192},
                                                    {8191, 8193},
                                                    {8192, 16384},
                                                    {100, 19'999},
                                                    {16384, 20'000},
                                                    {16385, 19'000},
                                                    {19'999, 20'000},
                                                    {20'000, 20'000}}) {
      for (const bool stream : {false, true}) {
        const Result<Bytes> out = DecodeGroupBlock(
            *side, group, encoded, 0, begin, end, ActiveKernels(), stream);
        ASSERT_TRUE(out.ok()) << out.error().message;
        ASSERT_TRUE(std::ranges::equal(
            *out, group.raw.subspan(begin * bytes, (end - begin) * bytes)))
            << begin << " to " << end;
      }
    }
  }
}

// What the base does not have is predicted from zeros.
TEST_P(DeltaRoundTripTest, BaseEndsBeforeTheGroup) {
  const auto [dtype, level] = GetParam();
  for (const uint64_t known : {1u, 8192u, 9'000u}) {
    Pair pair = MakePair(Change::kFourInTen, dtype, 10'000, 100);
    std::fill(pair.base.begin() +
                  static_cast<ptrdiff_t>(known * GetDTypeInfo(dtype).bits / 8),
              pair.base.end(), std::byte{0});
    const GroupData group =
        MakeGroup(SmallGeometry(dtype, 100, 5'000), 0, pair, known);
    ASSERT_EQ(
        group.references.back().elements +
            (group.references.size() > 1 ? group.references[0].elements : 0),
        known);
    CheckGroup(group, level);
  }
}

TEST_P(DeltaRoundTripTest, ThreadsChangeNothing) {
  const auto [dtype, level] = GetParam();
  const Pair pair = MakePair(Change::kSignsToo, dtype, 30'000, 100);
  const GroupData group = MakeGroup(SmallGeometry(dtype, 100, 10'000), 0, pair);
  ThreadPool pool(4);
  EXPECT_TRUE(EncodeGroup(group, level, ActiveKernels(), nullptr).AllBytes() ==
              EncodeGroup(group, level, ActiveKernels(), &pool).AllBytes());
}

// Levels 6 and 7 differ from 5 and 9 in what floats are without their base.
std::vector<std::tuple<DType, int>> DTypesAndLevels() {
  std::vector<std::tuple<DType, int>> all;
  for (const DType dtype : DifferenceDTypes()) {
    const bool is_float =
        DifferenceFormatOf(dtype)->kind == ElementKind::kFloat;
    for (const int level : {1, 3, 5, 6, 7, 9}) {
      if (is_float || level < 6 || level == 9) all.emplace_back(dtype, level);
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(
    AllDTypes, DeltaRoundTripTest, testing::ValuesIn(DTypesAndLevels()),
    [](const auto& info) {
      std::string name(GetDTypeInfo(std::get<0>(info.param)).name);
      std::erase_if(name, [](char c) { return !std::isalnum(c); });
      return name + "Level" + std::to_string(std::get<1>(info.param));
    });

// The tests above meet every method and every coder.
TEST(DeltaCasesTest, MeetEveryMethodAndCoder) {
  std::map<Method, size_t> methods;
  std::set<Coder> coders;
  for (const int level : {1, 3, 5, 6, 7, 9}) {
    for (const Change change : kChanges) {
      const Pair pair = MakePair(change, DType::kBf16, 30'000, 100);
      const GroupData group =
          MakeGroup(SmallGeometry(DType::kBf16, 100, 10'000), 0, pair);
      const EncodedDeltaGroup encoded =
          EncodeGroup(group, level, ActiveKernels(), nullptr);
      for (const EncodedDeltaBlock& block : encoded.blocks) {
        ++methods[block.header.method];
        if (block.header.method == Method::kDelta) {
          coders.insert(block.header.planes[0].coder);
        }
      }
    }
  }
  EXPECT_GT(methods[Method::kCopy], 0u);
  EXPECT_GT(methods[Method::kTouched], 0u);
  EXPECT_GT(methods[Method::kDelta], 0u);
  EXPECT_GT(methods[Method::kFloat], 0u);
  EXPECT_EQ(coders, (std::set{Coder::kTiered, Coder::kRans, Coder::kCm}));
}

// A block that has nothing in common with its base lies in a group that has.
TEST(DeltaRoundTripTest, BlocksWithoutTheirBase) {
  for (const DType dtype : DifferenceDTypes()) {
    for (const int level : {1, 3, 5, 9}) {
      SCOPED_TRACE(std::string(GetDTypeInfo(dtype).name) + ", level " +
                   std::to_string(level));
      Pair pair = MakePair(Change::kOneInThousand, dtype, 40'000, 100);
      const Pair noise = MakePair(Change::kNoise, dtype, 2'000, 100);
      std::ranges::copy(noise.raw, pair.raw.begin());
      const GroupData group =
          MakeGroup(SmallGeometry(dtype, 100, 2'000), 0, pair);
      const EncodedDeltaGroup encoded = CheckGroup(group, level);
      EXPECT_FALSE(NeedsBase(encoded.blocks[0].header.method));
      EXPECT_TRUE(NeedsBase(encoded.blocks[3].header.method));
    }
  }
}

// Sides that the planner does not choose.
TEST(DeltaRoundTripTest, ShiftsOfRowsAndEveryNumberOfLowBits) {
  for (const DType dtype : DifferenceDTypes()) {
    for (const Coder coder : {Coder::kTiered, Coder::kRans, Coder::kCm}) {
      size_t deltas = 0;
      for (const Change change : kChanges) {
        SCOPED_TRACE(std::string(GetDTypeInfo(dtype).name) + ", " +
                     std::string(CoderName(coder)) + ", " +
                     std::string(ChangeName(change)));
        const Pair pair = MakePair(change, dtype, 9'500, 70);
        const GroupData group =
            MakeGroup(SmallGeometry(dtype, 70, 9'000), 9'000 * 64, pair);
        const DeltaSide side = MakeUnusualSide(group, coder);
        const EncodedDeltaGroup encoded = EncodeGroup(
            group, PlanWithSide(group, 3, *AvailableKernels()[0], side));
        for (const Kernels* kernels : AvailableKernels().subspan(1)) {
          EXPECT_TRUE(EncodeGroup(group, PlanWithSide(group, 3, *kernels, side))
                          .AllBytes() == encoded.AllBytes());
        }
        ExpectRestores(group, encoded);
        deltas += encoded.MethodCount(Method::kDelta);
        const Result<GroupSide> parsed = ParseSide(encoded, group);
        ASSERT_TRUE(parsed.ok());
        EXPECT_EQ(parsed->delta->row_shifts, side.row_shifts);
      }
      EXPECT_GT(deltas, 0u)
          << GetDTypeInfo(dtype).name << ", " << CoderName(coder);
    }
  }
}

}  // namespace
}  // namespace ingot
