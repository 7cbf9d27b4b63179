#include "codec/entropy/cm/difference_coder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/codec/patterns.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

constexpr unsigned kWidths[] = {8, 16, 32, 64};

struct Differences {
  std::vector<uint8_t> classes;
  std::vector<uint64_t> values;
};

enum class Kind { kZeros, kFew, kSmall, kAny, kExtremes };
constexpr Kind kKinds[] = {Kind::kZeros, Kind::kFew, Kind::kSmall, Kind::kAny,
                           Kind::kExtremes};

Differences MakeDifferences(Kind kind, unsigned width, size_t count) {
  Random random(width * 10 + static_cast<unsigned>(kind));
  const uint64_t mask = ~uint64_t{0} >> (64 - width);
  const uint64_t top = uint64_t{1} << (width - 1);
  const uint64_t extremes[] = {0,       1,           2,          3,    top,
                               top + 1, top - 1,     top - 2,    mask, mask - 1,
                               top / 2, top / 2 - 1, top / 2 + 1};
  Differences differences;
  for (size_t i = 0; i < count; ++i) {
    differences.classes.push_back(
        static_cast<uint8_t>(random.Below(kDifferenceClasses)));
    uint64_t value = 0;
    switch (kind) {
      case Kind::kZeros:
        break;
      case Kind::kFew:
        value = random.Below(50) == 0 ? random.Below(9) : 0;
        break;
      case Kind::kSmall:
        // One to nineteen bits (fewer than WIDTH), so that the shift is
        // defined.
        value = random.Next() >> (63 - random.Below(std::min(width, 20u) - 1));
        if (random.Below(30) == 0) value |= top;
        break;
      case Kind::kAny:
        value = random.Next();
        break;
      case Kind::kExtremes:
        value = extremes[random.Below(std::size(extremes))];
        break;
    }
    differences.values.push_back(value & mask);
  }
  return differences;
}

std::vector<std::byte> Encode(unsigned width, const Differences& differences) {
  std::vector<std::byte> encoded = {std::byte{9}};
  EncodeDifferences(width, differences.classes, differences.values, &encoded);
  EXPECT_EQ(encoded[0], std::byte{9});  // it appends
  encoded.erase(encoded.begin());
  return encoded;
}

