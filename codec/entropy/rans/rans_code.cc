#include "codec/entropy/rans/rans_code.h"

#include <algorithm>
#include <cstring>

#include "codec/bytes.h"

namespace ingot {
namespace {

__extension__ using Uint128 = unsigned __int128;

// A bucket's slots: `own` of the symbol of its number, then those of `other`.
struct Bucket {
  uint32_t own;
  uint32_t other;
};
using Buckets = std::array<Bucket, kRansBuckets>;

Buckets FillBuckets(std::span<const uint16_t> frequencies) {
  std::array<uint32_t, kRansBuckets> left{};
  std::copy(frequencies.begin(), frequencies.end(), left.begin());
  Buckets buckets;
  for (uint32_t i = 0; i < kRansBuckets; ++i) {
    buckets[i] = {kRansBucketSlots, i};
  }
  std::array<bool, kRansBuckets> closed{};
  const auto find = [&](auto wanted) {
    size_t bucket = 0;
    while (bucket < kRansBuckets && (closed[bucket] || !wanted(left[bucket]))) {
      ++bucket;
    }
    return bucket;
  };
  for (;;) {
    const size_t bucket =
        find([](uint32_t slots) { return slots < kRansBucketSlots; });
    if (bucket == kRansBuckets) return buckets;
    // All left slots together fill the open buckets: there is a richer one.
    const size_t other =
        find([](uint32_t slots) { return slots > kRansBucketSlots; });
    buckets[bucket] = {left[bucket], static_cast<uint32_t>(other)};
    left[other] -= kRansBucketSlots - left[bucket];
    closed[bucket] = true;
  }
}

// Calls visit(slot, symbol, number) for every slot.
template <typename Visit>
void ForEachSlot(const Buckets& buckets, Visit visit) {
  std::array<uint32_t, kRansBuckets> numbers{};
  const auto slots = [&](uint32_t bucket, uint32_t begin, uint32_t end,
                         uint32_t symbol) {
    for (uint32_t place = begin; place < end; ++place) {
      visit(bucket * kRansBucketSlots + place, symbol, numbers[symbol]++);
    }
  };
  for (uint32_t i = 0; i < kRansBuckets; ++i) slots(i, 0, buckets[i].own, i);
  for (uint32_t i = 0; i < kRansBuckets; ++i) {
    slots(i, buckets[i].own, kRansBucketSlots, buckets[i].other);
  }
}

}  // namespace

void ChooseRansFrequencies(std::span<const uint64_t> counts,
                           std::span<uint16_t> frequencies) {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  int64_t sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const uint64_t rounded = (counts[i] * kRansScale + total / 2) / total;
    frequencies[i] =
        static_cast<uint16_t>(std::clamp<uint64_t>(rounded, 1, kRansScale - 1));
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
          best == counts.size() || (grow ? Uint128{counts[i]} * best_slope >
                                               Uint128{counts[best]} * slope
                                         : Uint128{counts[i]} * best_slope <
                                               Uint128{counts[best]} * slope);
      if (better) {
        best = i;
        best_slope = slope;
      }
    }
    frequencies[best] =
        static_cast<uint16_t>(frequencies[best] + (grow ? 1 : -1));
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
  const Buckets buckets = FillBuckets(frequencies);
  table->frequencies.fill(0);
  std::copy(frequencies.begin(), frequencies.end(), table->frequencies.begin());
  ForEachSlot(buckets, [&](uint32_t slot, uint32_t symbol, uint32_t number) {
    table->slots[slot] =
        symbol | uint32_t{frequencies[symbol]} << 8 | number << 20;
  });
  for (size_t i = 0; i < kRansBuckets; ++i) {
    const auto [own, other] = buckets[i];
    // Where the bucket's own symbol fills it, it is also the other from place
    // 0 on: places then fit six bits.
    const uint32_t place = own % kRansBucketSlots;
    table->others[i] = static_cast<uint16_t>(place << 10 | other);
    const uint32_t first = table->slots[i * kRansBucketSlots + place];
    table->offsets[i] = static_cast<uint16_t>((first >> 20) - place);
  }
}

void MakeRansEncodeTable(std::span<const uint16_t> frequencies,
                         RansEncodeTable* table) {
  uint32_t start = 0;
  for (size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    // Rounded up by e of frequency parts of 2^-44, with e <= frequency. Times
    // a state below frequency << 20 that is below 2^64, and too much by less
    // than 1 / frequency: both because frequency squared is below 2^24.
    const uint32_t frequency = frequencies[symbol];
    table->symbols[symbol] = {
        (uint64_t{1} << RansEncodeTable::kReciprocalBits) / frequency + 1,
        frequency, start};
    start += frequency;
  }
  ForEachSlot(FillBuckets(frequencies),
              [&](uint32_t slot, uint32_t symbol, uint32_t number) {
                table->slots[table->symbols[symbol].start + number] =
                    static_cast<uint16_t>(slot);
              });
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
  for (size_t end = symbols.size(); end > 0; end -= kRansLanes) {
    const uint8_t* const group = symbols.data() + end - kRansLanes;
    for (size_t lane = kRansLanes; lane-- > 0;) {
      const RansEncodeTable::Symbol& symbol = table.symbols[group[lane]];
      uint32_t x = states[lane];
      // Shifts rather than a branch, which no processor could foresee.
      const uint32_t full = x >= symbol.frequency << (32 - kRansBits) ? 1 : 0;
      StoreLittleEndian(word - 2, static_cast<uint16_t>(x));
      word -= 2 * full;
      x >>= 16 * full;
      const auto quotient = static_cast<uint32_t>(
          x * symbol.reciprocal >> RansEncodeTable::kReciprocalBits);
      const uint32_t number = x - quotient * symbol.frequency;
      states[lane] = quotient << kRansBits | table.slots[symbol.start + number];
    }
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
