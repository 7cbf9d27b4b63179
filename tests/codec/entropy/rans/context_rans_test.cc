#include "codec/entropy/rans/context_rans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "codec/bytes.h"
#include "codec/entropy/log_weight.h"

namespace ingot {
namespace {

using Rng = std::mt19937_64;
using Weights = std::vector<uint8_t>;
using Frequencies = std::vector<uint16_t>;

Frequencies FrequenciesOf(const Weights& weights) {
  Frequencies frequencies;
  EXPECT_TRUE(FrequenciesOfWeights(weights, &frequencies));
  return frequencies;
}

TEST(LogWeightTest, NearestNumbers) {
  EXPECT_EQ(LogWeight(0), 16u);
  EXPECT_EQ(LogWeight(15), 31u);
  EXPECT_EQ(LogWeight(16), 32u);
  EXPECT_EQ(LogWeight(255), 31u << 15);
  for (unsigned number = 0; number < 256; ++number) {
    const auto byte = static_cast<uint8_t>(number);
    EXPECT_EQ(NearestLogWeight(LogWeight(byte)), byte);
    if (number < 255) {
      const uint32_t next = LogWeight(static_cast<uint8_t>(number + 1));
      EXPECT_GT(next, LogWeight(byte));
      // Less than half of the way up rounds down.
      const uint32_t step = next - LogWeight(byte);
      EXPECT_EQ(NearestLogWeight(LogWeight(byte) + (step - 1) / 2), byte);
      EXPECT_EQ(NearestLogWeight(next - (step - 1) / 2), number + 1);
    }
  }
  EXPECT_EQ(NearestLogWeight(0), 0);
  EXPECT_EQ(NearestLogWeight(~uint64_t{0}), 255);
}

TEST(ContextRansTest, FrequenciesOfWeights) {
  EXPECT_EQ(FrequenciesOf({0}), (Frequencies{2048, 2048}));
  EXPECT_EQ(FrequenciesOf({7, 7}), (Frequencies{2048, 2048}));
  // 17 and 31 of 48: 1450.7 and 2645.3.
  EXPECT_EQ(FrequenciesOf({1, 15}), (Frequencies{1451, 2645}));
  // Three alike: the first has what is missing.
  EXPECT_EQ(FrequenciesOf({9, 9, 9}), (Frequencies{1366, 1365, 1365}));
  EXPECT_EQ(FrequenciesOf({0, 9, 0, 0, 9}), (Frequencies{0, 2048, 0, 0, 2048}));
  // The rarest has a slot, which the largest gives.
  EXPECT_EQ(FrequenciesOf({255, 1}), (Frequencies{4095, 1}));
}

TEST(ContextRansTest, FrequenciesAddUpForAnyWeights) {
  Rng rng(1);
  for (int round = 0; round < 2'000; ++round) {
    Weights weights(2 + rng() % 255);
    const uint64_t kind = rng() % 4;
    for (uint8_t& weight : weights) {
      weight = static_cast<uint8_t>(kind == 0   ? rng()
                                    : kind == 1 ? rng() % 2
                                    : kind == 2 ? 255
                                                : rng() % 3 * 127);
    }
    weights[rng() % weights.size()] = 255;
    const auto present = static_cast<size_t>(std::ranges::count_if(
        weights, [](uint8_t weight) { return weight != 0; }));
    Frequencies frequencies;
    ASSERT_EQ(FrequenciesOfWeights(weights, &frequencies), present > 1);
    if (present < 2) continue;
    ASSERT_EQ(frequencies.size(), weights.size());
    ASSERT_EQ(std::accumulate(frequencies.begin(), frequencies.end(), 0u),
              kRansScale);
    for (size_t s = 0; s < weights.size(); ++s) {
      ASSERT_EQ(frequencies[s] != 0, weights[s] != 0);
    }
  }
  // The most that rounding can give away: 255 symbols of a slot each.
  Weights weights(256, 1);
  weights[7] = 255;
  const Frequencies frequencies = FrequenciesOf(weights);
  EXPECT_EQ(frequencies[7], kRansScale - 255);
}

TEST(ContextRansTest, WeightsThatAreNone) {
  Frequencies frequencies;
  EXPECT_FALSE(FrequenciesOfWeights(Weights{}, &frequencies));
  EXPECT_FALSE(FrequenciesOfWeights(Weights{1}, &frequencies));
  EXPECT_FALSE(FrequenciesOfWeights(Weights{0, 0}, &frequencies));
  EXPECT_FALSE(FrequenciesOfWeights(Weights{0, 5, 0}, &frequencies));
  EXPECT_FALSE(FrequenciesOfWeights(Weights(256, 0), &frequencies));
}

struct Stream {
  ContextRansDecodeTable decode;
  ContextRansEncodeTable encode;
  std::vector<uint8_t> contexts;
  std::vector<uint8_t> symbols;
};

Stream MakeStream(size_t count, unsigned contexts, Rng& rng) {
  Stream stream;
  std::vector<Frequencies> frequencies;
  for (unsigned k = 0; k < contexts; ++k) {
    Weights weights(2 + rng() % 255);
    for (uint8_t& weight : weights) weight = static_cast<uint8_t>(rng());
    weights[0] = 1 + static_cast<uint8_t>(rng() % 255);
    weights[1] = 1;
    if (k % 5 == 4) weights = {0};
    frequencies.push_back(FrequenciesOf(weights));
  }
  MakeContextRansDecodeTable(frequencies, &stream.decode);
  MakeContextRansEncodeTable(frequencies, &stream.encode);
  for (size_t i = 0; i < count; ++i) {
    const auto context = static_cast<uint8_t>(rng() % contexts);
    stream.contexts.push_back(context);
    // By the slots, so that symbols have the frequencies of their tables.
    stream.symbols.push_back(static_cast<uint8_t>(
        stream.decode.slots[context * kRansScale + rng() % kRansScale]));
  }
  return stream;
}

struct Encoded {
  std::vector<std::byte> bytes;  // and slack
  size_t size;
};

Encoded Encode(const Stream& stream, unsigned lane_bits) {
  Encoded encoded{{std::byte{1}, std::byte{2}}, 0};
  EncodeContextRans(stream.encode, lane_bits, stream.contexts, stream.symbols,
                    &encoded.bytes);
  // It appends.
  EXPECT_EQ(encoded.bytes[0], std::byte{1});
  encoded.bytes.erase(encoded.bytes.begin(), encoded.bytes.begin() + 2);
  encoded.size = encoded.bytes.size();
  encoded.bytes.resize(encoded.size + kRansOverRead);
  return encoded;
}

RansCursor CursorOf(const Encoded& encoded, unsigned lane_bits, size_t size) {
  RansCursor cursor;
  cursor.states.fill(kRansLow);
  const size_t states = sizeof(uint32_t) << lane_bits;
  std::memcpy(cursor.states.data(), encoded.bytes.data(), states);
  cursor.words = AsU8(encoded.bytes.data()) + states;
  cursor.end = AsU8(encoded.bytes.data()) + size;
  return cursor;
}

TEST(ContextRansTest, RoundTripsWithAnyLanes) {
  Rng rng(2);
  for (unsigned lane_bits = kMinContextLaneBits;
       lane_bits <= kMaxContextLaneBits; ++lane_bits) {
    for (const size_t count :
         {size_t{0}, size_t{1}, size_t{3}, size_t{4}, size_t{63}, size_t{64},
          size_t{65}, size_t{1000}, size_t{20'000}}) {
      const Stream stream = MakeStream(count, 1 + rng() % 16, rng);
      const Encoded encoded = Encode(stream, lane_bits);
      RansCursor cursor = CursorOf(encoded, lane_bits, encoded.size);
      std::vector<uint8_t> out(count);
      ASSERT_TRUE(DecodeContextRansBySymbol(stream.decode, lane_bits,
                                            stream.contexts.data(), count,
                                            &cursor, out.data()));
      ASSERT_EQ(out, stream.symbols)
          << count << " symbols, 2^" << lane_bits << " lanes";
      ASSERT_TRUE(cursor.AtEnd());
    }
  }
}

// Words cut off are noticed: while decoding, or at the end.
TEST(ContextRansTest, TruncatedStreams) {
  Rng rng(3);
  for (unsigned lane_bits = kMinContextLaneBits;
       lane_bits <= kMaxContextLaneBits; ++lane_bits) {
    const size_t count = 500;
    const Stream stream = MakeStream(count, 3, rng);
    const Encoded encoded = Encode(stream, lane_bits);
    for (size_t size = sizeof(uint32_t) << lane_bits; size < encoded.size;
         size += 2) {
      RansCursor cursor = CursorOf(encoded, lane_bits, size);
      std::vector<uint8_t> out(count);
      EXPECT_FALSE(DecodeContextRansBySymbol(stream.decode, lane_bits,
                                             stream.contexts.data(), count,
                                             &cursor, out.data()) &&
                   cursor.AtEnd());
    }
  }
}

// Other bytes give other symbols or an end that is none, and no reads further
// than they may.
TEST(ContextRansTest, AnyBytes) {
  Rng rng(4);
  for (int round = 0; round < 2'000; ++round) {
    const auto lane_bits =
        static_cast<unsigned>(kMinContextLaneBits + rng() % 5);
    const size_t count = rng() % 300;
    const Stream stream = MakeStream(count, 1 + rng() % 16, rng);
    Encoded encoded = Encode(stream, lane_bits);
    if (round % 2 == 0) {
      for (std::byte& byte : encoded.bytes)
        byte = static_cast<std::byte>(rng());
    } else {
      encoded.bytes[rng() % encoded.size] ^=
          static_cast<std::byte>(1u << rng() % 8);
    }
    RansCursor cursor = CursorOf(encoded, lane_bits, encoded.size);
    std::vector<uint8_t> out(count);
    const bool whole = DecodeContextRansBySymbol(stream.decode, lane_bits,
                                                 stream.contexts.data(), count,
                                                 &cursor, out.data());
    // A flipped bit may lead to other symbols of one word more or less, but
    // not to the same ones.
    if (round % 2 == 1 && whole && cursor.AtEnd()) {
      EXPECT_NE(out, stream.symbols);
    }
  }
}

// As long as its symbols' entropy says, but for the states.
TEST(ContextRansTest, ReachesEntropy) {
  Rng rng(5);
  const std::vector<Frequencies> frequencies = {{4000, 96}, {1024, 1024, 2048}};
  Stream stream;
  MakeContextRansDecodeTable(frequencies, &stream.decode);
  MakeContextRansEncodeTable(frequencies, &stream.encode);
  constexpr size_t kCount = 100'000;
  for (size_t i = 0; i < kCount; ++i) {
    const auto context = static_cast<uint8_t>(rng() % 2);
    stream.contexts.push_back(context);
    stream.symbols.push_back(static_cast<uint8_t>(
        stream.decode.slots[context * kRansScale + rng() % kRansScale]));
  }
  // 0.1602 bits and 1.5.
  const double bits = kCount * (0.1602 + 1.5) / 2;
  const Encoded encoded = Encode(stream, 6);
  EXPECT_LT(static_cast<double>(encoded.size) * 8, bits * 1.01 + 64 * 32);
  EXPECT_GT(static_cast<double>(encoded.size) * 8, bits * 0.99);
}

}  // namespace
}  // namespace ingot
