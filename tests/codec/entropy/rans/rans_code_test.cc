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
    std::vector<uint64_t> counts(2 + rng() % (kMaxRansSymbols - 1));
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

// Every slot has a symbol, no two the same number of it, and both forms of the
// table say the same.
TEST(RansCodeTest, SlotsAreNumbered) {
  std::mt19937_64 rng(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint64_t> counts(2 + rng() % (kMaxRansSymbols - 1));
    for (uint64_t& count : counts) count = rng() >> (24 + rng() % 40);
    counts[0] += 1;
    const std::vector<uint16_t> frequencies = FrequenciesOf(counts);
    RansEncodeTable encode;
    RansDecodeTable decode;
    MakeRansEncodeTable(frequencies, &encode);
    MakeRansDecodeTable(frequencies, &decode);
    std::vector<std::vector<bool>> seen;
    for (const uint16_t frequency : frequencies) seen.emplace_back(frequency);
    for (uint32_t slot = 0; slot < kRansScale; ++slot) {
      const uint32_t entry = decode.slots[slot];
      const uint32_t symbol = entry & 0xFF;
      const uint32_t number = entry >> 20;
      ASSERT_LT(symbol, counts.size());
      ASSERT_EQ(entry >> 8 & 0xFFF, frequencies[symbol]);
      ASSERT_LT(number, frequencies[symbol]);
      ASSERT_FALSE(seen[symbol][number]);
      seen[symbol][number] = true;
      ASSERT_EQ(encode.slots[encode.symbols[symbol].start + number], slot);
      const uint32_t bucket = slot / kRansBucketSlots;
      const uint32_t place = slot % kRansBucketSlots;
      const bool is_other = place >= decode.others[bucket] >> 10;
      ASSERT_EQ(symbol, is_other ? decode.others[bucket] & 63u : bucket);
      ASSERT_EQ(number, static_cast<uint16_t>(
                            place + (is_other ? decode.offsets[bucket] : 0)));
      ASSERT_EQ(decode.frequencies[symbol], frequencies[symbol]);
    }
  }
}

// The reciprocals divide: of every frequency, states at the edges of quotients.
TEST(RansCodeTest, ReciprocalsDivide) {
  std::mt19937_64 rng(4);
  for (uint32_t frequency = 1; frequency < kRansScale; ++frequency) {
    RansEncodeTable table;
    MakeRansEncodeTable(
        std::vector<uint16_t>{static_cast<uint16_t>(frequency),
                              static_cast<uint16_t>(kRansScale - frequency)},
        &table);
    const auto check = [&](uint64_t state) {
      ASSERT_EQ(state * table.symbols[0].reciprocal >>
                    RansEncodeTable::kReciprocalBits,
                state / frequency)
          << state << " / " << frequency;
    };
    constexpr uint64_t kQuotients = uint64_t{1} << 20;
    check(0);
    check(kQuotients * frequency - 1);
    check((kQuotients - 1) * frequency);
    for (int i = 0; i < 100; ++i) {
      const uint64_t quotient = 1 + rng() % (kQuotients - 1);
      check(quotient * frequency);
      check(quotient * frequency - 1);
    }
  }
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
