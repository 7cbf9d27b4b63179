#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"

namespace ingot {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

std::vector<std::byte> Bytes(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::vector<uint64_t> InterestingNumbers() {
  std::vector<uint64_t> numbers = {0, 1, kMax};
  for (int bit = 1; bit < 64; ++bit) {
    const uint64_t power = uint64_t{1} << bit;
    numbers.insert(numbers.end(), {power - 1, power, power + 1});
  }
  return numbers;
}

TEST(ByteIoTest, FixedWidthsAreLittleEndian) {
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  writer.WriteU8(0x01);
  writer.WriteU16(0x0302);
  writer.WriteU32(0x07060504);
  writer.WriteU64(0x0f0e0d0c0b0a0908);
  ASSERT_EQ(bytes.size(), 15u);
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(bytes[i], static_cast<std::byte>(i + 1));
  }
  ByteReader reader(bytes);
  EXPECT_EQ(*reader.ReadU8(), 0x01);
  EXPECT_EQ(*reader.ReadU16(), 0x0302);
  EXPECT_EQ(*reader.ReadU32(), 0x07060504u);
  EXPECT_EQ(*reader.ReadU64(), 0x0f0e0d0c0b0a0908u);
  EXPECT_TRUE(reader.ExpectDone().ok());
}

TEST(ByteIoTest, VarintsRoundTripInTheirSize) {
  for (const uint64_t number : InterestingNumbers()) {
    std::vector<std::byte> bytes;
    ByteWriter(&bytes).WriteVarint(number);
    EXPECT_EQ(bytes.size(), static_cast<size_t>(VarintSize(number)));
    ByteReader reader(bytes);
    const Result<uint64_t> read = reader.ReadVarint();
    ASSERT_TRUE(read.ok()) << number << ": " << read.error().message;
    EXPECT_EQ(*read, number);
    EXPECT_TRUE(reader.done());
  }
}

TEST(ByteIoTest, TruncatedVarintsFailAndConsumeNothing) {
  for (const uint64_t number : InterestingNumbers()) {
    std::vector<std::byte> bytes;
    ByteWriter(&bytes).WriteVarint(number);
    bytes.pop_back();
    ByteReader reader(bytes);
    const Result<uint64_t> read = reader.ReadVarint();
    ASSERT_FALSE(read.ok()) << number;
    EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
    EXPECT_EQ(reader.position(), 0u);
  }
}

// Adding empty groups to a varint keeps its value; none is accepted.
TEST(ByteIoTest, OnlyTheShortestVarintIsAccepted) {
  for (const uint64_t number : InterestingNumbers()) {
    std::vector<std::byte> bytes;
    ByteWriter(&bytes).WriteVarint(number);
    while (bytes.size() < 12) {
      bytes.back() |= std::byte{0x80};
      bytes.push_back(std::byte{0});
      ByteReader reader(bytes);
      EXPECT_FALSE(reader.ReadVarint().ok()) << number << bytes.size();
      EXPECT_EQ(reader.position(), 0u);
    }
  }
}

TEST(ByteIoTest, VarintsAbove64BitsAreRefused) {
  std::vector<std::byte> bytes(9, std::byte{0xff});
  bytes.push_back(std::byte{0x01});
  EXPECT_EQ(*ByteReader(bytes).ReadVarint(), kMax);
  bytes.back() = std::byte{0x02};
  EXPECT_FALSE(ByteReader(bytes).ReadVarint().ok());
  bytes.back() = std::byte{0x03};
  EXPECT_FALSE(ByteReader(bytes).ReadVarint().ok());
  bytes.assign(20, std::byte{0xff});
  EXPECT_FALSE(ByteReader(bytes).ReadVarint().ok());
}

TEST(ByteIoTest, LimitsAreInclusiveAndNamed) {
  const auto bytes = Bytes({0xac, 0x02});  // 300
  EXPECT_EQ(*ByteReader(bytes).ReadVarint(300, "count"), 300u);
  ByteReader reader(bytes, "m.ingot", 1000);
  const Result<uint64_t> read = reader.ReadVarint(299, "count");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message,
            "m.ingot: offset 1000: count is 300, expected at most 299");
  EXPECT_EQ(reader.position(), 0u);
}

TEST(ByteIoTest, StringsAndBytes) {
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  writer.WriteString("");
  writer.WriteString(std::string("a\0b", 3));
  writer.WriteBytes(AsBytes("tail"));
  ByteReader reader(bytes);
  EXPECT_EQ(*reader.ReadString(0), "");
  EXPECT_EQ(*reader.ReadString(3), std::string("a\0b", 3));
  EXPECT_EQ(AsText(*reader.ReadBytes(4)), "tail");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.ReadBytes(0)->size(), 0u);
  EXPECT_FALSE(reader.Skip(1).ok());
}

TEST(ByteIoTest, StringsFailWholeAndConsumeNothing) {
  std::vector<std::byte> bytes;
  ByteWriter(&bytes).WriteString("four");
  ByteReader limited(bytes);
  EXPECT_FALSE(limited.ReadString(3).ok());
  EXPECT_EQ(limited.position(), 0u);
  bytes.pop_back();
  ByteReader truncated(bytes);
  EXPECT_FALSE(truncated.ReadString(100).ok());
  EXPECT_EQ(truncated.position(), 0u);
}

TEST(ByteIoTest, LengthsNearTwoTo64DoNotWrap) {
  const auto bytes = Bytes({1, 2, 3});
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.Skip(1).ok());
  for (const uint64_t size : {kMax, kMax - 1, uint64_t{1} << 63, uint64_t{3}}) {
    EXPECT_FALSE(reader.ReadBytes(size).ok());
    EXPECT_FALSE(reader.Skip(size).ok());
  }
  std::vector<std::byte> text;
  ByteWriter(&text).WriteVarint(kMax);
  EXPECT_FALSE(ByteReader(text).ReadString(kMax).ok());
  EXPECT_EQ(reader.remaining(), 2u);
}

TEST(ByteIoTest, MessagesNameInputOffsetAndExpectation) {
  const auto bytes = Bytes({1, 2, 3});
  ByteReader reader(bytes, "m.ingot", 96);
  ASSERT_TRUE(reader.ReadU8().ok());
  EXPECT_EQ(reader.offset(), 97u);
  EXPECT_EQ(reader.ReadU32().error().message,
            "m.ingot: offset 97: expected a 32-bit number, 2 bytes left");
  EXPECT_EQ(reader.ReadU64().error().kind, ErrorKind::kCorruption);
  EXPECT_EQ(reader.ExpectDone().error().message,
            "m.ingot: offset 97: expected the end, 2 bytes left");
  ASSERT_TRUE(reader.ReadU8().ok());
  EXPECT_EQ(reader.ReadU16().error().message,
            "m.ingot: offset 98: expected a 16-bit number, 1 byte left");
  ASSERT_TRUE(reader.ReadU8().ok());
  EXPECT_FALSE(reader.ReadU8().ok());
  EXPECT_EQ(ByteReader(bytes).ReadBytes(4).error().message,
            "offset 0: expected 4 bytes, 3 left");
}

TEST(ByteIoTest, PadToFillsWithZeros) {
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  writer.PadTo(64);
  EXPECT_EQ(writer.size(), 0u);
  writer.WriteU8(1);
  writer.PadTo(64);
  ASSERT_EQ(bytes.size(), 64u);
  for (size_t i = 1; i < 64; ++i) EXPECT_EQ(bytes[i], std::byte{0});
  writer.PadTo(64);
  EXPECT_EQ(writer.size(), 64u);
}

}  // namespace
}  // namespace ingot