TEST(DifferenceCoderTest, RoundTrips) {
  for (const unsigned width : kWidths) {
    for (const Kind kind : kKinds) {
      for (const size_t count : {0u, 1u, 2u, 3u, 4u, 5u, 63u, 1000u, 20'000u}) {
        const Differences differences = MakeDifferences(kind, width, count);
        const std::vector<std::byte> encoded = Encode(width, differences);
        std::vector<uint64_t> out(count, 77);
        ASSERT_TRUE(DecodeDifferences(width, differences.classes, encoded, out))
            << width << " bits, " << count << " elements";
        ASSERT_EQ(out, differences.values)
            << width << " bits, " << count << " elements";
      }
    }
  }
}

// Every value of eight bits in every class.
TEST(DifferenceCoderTest, EveryValueOfEveryClass) {
  Differences differences;
  for (unsigned k = 0; k < kDifferenceClasses; ++k) {
    for (unsigned value = 0; value < 256; ++value) {
      differences.classes.push_back(static_cast<uint8_t>(k));
      differences.values.push_back(value);
    }
  }
  for (const unsigned width : kWidths) {
    const std::vector<std::byte> encoded = Encode(width, differences);
    std::vector<uint64_t> out(differences.values.size());
    ASSERT_TRUE(DecodeDifferences(width, differences.classes, encoded, out));
    EXPECT_EQ(out, differences.values) << width;
  }
}

TEST(DifferenceCoderTest, CodesWhatIsRareAndSmallInFewBits) {
  const Differences zeros = MakeDifferences(Kind::kZeros, 16, 20'000);
  EXPECT_LT(Encode(16, zeros).size(), 200u);
  // One in fifty-six or so is not zero: 0.13 bits and 3 for the value.
  const Differences few = MakeDifferences(Kind::kFew, 16, 20'000);
  EXPECT_LT(Encode(16, few).size() * 8, 20'000u * 24 / 100);
  // Noise takes little more than itself.
  for (const unsigned width : kWidths) {
    const Differences any = MakeDifferences(Kind::kAny, width, 20'000);
    EXPECT_LT(Encode(width, any).size() * 8, 20'000u * (width + 1));
  }
}

TEST(DifferenceCoderTest, EveryTruncationIsRefused) {
  for (const unsigned width : kWidths) {
    for (const Kind kind : kKinds) {
      const Differences differences = MakeDifferences(kind, width, 300);
      const std::vector<std::byte> encoded = Encode(width, differences);
      std::vector<uint64_t> out(differences.values.size());
      for (size_t size = 0; size < encoded.size(); size += kStride) {
        EXPECT_FALSE(DecodeDifferences(width, differences.classes,
                                       ByteSpan(encoded).first(size), out))
            << width << " bits, " << size << " of " << encoded.size();
      }
      std::vector<std::byte> longer = encoded;
      longer.push_back(std::byte{0});
      EXPECT_FALSE(DecodeDifferences(width, differences.classes, longer, out));
    }
  }
}

// Refused, or other values, or bits of padding; but decoded in any case within
// the values' width.
TEST(DifferenceCoderTest, EveryFlippedBit) {
  for (const unsigned width : kWidths) {
    const uint64_t mask = ~uint64_t{0} >> (64 - width);
    const Differences differences = MakeDifferences(Kind::kSmall, width, 200);
    std::vector<std::byte> encoded = Encode(width, differences);
    std::vector<uint64_t> out(differences.values.size());
    size_t refused = 0;
    size_t same = 0;
    for (size_t bit = 0; bit < encoded.size() * 8; bit += kStride) {
      encoded[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
      if (DecodeDifferences(width, differences.classes, encoded, out)) {
        EXPECT_TRUE(std::ranges::all_of(
            out, [=](uint64_t value) { return value <= mask; }));
        same += out == differences.values ? 1 : 0;
      } else {
        ++refused;
      }
      encoded[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
    EXPECT_GT(refused, 0u);
    // Of padding, and of the last words, which stand for many.
    EXPECT_LT(same, 80u);
  }
}

TEST(DifferenceCoderTest, AnyBytes) {
  Random random(5);
  for (size_t round = 0; round < Tries(3'000); ++round) {
    const unsigned width = kWidths[round % 4];
    std::vector<uint8_t> classes(random.Below(400));
    for (uint8_t& k : classes) {
      k = static_cast<uint8_t>(random.Below(kDifferenceClasses));
    }
    std::vector<std::byte> encoded(random.Below(500));
    for (std::byte& byte : encoded) {
      byte = static_cast<std::byte>(random.Next());
    }
    // Lanes that fit, mostly.
    for (size_t lane = 0; lane < std::min<size_t>(4, encoded.size()); ++lane) {
      encoded[lane] =
          static_cast<std::byte>(random.Below(encoded.size() / 8 + 1) % 128);
    }
    std::vector<uint64_t> out(classes.size());
    DecodeDifferences(width, classes, encoded, out);
  }
}

TEST(DifferenceCoderTest, LanesLongerThanThePlane) {
  const std::vector<uint8_t> classes(4, 0);
  std::vector<uint64_t> out(4);
  // 2^63 words and 4 words of 8 bytes that are not all there.
  const std::vector<std::byte> huge = {
      std::byte{0x80}, std::byte{0x80}, std::byte{0x80}, std::byte{0x80},
      std::byte{0x80}, std::byte{0x80}, std::byte{0x80}, std::byte{0x80},
      std::byte{0x80}, std::byte{0x01}, std::byte{1},    std::byte{1},
      std::byte{1},    std::byte{1}};
  EXPECT_FALSE(DecodeDifferences(16, classes, huge, out));
  const std::vector<std::byte> early(11, std::byte{4});
  EXPECT_FALSE(DecodeDifferences(16, classes, early, out));
}

}  // namespace
}  // namespace ingot
