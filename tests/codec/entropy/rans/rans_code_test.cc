#include "codec/entropy/rans/rans_code.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "codec/base/fixed_log2.h"
#include "codec/bytes.h"
#include "codec/entropy/rans/rans_scalar-inl.h"

namespace ingot {
namespace {

std::vector<uint16_t> FrequenciesOf(const std::vector<uint64_t>& counts) {
  std::vector<uint16_t> frequencies(counts.size());
  ChooseRansFrequencies(counts, frequencies);
  return frequencies;
}

TEST(RansCodeTest, FrequenciesAddUp) {
  EXPECT_EQ(FrequenciesOf({1, 1}), (std::vector<uint16_t>{2048, 2048}));
  EXPECT_EQ(FrequenciesOf({3, 1}), (std::vector<uint16_t>{3072, 1024}));
  EXPECT_EQ(FrequenciesOf({1'000'000'000, 1}),
            (std::vector<uint16_t>{4095, 1}));
  std::mt19937_64 rng(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint64_t> counts(2 + rng() % 255);
    for (uint64_t& count : counts) count = rng() >> (24 + rng() % 40);
    counts[0] += 1;
    ASSERT_TRUE(AreRansFrequencies(FrequenciesOf(counts)));
  }
}

TEST(RansCodeTest, FrequenciesThatAreNone) {
  using Frequencies = std::vector<uint16_t>;
  EXPECT_TRUE(AreRansFrequencies(Frequencies{1, 4095}));
  EXPECT_FALSE(AreRansFrequencies(Frequencies{}));
  EXPECT_FALSE(AreRansFrequencies(Frequencies{4096}));
  EXPECT_FALSE(AreRansFrequencies(Frequencies{0, 4096}));
  EXPECT_FALSE(AreRansFrequencies(Frequencies{2048, 0, 2048}));
  EXPECT_FALSE(AreRansFrequencies(Frequencies{2048, 2047}));
  EXPECT_FALSE(AreRansFrequencies(Frequencies{2048, 2049}));
}

// The stream is as long as its symbols' entropy says, but for the states.
TEST(RansCodeTest, ReachesEntropy) {
  std::mt19937_64 rng(2);
  const std::vector<uint64_t> weights = {2048, 1024, 512, 256, 128, 64, 64};
  std::discrete_distribution<int> draw(weights.begin(), weights.end());
  std::vector<uint8_t> symbols(size_t{1} << 17);
  std::vector<uint64_t> counts(weights.size());
  for (uint8_t& symbol : symbols) {
    symbol = static_cast<uint8_t>(draw(rng));
    ++counts[symbol];
  }
  RansEncodeTable encode;
  RansDecodeTable decode;
  const std::vector<uint16_t> frequencies = FrequenciesOf(counts);
  MakeRansEncodeTable(frequencies, &encode);
  MakeRansDecodeTable(frequencies, &decode);
  std::vector<std::byte> out;
  EncodeRans(encode, symbols, &out);
  EXPECT_LT(static_cast<double>(out.size()),
            EntropyBits(counts) / 8 * 1.001 + kRansStateBytes);
  const size_t size = out.size();
  out.resize(size + kRansOverRead);
  RansCursor cursor;
  std::memcpy(cursor.states.data(), out.data(), kRansStateBytes);
  cursor.words = AsU8(out.data()) + kRansStateBytes;
  cursor.end = AsU8(out.data()) + size;
  std::vector<uint8_t> restored(symbols.size());
  ASSERT_TRUE(DecodeRansBySymbol(decode, &cursor, symbols.size() / kRansLanes,
                                 restored.data()));
  EXPECT_TRUE(cursor.AtEnd());
  EXPECT_EQ(restored, symbols);
}

}  // namespace
}  // namespace ingot
