#include "codec/method/group_side.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "codec/method/kernels.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

constexpr Geometry kGeometry{DType::kBf16, 40, 80, 400};

std::vector<uint8_t> Scales(size_t count, uint64_t seed, unsigned spread) {
  std::vector<uint8_t> scales(count + kKernelSlack, 0);
  Random random(seed);
  for (size_t i = 0; i < count; ++i) {
    scales[i] = static_cast<uint8_t>(random.Below(spread));
  }
  return scales;
}

GroupSide SomeSide(bool rows, bool columns) {
  GroupSide side;
  side.elements = 390;
  side.tiered = true;
  side.code.base = 130;
  side.code.tier_count = 3;
  side.code.widths = {2, 3, 1};
  side.code.rank_count = 12;
  const size_t classes = rows || columns ? kClasses : 1;
  for (size_t c = 0; c < classes; ++c) {
    for (size_t r = 0; r < 12; ++r) {
      side.code.offsets[c * kMaxRanks + r] =
          r == 11 ? kZeroOffset : static_cast<uint8_t>((r * 7 + c) % 31);
    }
  }
  if (rows) side.rows = Scales(10, 1, 9);
  if (columns) side.columns = Scales(40, 2, 256);
  return side;
}

Result<GroupSide> Parse(const std::vector<std::byte>& body,
                        const Geometry& geometry = kGeometry,
                        uint64_t first = 400) {
  ByteReader reader(body, "group", 0);
  return ParseGroupSide(&reader, geometry, first);
}

TEST(GroupSideTest, RoundTripWithAnyScales) {
  for (const bool rows : {false, true}) {
    for (const bool columns : {false, true}) {
      const GroupSide side = SomeSide(rows, columns);
      std::vector<std::byte> body;
      AppendGroupSide(side, &body);
      const Result<GroupSide> read = Parse(body);
      ASSERT_TRUE(read.ok()) << read.error().message;
      EXPECT_EQ(read->elements, side.elements);
      EXPECT_EQ(read->code.base, side.code.base);
      EXPECT_EQ(read->code.tier_count, side.code.tier_count);
      EXPECT_EQ(read->code.rank_count, side.code.rank_count);
      EXPECT_EQ(read->code.widths, side.code.widths);
      EXPECT_EQ(read->code.offsets, side.code.offsets);
      EXPECT_EQ(read->rows, side.rows);
      EXPECT_EQ(read->columns, side.columns);
      for (size_t length = 0; length < body.size(); ++length) {
        const Result<GroupSide> cut = Parse(
            {body.begin(), body.begin() + static_cast<ptrdiff_t>(length)});
        ASSERT_FALSE(cut.ok()) << length;
        EXPECT_EQ(cut.error().kind, ErrorKind::kCorruption);
      }
    }
  }
}

TEST(GroupSideTest, JoinedCodeRoundTrip) {
  for (const bool rows : {false, true}) {
    for (const uint8_t top_bits : {0, 1, 2}) {
      GroupSide side = SomeSide(rows, false);
      auto joined = std::make_shared<JoinedSide>();
      joined->code.base = side.code.base;
      joined->code.top_bits = top_bits;
      joined->code.rank_count = 17;
      for (size_t c = 0; c < (rows ? kClasses : 1); ++c) {
        for (size_t r = 0; r < 17; ++r) {
          const size_t value = (r * 5 + c) % (size_t{31} << top_bits);
          joined->code.values[c * kMaxJoinedRanks + r] =
              static_cast<uint8_t>(r == 16 ? JoinedCode::kZeroFlag : value);
        }
      }
      joined->lengths.fill(0);
      joined->lengths[0] = 1;
      std::fill_n(joined->lengths.begin() + 1, 14, 5);
      joined->lengths[15] = joined->lengths[16] = 5;
      side.joined = joined;
      std::vector<std::byte> body;
      AppendGroupSide(side, &body);
      const Result<GroupSide> read = Parse(body);
      ASSERT_TRUE(read.ok()) << read.error().message;
      ASSERT_TRUE(read->joined);
      EXPECT_EQ(read->joined->code.base, side.code.base);
      EXPECT_EQ(read->joined->code.top_bits, top_bits);
      EXPECT_EQ(read->joined->code.values, joined->code.values);
      EXPECT_EQ(read->joined->lengths, joined->lengths);
      ASSERT_TRUE(read->joined->huffman);
      for (size_t length = 0; length < body.size(); ++length) {
        const Result<GroupSide> cut = Parse(
            {body.begin(), body.begin() + static_cast<ptrdiff_t>(length)});
        ASSERT_FALSE(cut.ok()) << length;
        EXPECT_EQ(cut.error().kind, ErrorKind::kCorruption);
      }
    }
  }
}

