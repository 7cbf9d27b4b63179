#include "codec/base/checksum.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstdint>
#include <vector>

namespace ingot {
namespace {

TEST(ChecksumTest, KnownAnswers) {
  // From the XXH3 specification and its reference implementation, seed 0.
  EXPECT_EQ(Checksum({}), 0x2d06800538d394c2u);
  EXPECT_EQ(Checksum(AsBytes("a")), 0xe6c632b61e964e1fu);
  EXPECT_EQ(Checksum(AsBytes("abc")), 0x78af5f94892f3950u);
}

// The vector units that the dispatcher may choose agree with the portable
// function, whatever the length and alignment.
TEST(ChecksumTest, AgreesWithTheReference) {
  std::vector<std::byte> bytes(10000);
  uint32_t state = 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::byte>(state >> 24);
  }
  for (size_t length = 0; length < 5000; length += 1 + length / 16) {
    for (const size_t start : {0, 1, 7, 63}) {
      const ByteSpan span = ByteSpan(bytes).subspan(start, length);
      ASSERT_EQ(Checksum(span),
                XXH3_64bits_withSeed(span.data(), span.size(), 0))
          << length << " from " << start;
    }
  }
}

TEST(ChecksumTest, EveryBitCounts) {
  std::vector<std::byte> bytes(300, std::byte{0x5a});
  const uint64_t whole = Checksum(bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_NE(Checksum(bytes), whole);
    bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
  }
}

}  // namespace
}  // namespace ingot
