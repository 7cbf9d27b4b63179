// Sketches: the same bytes everywhere, for every kind of object; whatever
// parses is what some object could have.

#include "codec/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "codec/digest.h"
#include "tests/codec/patterns.h"
#include "tests/codec/weight_pairs.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

// Elements that fill `bytes` bytes.
uint64_t ElementsOf(DType dtype, uint64_t bytes) {
  return bytes / (GetDTypeInfo(dtype).bits / 8);
}

RangeReader ReaderOf(ByteSpan object) {
  return [object](uint64_t offset, MutableByteSpan out) -> Status {
    if (offset > object.size() || out.size() > object.size() - offset) {
      return Corruption("past the end");
    }
    std::memcpy(out.data(), object.data() + offset, out.size());
    return {};
  };
}

std::string Hex(ByteSpan bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned>(byte) >> 4];
    text += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

TEST(SketchTest, GoldenBytes) {
  const Bytes tensor =
      MakeTensor(GetPattern("PlainWeights"), DType::kBf16, 300 * 192, 192);
  EXPECT_EQ(Hex(SerializeSketch(SketchOf(DType::kBf16, 192, tensor))),
            "010b00e100000000c000000012bfb4bf2a40efbfdbbe633f84be40be7340b0be"
            "873fb63e05407ac0000000000000000002802b5ec008e0176fc01f10da5e4004"
            "d04e59c019802628bf0d400d85be1ed082e3bf1050851bbf1520c63ec008b065"
            "d43fff0f000000ff0f000000ff0f000000ff0f000000ff0f000000ff0f000000");
}

// One digest over the sketches of all dtypes, patterns and some row lengths:
// a change of any bit of version 1 shows here.
TEST(SketchTest, GoldenDigestOfAllDTypesAndPatterns) {
  Hasher hasher;
  for (const DType dtype : CodableDTypes()) {
    for (const Pattern& pattern : AllPatterns()) {
      for (const uint64_t columns : {1, 48, 100, 5000, 1 << 20}) {
        const uint64_t elements = ElementsOf(dtype, 30000);
        const Bytes tensor = MakeTensor(pattern, dtype, elements, columns);
        hasher.Update(SerializeSketch(SketchOf(dtype, columns, tensor)));
      }
    }
  }
  EXPECT_EQ(ToHex(hasher.Finish()),
            "4935d16f9a66f71dbf7ef9d9e42d766ac8203408240cec9cd3ab5b8128092c01");
}

TEST(SketchTest, ParsesWhatItSerializes) {
  for (const DType dtype : CodableDTypes()) {
    for (const Pattern& pattern : AllPatterns()) {
      SCOPED_TRACE(std::string(GetDTypeInfo(dtype).name) + " " +
                   std::string(pattern.name));
      const Bytes tensor =
          MakeTensor(pattern, dtype, ElementsOf(dtype, 100000), 100);
      const Sketch sketch = SketchOf(dtype, 100, tensor);
      const Result<Sketch> parsed = ParseSketch(SerializeSketch(sketch));
      ASSERT_TRUE(parsed.ok()) << parsed.error().message;
      EXPECT_TRUE(*parsed == sketch);
    }
  }
}

TEST(SketchTest, SmallObjectsHaveNone) {
  for (const DType dtype : CodableDTypes()) {
    for (const uint64_t bytes : {0, 1, 100, 4095}) {
      const uint64_t length =
          ElementsOf(dtype, bytes) * (GetDTypeInfo(dtype).bits / 8);
      const auto sketch = MakeSketch(dtype, 1, length, ReaderOf(Bytes(length)));
      ASSERT_TRUE(sketch.ok());
      EXPECT_FALSE(sketch->has_value());
    }
  }
}

TEST(SketchTest, ConstantObjectsHavePlacesButNoAnchors) {
  const Bytes zeros(100000);
  for (const DType dtype : CodableDTypes()) {
    const uint64_t bytes = GetDTypeInfo(dtype).bits / 8;
    const Sketch sketch = SketchOf(
        dtype, 64, ByteSpan(zeros).first(zeros.size() / bytes * bytes));
    EXPECT_GE(std::count_if(sketch.places.begin(), sketch.places.end(),
                            [](const auto& place) { return place; }),
              9);
    EXPECT_TRUE(std::none_of(sketch.anchors.begin(), sketch.anchors.end(),
                             [](const auto& anchor) { return anchor; }));
  }
}

// Every length from the smallest on, and rows around every limit: positions
// stay inside, which the reader checks.
TEST(SketchTest, OddGeometries) {
  const Bytes object =
      MakeTensor(GetPattern("RandomBits"), DType::kU8, 40000, 100);
  for (uint64_t length = kMinSketchedBytes; length <= object.size();
       length += 731) {
    for (const uint64_t columns :
         {0, 1, 2, 63, 64, 65, 127, 4095, 4096, 4097, 4159, 4160, 8255, 8256,
          20000, 39999, 40000, 40001}) {
      const auto sketch = MakeSketch(DType::kU8, columns, length,
                                     ReaderOf(ByteSpan(object).first(length)));
      ASSERT_TRUE(sketch.ok()) << length << " " << columns;
      const Result<Sketch> parsed = ParseSketch(SerializeSketch(**sketch));
      ASSERT_TRUE(parsed.ok()) << parsed.error().message;
      EXPECT_TRUE(*parsed == **sketch) << length << " " << columns;
    }
  }
}

