#include "tests/codec/spec_methods.h"

#include <bit>
#include <cstddef>

namespace spec {
namespace {

__extension__ using Half = _Float16;

constexpr unsigned kF16 = 10;
constexpr unsigned kBf16 = 11;
constexpr unsigned kF32 = 12;

// A number as an element of `dtype`; fp32 unless it is a narrower one.
void Append(float number, unsigned dtype, Bytes* raw) {
  uint32_t bits = std::bit_cast<uint32_t>(number);
  unsigned bytes = 4;
  if (dtype == kBf16) {
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    bytes = 2;
  } else if (dtype == kF16) {
    bits = std::bit_cast<uint16_t>(static_cast<Half>(number));
    bytes = 2;
  }
  for (unsigned k = 0; k < bytes; ++k) {
    raw->push_back(static_cast<uint8_t>(bits >> (8 * k)));
  }
}

uint32_t Word(const std::vector<Bytes>& planes, size_t index) {
  uint32_t word = 0;
  for (unsigned k = 0; k < 4; ++k) {
    word |= uint32_t{planes[k].at(index)} << (8 * k);
  }
  return word;
}

}  // namespace

Bytes RestorePalette(const Bytes& values, const Bytes& indices,
                     unsigned element_bytes) {
  Bytes raw;
  for (const size_t index : indices) {
    for (size_t k = 0; k < element_bytes; ++k) {
      raw.push_back(values.at(index * element_bytes + k));
    }
  }
  return raw;
}

Bytes RestoreIntegers(const std::vector<Bytes>& planes, unsigned dtype) {
  Bytes raw;
  for (size_t i = 0; i < planes[0].size(); ++i) {
    const uint32_t z = Word(planes, i);
    const auto value =
        static_cast<int32_t>((z >> 1) ^ (0u - (z & 1)));
    if (dtype <= kF32) {
      Append(static_cast<float>(value), dtype, &raw);
      continue;
    }
    const auto bits = std::bit_cast<uint64_t>(static_cast<double>(value));
    for (unsigned k = 0; k < 8; ++k) {
      raw.push_back(static_cast<uint8_t>(bits >> (8 * k)));
    }
  }
  return raw;
}

std::vector<uint64_t> SpanNumbers(uint64_t columns, uint64_t span,
                                  uint64_t first, uint64_t n) {
  std::vector<uint64_t> numbers;
  uint64_t number = 0;
  for (uint64_t i = first; i < first + n; ++i) {
    const uint64_t column = i % columns;
    const bool starts = column % span == 0;
    if (starts && i > first) ++number;
    numbers.push_back(number);
  }
  return numbers;
}

Bytes RestoreScaled(const std::vector<Bytes>& planes, const Scaling& scaling,
                    const std::vector<uint64_t>& span_numbers,
                    unsigned dtype) {
  Bytes raw;
  for (size_t i = 0; i < span_numbers.size(); ++i) {
    const unsigned code = planes[4].at(i);
    if (code + 1 == scaling.minus) {
      Append(-0.0f, dtype, &raw);
      continue;
    }
    const auto scale = std::bit_cast<float>(Word(planes, span_numbers[i]));
    const int q = static_cast<int>(code) - static_cast<int>(scaling.depth);
    const float product = static_cast<float>(q < 0 ? -q : q) * scale;
    Append(q < 0 ? -product : product, dtype, &raw);
  }
  return raw;
}

}  // namespace spec
