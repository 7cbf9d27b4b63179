#include "codec/entropy/tiered/tier_code.h"

#include <gtest/gtest.h>

#include <vector>

#include "codec/planes/bit_stream.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

struct Codes {
  std::vector<uint8_t> bytes;  // with 8 bytes of noise behind the codes
  uint32_t escapes = 0;
};

Codes RandomCodes(uint32_t count, unsigned width, uint64_t seed) {
  Random random(seed);
  Codes codes;
  const uint32_t bytes = CodeBytes(count, width);
  codes.bytes.assign(bytes + 8, 0);
  const uint64_t escape = (1u << width) - 1;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t code = random.Below(escape + 1);
    codes.escapes += code == escape;
    PutField(codes.bytes.data(), i, width, code);
  }
  // Escapes behind the last code must not count.
  for (uint32_t bit = count * width; bit < codes.bytes.size() * 8; ++bit) {
    codes.bytes[bit / 8] |= static_cast<uint8_t>(1 << (bit % 8));
  }
  return codes;
}

TEST(TierCodeTest, CountsEscapesOfAnyNumberOfCodes) {
  for (unsigned width = 1; width <= kMaxTierWidth; ++width) {
    for (uint32_t count = 0; count < 200; ++count) {
      const Codes codes = RandomCodes(count, width, count);
      EXPECT_EQ(CountEscapes(codes.bytes.data(), count, width), codes.escapes)
          << count << " codes of " << width << " bits";
    }
    const Codes codes = RandomCodes(kSubBlockElements, width, 99);
    EXPECT_EQ(CountEscapes(codes.bytes.data(), kSubBlockElements, width),
              codes.escapes);
  }
}

TEST(TierCodeTest, CodeBytesRoundUp) {
  EXPECT_EQ(CodeBytes(0, 3), 0u);
  EXPECT_EQ(CodeBytes(1, 3), 1u);
  EXPECT_EQ(CodeBytes(8, 3), 3u);
  EXPECT_EQ(CodeBytes(8192, 3), 3072u);
}

TierCode CodeOf(std::initializer_list<uint8_t> widths) {
  TierCode code;
  code.tier_count = static_cast<uint8_t>(widths.size());
  std::copy(widths.begin(), widths.end(), code.widths.begin());
  return code;
}

TEST(TierCodeTest, LocatesTiersOneBehindTheOther) {
  const TierCode code = CodeOf({2, 3, 1, 2});
  const Codes second = RandomCodes(1000, 3, 1);
  const Codes third = RandomCodes(second.escapes, 1, 2);
  std::vector<uint8_t> segment(second.bytes.begin(), second.bytes.end() - 8);
  segment.insert(segment.end(), third.bytes.begin(), third.bytes.end() - 8);
  const size_t fourth_at = segment.size();
  segment.resize(fourth_at + CodeBytes(third.escapes, 2) + 6 + 8);
  TierExtents extents;
  ASSERT_TRUE(LocateTiers(code, 8192, 1000, segment.data(), segment.size() - 8,
                          &extents));
  EXPECT_EQ(extents.counts[0], 8192u);
  EXPECT_EQ(extents.counts[1], 1000u);
  EXPECT_EQ(extents.counts[2], second.escapes);
  EXPECT_EQ(extents.counts[3], third.escapes);
  EXPECT_EQ(extents.offsets[1], 0u);
  EXPECT_EQ(extents.offsets[2], CodeBytes(1000, 3));
  EXPECT_EQ(extents.offsets[3], fourth_at);
  EXPECT_EQ(extents.bytes, segment.size() - 6 - 8);
  // Whatever is cut off, what is left of the segment is too short.
  for (size_t bytes = 0; bytes < extents.bytes; ++bytes) {
    TierExtents cut;
    EXPECT_FALSE(LocateTiers(code, 8192, 1000, segment.data(), bytes, &cut));
  }
}

TEST(TierCodeTest, LocatesAllTiersOfASegment) {
  const TierCode code = CodeOf({1, 2, 3});
  const Codes first = RandomCodes(700, 1, 5);
  const Codes second = RandomCodes(first.escapes, 2, 6);
  std::vector<uint8_t> segment(first.bytes.begin(), first.bytes.end() - 8);
  segment.insert(segment.end(), second.bytes.begin(), second.bytes.end() - 8);
  const size_t third_at = segment.size();
  segment.resize(third_at + CodeBytes(second.escapes, 3) + 5 + 8);
  TierExtents extents;
  ASSERT_TRUE(
      LocateAllTiers(code, 700, segment.data(), segment.size() - 8, &extents));
  EXPECT_EQ(extents.counts[0], 700u);
  EXPECT_EQ(extents.counts[1], first.escapes);
  EXPECT_EQ(extents.counts[2], second.escapes);
  EXPECT_EQ(extents.offsets[0], 0u);
  EXPECT_EQ(extents.offsets[1], CodeBytes(700, 1));
  EXPECT_EQ(extents.offsets[2], third_at);
  EXPECT_EQ(extents.bytes, segment.size() - 5 - 8);
  for (size_t bytes = 0; bytes < extents.bytes; ++bytes) {
    TierExtents cut;
    EXPECT_FALSE(LocateAllTiers(code, 700, segment.data(), bytes, &cut));
  }
}

TEST(TierCodeTest, LocatesAllTiersWhereThereIsOneOrNothing) {
  const std::vector<uint8_t> ones(16, 0xFF);
  TierExtents extents;
  // The largest code of a last tier is a value.
  ASSERT_TRUE(LocateAllTiers(CodeOf({2}), 30, ones.data(), 8, &extents));
  EXPECT_EQ(extents.counts[0], 30u);
  EXPECT_EQ(extents.bytes, 8u);
  EXPECT_FALSE(LocateAllTiers(CodeOf({2}), 33, ones.data(), 8, &extents));
  // No elements take no bytes.
  for (const TierCode& code : {CodeOf({3}), CodeOf({1, 2, 3, 1})}) {
    ASSERT_TRUE(LocateAllTiers(code, 0, ones.data(), 0, &extents));
    EXPECT_EQ(extents.bytes, 0u);
    EXPECT_EQ(extents.counts[0], 0u);
  }
}

TEST(TierCodeTest, EscapesMustBePossible) {
  const std::vector<uint8_t> nothing(8);
  TierExtents extents;
  // More than there are elements.
  EXPECT_FALSE(
      LocateTiers(CodeOf({2, 2}), 10, 11, nothing.data(), 8, &extents));
  // A single tier has no escapes.
  EXPECT_FALSE(LocateTiers(CodeOf({3}), 10, 1, nothing.data(), 0, &extents));
  EXPECT_TRUE(LocateTiers(CodeOf({3}), 10, 0, nothing.data(), 0, &extents));
  EXPECT_EQ(extents.bytes, 0u);
  // Nothing escapes: the other tiers are empty.
  EXPECT_TRUE(
      LocateTiers(CodeOf({1, 1, 1}), 10, 0, nothing.data(), 0, &extents));
  EXPECT_EQ(extents.bytes, 0u);
}

}  // namespace
}  // namespace ingot
