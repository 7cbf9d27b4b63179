#include "codec/entropy/rans/rans_code.h"

#include <algorithm>
#include <cstring>

#include "codec/bytes.h"

namespace ingot {
namespace {

__extension__ using Uint128 = unsigned __int128;

}  // namespace

void ChooseRansFrequencies(std::span<const uint64_t> counts,
                           std::span<uint16_t> frequencies) {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  int64_t sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const uint64_t rounded = (counts[i] * kRansScale + total / 2) / total;
    frequencies[i] = static_cast<uint16_t>(
        std::clamp<uint64_t>(rounded, 1, kRansScale - 1));
    sum += frequencies[i];
  }
  // One step more or less where it gains most or costs least: of the logarithm
  // near f, its slope, which integers can compare.
  while (sum != kRansScale) {
    const bool grow = sum < kRansScale;
    size_t best = counts.size();
    uint64_t best_slope = 0;  // count / slope is what a step changes
    for (size_t i = 0; i < counts.size(); ++i) {
      const uint64_t f = frequencies[i];
      if (grow ? f == kRansScale - 1 : f == 1) continue;
      const uint64_t slope = grow ? 2 * f + 1 : 2 * f - 1;
      const bool better =
          best == counts.size() ||
          (grow ? Uint128{counts[i]} * best_slope > Uint128{counts[best]} * slope
                : Uint128{counts[i]} * best_slope <
                      Uint128{counts[best]} * slope);
      if (better) {
        best = i;
        best_slope = slope;
      }
    }
    frequencies[best] = static_cast<uint16_t>(frequencies[best] + (grow ? 1 : -1));
    sum += grow ? 1 : -1;
  }
}

bool AreRansFrequencies(std::span<const uint16_t> frequencies) {
  uint32_t sum = 0;
  for (const uint16_t frequency : frequencies) {
    if (frequency == 0 || frequency >= kRansScale) return false;
    sum += frequency;
  }
  return sum == kRansScale;
}

void MakeRansDecodeTable(std::span<const uint16_t> frequencies,
                         RansDecodeTable* table) {
  uint32_t slot = 0;
  for (uint32_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    const uint32_t frequency = frequencies[symbol];
    for (uint32_t k = 0; k < frequency; ++k) {
      table->slots[slot++] = symbol | frequency << 8 | k << 20;
    }
  }
}

void MakeRansEncodeTable(std::span<const uint16_t> frequencies,
                         RansEncodeTable* table) {
  uint32_t start = 0;
  for (size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    const uint32_t frequency = frequencies[symbol];
    // Rounded up to a multiple of 2^-64: times a state of 32 bits that is too
    // much by less than 2^-32, and a remainder leaves room for 2^-12.
    table->symbols[symbol] = {
        frequency, start, frequency == 1 ? 0 : UINT64_MAX / frequency + 1,
        frequency << (32 - kRansBits)};
    start += frequency;
  }
}

void EncodeRans(const RansEncodeTable& table, std::span<const uint8_t> symbols,
                std::vector<std::byte>* out) {
  std::array<uint32_t, kRansLanes> states;
  states.fill(kRansLow);
  // Words come last first: they are written downwards.
  const size_t begin = out->size();
  out->resize(begin + kRansStateBytes + 2 * symbols.size());
  uint8_t* const last = AsU8(out->data() + out->size());
  uint8_t* word = last;
  for (size_t i = symbols.size(); i-- > 0;) {
    uint32_t& state = states[i % kRansLanes];
    const RansEncodeTable::Symbol& symbol = table.symbols[symbols[i]];
    uint32_t x = state;
    const bool full = x >= symbol.limit;
    StoreLittleEndian(word - 2, static_cast<uint16_t>(x));
    word -= full ? 2 : 0;
    x = full ? x >> 16 : x;
    const uint32_t quotient =
        symbol.frequency == 1
            ? x
            : static_cast<uint32_t>(Uint128{x} * symbol.reciprocal >> 64);
    state = x + quotient * (kRansScale - symbol.frequency) + symbol.start;
  }
  uint8_t* const head = AsU8(out->data() + begin);
  std::memcpy(head, states.data(), kRansStateBytes);
  const size_t word_bytes = static_cast<size_t>(last - word);
  std::memmove(head + kRansStateBytes, word, word_bytes);
  out->resize(begin + kRansStateBytes + word_bytes);
}

bool RansCursor::AtEnd() const {
  return words == end &&
         std::all_of(states.begin(), states.end(),
                     [](uint32_t state) { return state == kRansLow; });
}

}  // namespace ingot
