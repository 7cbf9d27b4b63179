#include "codec/entropy/adaptive_byte_coder.h"

#include <gtest/gtest.h>

#include <bit>

#include "codec/entropy/byte_coder.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

// Magnitudes halve in frequency; `spread` doubles them from part to part.
Bytes Integers(size_t count, int centre, unsigned spread, uint64_t seed) {
  Random random(seed);
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) {
    const unsigned wide = spread * static_cast<unsigned>(i / 3000 % 3);
    const int size = std::countr_zero(random.Next() | 1u << 4) +
                     static_cast<int>(random.Below(1u << wide));
    const int value = random.Below(2) == 0 ? size : -size;
    bytes.push_back(static_cast<std::byte>(centre + value));
  }
  return bytes;
}

Bytes Encode(const Bytes& raw, size_t limit = SIZE_MAX) {
  Bytes encoded;
  EXPECT_TRUE(EncodeAdaptiveBytes(raw, limit, &encoded));
  return encoded;
}

TEST(AdaptiveByteCoderTest, RestoresIntegersOfAnyKind) {
  for (const size_t count : {1, 2, 3, 4, 5, 8, 4095, 4096, 4097, 40'000}) {
    for (const int centre : {0, 128, 77}) {
      for (const unsigned spread : {0, 2}) {
        const Bytes raw = Integers(count, centre, spread, count);
        const Bytes encoded = Encode(raw);
        Bytes out(raw.size());
        ASSERT_TRUE(DecodeAdaptiveBytes(encoded, out)) << count;
        EXPECT_EQ(out, raw);
      }
    }
  }
}

TEST(AdaptiveByteCoderTest, RestoresNoise) {
  Random random(3);
  Bytes raw(10'000);
  for (std::byte& byte : raw) byte = static_cast<std::byte>(random.Next());
  Bytes out(raw.size());
  EXPECT_TRUE(DecodeAdaptiveBytes(Encode(raw), out));
  EXPECT_EQ(out, raw);
  Bytes encoded(5, std::byte{1});
  EXPECT_FALSE(EncodeAdaptiveBytes(raw, raw.size(), &encoded));
  EXPECT_EQ(encoded.size(), 5u);
}

// The class of a byte's neighbour tells how wide its part is.
TEST(AdaptiveByteCoderTest, SmallerThanOtherCoders) {
  for (const int centre : {0, 128}) {
    const Bytes raw = Integers(200'000, centre, 3, 1);
    Bytes others;
    EncodeBytes(raw, EffortForLevel(4), &others);
    EXPECT_LT(Encode(raw).size(), others.size() * 97 / 100);
    Bytes best;
    EXPECT_EQ(EncodeBytes(raw, PlaneEffortForLevel(9), &best), Coder::kCmBytes);
  }
}

TEST(AdaptiveByteCoderTest, DamageIsRefusedOrDecodesToSomething) {
  for (const size_t count : {900, 6000}) {
    const Bytes raw = Integers(count, 0, 2, 8);
    Bytes encoded = Encode(raw);
    Bytes out(raw.size());
    // The last stream may be read one word beyond its end.
    for (size_t length = 0; length + 2 < encoded.size(); ++length) {
      EXPECT_FALSE(DecodeAdaptiveBytes(ByteSpan(encoded).first(length), out))
          << length;
    }
    for (size_t at = 0; at < encoded.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        encoded[at] ^= static_cast<std::byte>(1 << bit);
        (void)DecodeAdaptiveBytes(encoded, out);
        encoded[at] ^= static_cast<std::byte>(1 << bit);
      }
    }
    for (const int parameters : {3, 7, 16, 255}) {
      Bytes unknown = encoded;
      unknown[0] = static_cast<std::byte>(parameters);
      EXPECT_FALSE(DecodeAdaptiveBytes(unknown, out)) << parameters;
    }
  }
}

}  // namespace
}  // namespace ingot
