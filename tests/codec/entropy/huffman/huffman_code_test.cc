#include "codec/entropy/huffman/huffman_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace ingot {
namespace {

std::vector<uint8_t> LengthsOf(const std::vector<uint64_t>& counts) {
  std::vector<uint8_t> lengths(counts.size());
  ChooseHuffmanLengths(counts, lengths);
  return lengths;
}

uint64_t Cost(const std::vector<uint64_t>& counts,
              const std::vector<uint8_t>& lengths) {
  uint64_t bits = 0;
  for (size_t i = 0; i < counts.size(); ++i) bits += counts[i] * lengths[i];
  return bits;
}

// The cheapest complete code of at most `longest` bits, by trying them all.
uint64_t CheapestCost(std::vector<uint64_t> counts, unsigned longest) {
  std::sort(counts.rbegin(), counts.rend());
  uint64_t best = UINT64_MAX;
  // Lengths do not fall along falling counts.
  const auto visit = [&](const auto& self, size_t i, unsigned length,
                         uint32_t left, uint64_t bits) -> void {
    if (i == counts.size()) {
      if (left == 0) best = std::min(best, bits);
      return;
    }
    for (; length <= longest; ++length) {
      const uint32_t share = 1u << (longest - length);
      if (share <= left) {
        self(self, i + 1, length, left - share, bits + counts[i] * length);
      }
    }
  };
  visit(visit, 0, 1, 1u << longest, 0);
  return best;
}

TEST(HuffmanCodeTest, KnownLengths) {
  EXPECT_EQ(LengthsOf({1, 1}), (std::vector<uint8_t>{1, 1}));
  EXPECT_EQ(LengthsOf({8, 4, 2, 1, 1}), (std::vector<uint8_t>{1, 2, 3, 4, 4}));
  EXPECT_EQ(LengthsOf({0, 5, 0, 5, 10}),
            (std::vector<uint8_t>{0, 2, 0, 2, 1}));
}

TEST(HuffmanCodeTest, LengthsAreCheapest) {
  std::mt19937_64 rng(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint64_t> counts(2 + rng() % 6);
    for (uint64_t& count : counts) count = 1 + (rng() % 1000 >> rng() % 10);
    const std::vector<uint8_t> lengths = LengthsOf(counts);
    ASSERT_TRUE(IsCompleteHuffmanCode(lengths));
    ASSERT_EQ(Cost(counts, lengths), CheapestCost(counts, 8));
  }
}

TEST(HuffmanCodeTest, SteepCountsStayWithinElevenBits) {
  for (const size_t symbols : {12, 40, 64, 256}) {
    std::vector<uint64_t> counts(symbols);
    uint64_t a = 1, b = 1;
    for (uint64_t& count : counts) {  // Fibonacci: the deepest of all codes
      count = a;
      b = std::min<uint64_t>(a + b, uint64_t{1} << 40);
      std::swap(a, b);
    }
    const std::vector<uint8_t> lengths = LengthsOf(counts);
    EXPECT_TRUE(IsCompleteHuffmanCode(lengths));
    EXPECT_EQ(*std::max_element(lengths.begin(), lengths.end()),
              kMaxHuffmanBits);
  }
}

TEST(HuffmanCodeTest, CompleteCodes) {
  using Lengths = std::vector<uint8_t>;
  EXPECT_TRUE(IsCompleteHuffmanCode(Lengths{1, 1}));
  EXPECT_TRUE(IsCompleteHuffmanCode(Lengths{0, 1, 2, 2}));
  EXPECT_FALSE(IsCompleteHuffmanCode(Lengths{}));
  EXPECT_FALSE(IsCompleteHuffmanCode(Lengths{1}));
  EXPECT_FALSE(IsCompleteHuffmanCode(Lengths{1, 2}));
  EXPECT_FALSE(IsCompleteHuffmanCode(Lengths{1, 1, 1}));
  EXPECT_FALSE(IsCompleteHuffmanCode(Lengths{1, 1, 12}));
  EXPECT_FALSE(IsCompleteHuffmanCode(Lengths{255, 1, 1}));
}

TEST(HuffmanCodeTest, EntriesHoldAllWholeSymbols) {
  std::mt19937_64 rng(2);
  std::vector<uint64_t> counts(50);
  for (uint64_t& count : counts) count = 1 + (rng() % 100000 >> rng() % 16);
  const std::vector<uint8_t> lengths = LengthsOf(counts);
  HuffmanEncodeTable encode;
  HuffmanDecodeTable decode;
  MakeHuffmanEncodeTable(lengths, &encode);
  MakeHuffmanDecodeTable(lengths, &decode);
  for (uint32_t x = 0; x < decode.entries.size(); ++x) {
    const uint64_t entry = decode.entries[x];
    const unsigned used = entry & 0xFF;
    const unsigned count = entry >> 8 & 0xFF;
    ASSERT_GE(count, 1u);
    ASSERT_LE(count, HuffmanDecodeTable::kSymbolsPerEntry);
    unsigned bits = 0;
    for (unsigned i = 0; i < count; ++i) {
      const size_t symbol = entry >> (56 - 8 * i) & 0xFF;
      const unsigned length = encode.lengths[symbol];
      ASSERT_EQ(x >> bits & ((1u << length) - 1), encode.codes[symbol]);
      bits += length;
    }
    ASSERT_EQ(bits, used);
    ASSERT_LE(bits, kMaxHuffmanBits);
  }
}

TEST(HuffmanCodeTest, StreamsShareElements) {
  for (uint32_t elements = 1; elements < 200; ++elements) {
    uint32_t next = 0;
    for (size_t stream = 0; stream < kHuffmanStreams; ++stream) {
      const HuffmanRange range = HuffmanStreamRange(elements, stream);
      EXPECT_EQ(range.begin, next);
      EXPECT_LE(range.begin, range.end);
      next = range.end;
    }
    EXPECT_EQ(next, elements);
  }
}

}  // namespace
}  // namespace ingot
