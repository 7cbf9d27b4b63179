#include "codec/entropy/cm/byte_vector_coder.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/codec/patterns.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

std::vector<uint8_t> Values(size_t count, uint64_t spread, uint64_t seed) {
  Random random(seed);
  std::vector<uint8_t> values(count);
  for (uint8_t& value : values) {
    value = static_cast<uint8_t>(random.Below(spread));
  }
  return values;
}

TEST(ByteVectorCoderTest, RestoresVectorsOfAnySize) {
  for (const size_t count : {0, 1, 2, 3, 4, 5, 255, 4096}) {
    for (const uint64_t spread : {1, 2, 7, 256}) {
      const std::array<std::vector<uint8_t>, 3> in = {
          Values(count, spread, 1), Values(17, 256, 2), Values(count, 3, 3)};
      std::vector<std::byte> encoded(3, std::byte{7});
      EncodeByteVectors(
          std::array<std::span<const uint8_t>, 3>{in[0], in[1], in[2]},
          &encoded);
      EXPECT_EQ(encoded[2], std::byte{7});
      const ByteSpan code = ByteSpan(encoded).subspan(3);
      std::array<std::vector<uint8_t>, 3> out;
      for (size_t i = 0; i < 3; ++i) out[i].resize(in[i].size());
      const std::array<std::span<uint8_t>, 3> views = {out[0], out[1], out[2]};
      ASSERT_TRUE(DecodeByteVectors(code, views));
      EXPECT_EQ(out, in);
      // A stream may be read one word beyond its end.
      for (size_t length = 0; length + 2 < code.size(); ++length) {
        EXPECT_FALSE(DecodeByteVectors(code.first(length), views)) << length;
      }
      encoded.resize(encoded.size() + 4);
      EXPECT_FALSE(DecodeByteVectors(ByteSpan(encoded).subspan(3), views));
    }
  }
}

// 4096 values of 3 bits each: 1536 bytes, and what learning costs.
TEST(ByteVectorCoderTest, ComesCloseToTheEntropy) {
  const std::vector<uint8_t> values = Values(4096, 8, 4);
  std::vector<std::byte> encoded;
  EncodeByteVectors(std::array<std::span<const uint8_t>, 1>{values}, &encoded);
  EXPECT_LT(encoded.size(), 1575u);
}

TEST(ByteVectorCoderTest, AnyBytesAreSafe) {
  for (uint64_t seed = 0; seed < Tries(200); ++seed) {
    const std::vector<uint8_t> code = Values(seed, 256, seed);
    std::vector<uint8_t> out(1 + seed * 7 % 600);
    (void)DecodeByteVectors(std::as_bytes(std::span(code)),
                            std::array<std::span<uint8_t>, 1>{out});
  }
}

}  // namespace
}  // namespace ingot
