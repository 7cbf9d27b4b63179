#include "codec/entropy/rans/context_rans.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/bytes.h"
#include "codec/entropy/log_weight.h"

namespace ingot {

bool FrequenciesOfWeights(std::span<const uint8_t> weights,
                          std::vector<uint16_t>* frequencies) {
  if (weights.size() == 1 && weights[0] == 0) {
    frequencies->assign(2, kRansScale / 2);
    return true;
  }
  uint64_t sum = 0;
  size_t present = 0;
  for (const uint8_t weight : weights) {
    sum += weight == 0 ? 0 : LogWeight(weight);
    present += weight != 0;
  }
  if (present < 2) return false;
  frequencies->resize(weights.size());
  int32_t missing = kRansScale;
  for (size_t i = 0; i < weights.size(); ++i) {
    uint16_t& frequency = (*frequencies)[i];
    frequency = 0;
    if (weights[i] == 0) continue;
    frequency = static_cast<uint16_t>(
        std::max<uint64_t>(
            1, (LogWeight(weights[i]) * uint64_t{kRansScale} + sum / 2) / sum));
    missing -= frequency;
  }
  if (missing > 0) {
    uint16_t& largest = *std::ranges::max_element(*frequencies);
    largest = static_cast<uint16_t>(largest + missing);
  }
  // Rounding up, and symbols of less than a slot, take 255 too much at most.
  for (; missing < 0; ++missing) --*std::ranges::max_element(*frequencies);
  return true;
}

void MakeContextRansDecodeTable(
    std::span<const std::vector<uint16_t>> frequencies,
    ContextRansDecodeTable* table) {
  table->slots.clear();
  table->slots.reserve(frequencies.size() * kRansScale);
  for (const std::vector<uint16_t>& context : frequencies) {
    for (uint32_t symbol = 0; symbol < context.size(); ++symbol) {
      const uint32_t frequency = context[symbol];
      for (uint32_t number = 0; number < frequency; ++number) {
        table->slots.push_back(symbol | frequency << 8 | number << 20);
      }
    }
  }
}

void MakeContextRansEncodeTable(
    std::span<const std::vector<uint16_t>> frequencies,
    ContextRansEncodeTable* table) {
  table->contexts.assign(frequencies.size(), {});
  for (size_t k = 0; k < frequencies.size(); ++k) {
    uint32_t start = 0;
    for (size_t symbol = 0; symbol < frequencies[k].size(); ++symbol) {
      const uint32_t frequency = frequencies[k][symbol];
      if (frequency == 0) continue;
      table->contexts[k][symbol] = {
          (uint64_t{1} << RansEncodeTable::kReciprocalBits) / frequency + 1,
          frequency, start};
      start += frequency;
    }
  }
}

void EncodeContextRans(const ContextRansEncodeTable& table, unsigned lane_bits,
                       std::span<const uint8_t> contexts,
                       std::span<const uint8_t> symbols,
                       std::vector<std::byte>* out) {
  const size_t lanes = size_t{1} << lane_bits;
  const size_t state_bytes = lanes * sizeof(uint32_t);
  std::array<uint32_t, kRansLanes> states;
  states.fill(kRansLow);
  // Words come last first: they are written downwards.
  const size_t begin = out->size();
  out->resize(begin + state_bytes + 2 * symbols.size());
  uint8_t* const last = AsU8(out->data() + out->size());
  uint8_t* word = last;
  for (size_t i = symbols.size(); i-- > 0;) {
    const ContextRansEncodeTable::Symbol& symbol =
        table.contexts[contexts[i]][symbols[i]];
    uint32_t& state = states[i & (lanes - 1)];
    uint64_t x = state;
    const bool full = x >> 20 >= symbol.frequency;
    StoreLittleEndian(word - 2, static_cast<uint16_t>(x));
    word -= 2 * full;
    x >>= 16 * full;
    const auto quotient = static_cast<uint32_t>(
        x * symbol.reciprocal >> RansEncodeTable::kReciprocalBits);
    state = (quotient << kRansBits) + static_cast<uint32_t>(x) -
            quotient * symbol.frequency + symbol.start;
  }
  uint8_t* const head = AsU8(out->data() + begin);
  std::memcpy(head, states.data(), state_bytes);
  const auto word_bytes = static_cast<size_t>(last - word);
  std::memmove(head + state_bytes, word, word_bytes);
  out->resize(begin + state_bytes + word_bytes);
}

bool DecodeContextRansBySymbol(const ContextRansDecodeTable& table,
                               unsigned lane_bits, const uint8_t* contexts,
                               size_t count, RansCursor* cursor,
                               uint8_t* out) {
  const size_t mask = (size_t{1} << lane_bits) - 1;
  const uint8_t* words = cursor->words;
  for (size_t i = 0; i < count; ++i) {
    if ((i & mask) == 0 && words > cursor->end) return false;
    uint32_t& state = cursor->states[i & mask];
    const uint32_t slot = table.slots[contexts[i] * size_t{kRansScale} +
                                      (state & (kRansScale - 1))];
    out[i] = static_cast<uint8_t>(slot);
    state = (slot >> 8 & (kRansScale - 1)) * (state >> kRansBits) +
            (slot >> 20);
    if (state < kRansLow) {
      state = state << 16 | LoadLittleEndian<uint16_t>(words);
      words += sizeof(uint16_t);
    }
  }
  cursor->words = words;
  return true;
}

}  // namespace ingot