// Objects of terabytes, which a reader makes up: positions do not overflow, and
// no more is read than was promised.
TEST(SketchTest, HugeObjectsReadLittle) {
  for (const DType dtype : {DType::kU8, DType::kBf16, DType::kF64}) {
    for (const uint64_t columns : {uint64_t{1}, uint64_t{64}, uint64_t{16384},
                                   uint64_t{1} << 31, uint64_t{1} << 40}) {
      const uint64_t length = (uint64_t{1} << 47) - 64;
      uint64_t read = 0;
      uint64_t last = 0;
      unsigned turns = 0;
      const auto sketch =
          MakeSketch(dtype, columns, length,
                     [&](uint64_t offset, MutableByteSpan out) -> Status {
                       if (offset > length - out.size() || out.size() > 65536) {
                         return Corruption("bad read");
                       }
                       turns += offset < last;
                       last = offset;
                       read += out.size();
                       Random random(offset);
                       for (std::byte& byte : out)
                         byte = std::byte(random.Next());
                       return {};
                     });
      ASSERT_TRUE(sketch.ok()) << sketch.error().message;
      EXPECT_LT(read, uint64_t{16384} * 64 * 8 + 1000);
      EXPECT_LE(turns, 1u) << "places first, then anchors";
      const Result<Sketch> parsed = ParseSketch(SerializeSketch(**sketch));
      ASSERT_TRUE(parsed.ok()) << parsed.error().message;
      EXPECT_TRUE(*parsed == **sketch);
    }
  }
  const auto too_large = MakeSketch(
      DType::kU8, 1, (uint64_t{1} << 47) + 1,
      [](uint64_t, MutableByteSpan) { return Corruption("not read"); });
  ASSERT_TRUE(too_large.ok());
  EXPECT_FALSE(too_large->has_value());
}

TEST(SketchTest, ErrorsOfTheReaderComeThrough) {
  const auto sketch = MakeSketch(
      DType::kBf16, 64, 1 << 20,
      [](uint64_t, MutableByteSpan) { return Corruption("bad block"); });
  ASSERT_FALSE(sketch.ok());
  EXPECT_EQ(sketch.error().message, "bad block");
}

TEST(SketchTest, HalfOfThePlacesAreThoseOfTheNextLevel) {
  for (unsigned level = 1; level < 47; ++level) {
    for (uint64_t i = 0; i < kSketchPlaces; ++i) {
      const uint64_t below = SketchPlace(i, level, level - 1);
      EXPECT_EQ(below / 2, i);
      EXPECT_EQ(SketchPlace(below, level - 1, 0), SketchPlace(i, level, 0));
    }
  }
}

class ParseSketchTest : public testing::Test {
 protected:
  ParseSketchTest()
      : bytes_(
            SerializeSketch(SketchOf(DType::kBf16, 192,
                                     MakeTensor(GetPattern("PlainWeights"),
                                                DType::kBf16, 50000, 192)))) {}

  void Refuses(ErrorKind kind, std::string_view text) const {
    const Result<Sketch> parsed = ParseSketch(bytes_);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().kind, kind);
    EXPECT_NE(parsed.error().message.find(text), std::string::npos)
        << parsed.error().message;
  }

  std::array<std::byte, kSketchBytes> bytes_;
};

TEST_F(ParseSketchTest, EveryTruncationIsRefused) {
  for (size_t size = 0; size < kSketchBytes; ++size) {
    EXPECT_FALSE(ParseSketch(ByteSpan(bytes_).first(size)).ok());
  }
  Bytes longer(bytes_.begin(), bytes_.end());
  longer.push_back({});
  EXPECT_FALSE(ParseSketch(longer).ok());
}

TEST_F(ParseSketchTest, EveryBitFlipParsesToItselfOrIsRefused) {
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * kSketchBytes; ++bit) {
    auto flipped = bytes_;
    flipped[bit / 8] ^= std::byte(1 << bit % 8);
    const Result<Sketch> parsed = ParseSketch(flipped);
    if (parsed.ok()) {
      EXPECT_TRUE(SerializeSketch(*parsed) == flipped) << bit;
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, 50u);
}

TEST_F(ParseSketchTest, SaysWhatIsWrong) {
  const auto good = bytes_;
  bytes_[0] = std::byte(2);
  Refuses(ErrorKind::kUnsupported, "version 2");
  bytes_ = good;
  bytes_[1] = std::byte(17);  // F4, of views only
  Refuses(ErrorKind::kCorruption, "offset 1");
  bytes_ = good;
  std::fill_n(bytes_.begin() + 2, 6, std::byte(0));
  Refuses(ErrorKind::kCorruption, "offset 2");
  std::fill_n(bytes_.begin() + 2, 6, std::byte(0xFF));
  Refuses(ErrorKind::kCorruption, "offset 2");
  bytes_ = good;
  std::fill_n(bytes_.begin() + 8, 4, std::byte(0));
  Refuses(ErrorKind::kCorruption, "offset 8");
  bytes_ = good;
  bytes_[12 + 2 * 17] = std::byte(1);  // 50000 elements have 13 strata
  Refuses(ErrorKind::kCorruption, "offset 46");
  bytes_ = good;
  bytes_[48] = std::byte(0xFE);
  bytes_[49] |= std::byte(0x0F);
  Refuses(ErrorKind::kCorruption, "offset 48");
}

}  // namespace
}  // namespace ingot