TEST(GroupSideTest, ScaleVectorsOfAnyDistribution) {
  for (const size_t count : {1u, 2u, 7u, 1000u}) {
    for (const unsigned spread : {1u, 2u, 5u, 40u, 256u}) {
      std::vector<uint8_t> scales = Scales(count, count + spread, spread);
      if (spread == 40) scales[0] = 255;  // an outlier
      std::vector<std::byte> encoded;
      AppendScaleVector(scales, count, &encoded);
      EXPECT_EQ(encoded.size(), ScaleVectorBytes(scales, count));
      // 12 bits a value at most, whatever the values are.
      EXPECT_LE(encoded.size(), 2 + (count * 12 + 7) / 8);

      GroupSide side = SomeSide(true, false);
      side.elements = count;
      side.rows = scales;
      std::vector<std::byte> body;
      AppendGroupSide(side, &body);
      const Geometry rows_of_one{DType::kBf16, 1, 100, 1000};
      const Result<GroupSide> read = Parse(body, rows_of_one, 0);
      ASSERT_TRUE(read.ok()) << read.error().message;
      EXPECT_EQ(read->rows, scales);
    }
  }
}

TEST(GroupSideTest, RowsThatBeginOrReachIntoTheGroup) {
  EXPECT_EQ(RowsInGroup(kGeometry, 0, 0), 0u);
  EXPECT_EQ(RowsInGroup(kGeometry, 0, 1), 1u);
  EXPECT_EQ(RowsInGroup(kGeometry, 0, 40), 1u);
  EXPECT_EQ(RowsInGroup(kGeometry, 0, 41), 2u);
  EXPECT_EQ(RowsInGroup(kGeometry, 39, 2), 2u);
  EXPECT_EQ(RowsInGroup(kGeometry, 39, 42), 3u);
}

TEST(GroupSideTest, ColumnScalesOnlyForRowsThatAreNotTooWide) {
  GroupSide side = SomeSide(false, true);
  std::vector<std::byte> body;
  AppendGroupSide(side, &body);
  const Geometry wide{DType::kBf16, kMaxScaledColumns + 1, 80, 400};
  const Result<GroupSide> read = Parse(body, wide);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
}

// 2^24 columns in a body of a few bytes: refused before memory is asked for.
TEST(GroupSideTest, ScalesMustFitTheRecord) {
  const GroupSide side = SomeSide(false, true);
  std::vector<std::byte> body;
  AppendGroupSide(side, &body);
  const Geometry wide{DType::kBf16, kMaxScaledColumns, 80, 400};
  const Result<GroupSide> read = Parse(body, wide);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message.find("do not fit"), std::string::npos);
}

TEST(GroupSideTest, NothingForIntegers) {
  GroupSide side;
  side.elements = 5;
  std::vector<std::byte> body;
  AppendGroupSide(side, &body);
  EXPECT_EQ(body.size(), 2u);
  const Geometry integers{DType::kI32, 40, 80, 400};
  const Result<GroupSide> read = Parse(body, integers);
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->tiered);
  std::vector<std::byte> tiers;
  AppendGroupSide(SomeSide(false, false), &tiers);
  EXPECT_FALSE(Parse(tiers, integers).ok());
}

}  // namespace
}  // namespace ingot
