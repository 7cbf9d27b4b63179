#include "codec/entropy/huffman/huffman_code.h"

#include <algorithm>
#include <vector>

namespace ingot {
namespace {

constexpr uint32_t kSpan = 1u << kMaxHuffmanBits;

// Canonical codes: symbols by length, then by number, count upwards. Calls
// visit(symbol, length, code) with the code's first bit lowest.
template <typename Visit>
void ForEachCode(std::span<const uint8_t> lengths, Visit visit) {
  uint32_t next = 0;  // of kSpan, so that lengths need no shifts
  for (unsigned length = 1; length <= kMaxHuffmanBits; ++length) {
    for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      if (lengths[symbol] != length) continue;
      uint32_t code = 0;
      for (unsigned bit = 0; bit < length; ++bit) {
        code |= (next >> (kMaxHuffmanBits - 1 - bit) & 1) << bit;
      }
      visit(symbol, length, code);
      next += kSpan >> length;
    }
  }
}

}  // namespace

void ChooseHuffmanLengths(std::span<const uint64_t> counts,
                          std::span<uint8_t> lengths) {
  std::fill(lengths.begin(), lengths.end(), uint8_t{0});
  std::vector<uint32_t> symbols;
  for (uint32_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) symbols.push_back(i);
  }
  std::stable_sort(symbols.begin(), symbols.end(), [&](uint32_t a, uint32_t b) {
    return counts[a] < counts[b];
  });
  // Of each length's list only the weights, and which items are symbols: the
  // cheapest 2n - 2 items of the last list say how many of the cheapest
  // symbols every list gives one bit to.
  struct Item {
    uint64_t weight;
    bool is_symbol;
  };
  std::array<std::vector<Item>, kMaxHuffmanBits> lists;
  std::vector<uint64_t> packages;
  for (std::vector<Item>& list : lists) {
    size_t package = 0;
    for (const uint32_t symbol : symbols) {
      for (; package < packages.size() && packages[package] < counts[symbol];
           ++package) {
        list.push_back({packages[package], false});
      }
      list.push_back({counts[symbol], true});
    }
    for (; package < packages.size(); ++package) {
      list.push_back({packages[package], false});
    }
    packages.clear();
    for (size_t i = 0; i + 1 < list.size(); i += 2) {
      packages.push_back(list[i].weight + list[i + 1].weight);
    }
  }
  size_t taken = 2 * symbols.size() - 2;
  for (size_t length = lists.size(); length-- > 0;) {
    size_t used = 0;
    for (size_t i = 0; i < taken; ++i) used += lists[length][i].is_symbol;
    for (size_t i = 0; i < used; ++i) ++lengths[symbols[i]];
    taken = 2 * (taken - used);
  }
}

bool IsCompleteHuffmanCode(std::span<const uint8_t> lengths) {
  uint32_t sum = 0;
  for (const uint8_t length : lengths) {
    if (length > kMaxHuffmanBits) return false;
    if (length > 0) sum += kSpan >> length;
  }
  return sum == kSpan;
}

void MakeHuffmanEncodeTable(std::span<const uint8_t> lengths,
                            HuffmanEncodeTable* table) {
  *table = {};
  ForEachCode(lengths, [&](size_t symbol, unsigned length, uint32_t code) {
    table->codes[symbol] = static_cast<uint16_t>(code);
    table->lengths[symbol] = static_cast<uint8_t>(length);
  });
}

void MakeHuffmanDecodeTable(std::span<const uint8_t> lengths,
                            HuffmanDecodeTable* table) {
  table->lengths.fill(0);
  std::copy(lengths.begin(), lengths.end(), table->lengths.begin());
  // The first symbol of every entry; then the symbols behind it.
  std::array<uint16_t, kSpan> first{};  // symbol, and its length above
  ForEachCode(lengths, [&](size_t symbol, unsigned length, uint32_t code) {
    for (uint32_t x = code; x < kSpan; x += 1u << length) {
      first[x] = static_cast<uint16_t>(symbol | length << 8);
    }
  });
  for (uint32_t x = 0; x < kSpan; ++x) {
    uint64_t entry = 0;
    unsigned used = 0;
    unsigned count = 0;
    while (count < HuffmanDecodeTable::kSymbolsPerEntry) {
      const uint16_t next = first[x >> used];
      const unsigned length = next >> 8;
      if (used + length > kMaxHuffmanBits) break;
      entry |= uint64_t{next & 0xFFu} << (56 - 8 * count);
      used += length;
      ++count;
    }
    table->entries[x] = entry | uint64_t{count} << 8 | used;
  }
}

}  // namespace ingot
