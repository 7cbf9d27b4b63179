#include "codec/delta_estimate.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "codec/base/fixed_log2.h"
#include "codec/planes/element_order.h"

namespace ingot {
namespace {

// Bits of a difference that count: its length tells the highest.
constexpr unsigned kDifferenceBits = 3;
// Sign, those bits and a length of at most 64.
constexpr size_t kSymbols = 65 << 4;
// Exponents of bases, one for zero; elements whose exponents are 63 apart do
// not meet in a tensor.
constexpr size_t kExponentClasses = 64;
constexpr size_t kByteValues = 256;
// More values than this are no palette.
constexpr size_t kLargestPalette = 1024;

// Bits of an ideal order-0 coder, and how many values it has seen.
struct Cost {
  double bits = 0;
  size_t values = 0;
};

Cost CostOf(std::vector<uint64_t> counts) {
  std::erase(counts, 0);
  return {.bits = EntropyBits(counts), .values = counts.size()};
}

// Bits that `values` counts hide on average when all are estimated at once.
double Correction(size_t values, size_t classes) {
  constexpr double kLog2E = 1.4426950408889634;
  return static_cast<double>(values - classes) / 2 * kLog2E;
}

double CorrectedBits(const Cost& cost) {
  return cost.values == 0 ? 0 : cost.bits + Correction(cost.values, 1);
}

}  // namespace

DeltaEstimate::DeltaEstimate(DType dtype) : dtype_(dtype) {
  const ElementOrder order = ElementOrderOf(dtype);
  plain_.resize(order.is_float ? (size_t{1} << order.exponent_bits) + 1
                               : order.bytes * kByteValues);
}

void DeltaEstimate::Add(ByteSpan elements) {
  const ElementOrder order = ElementOrderOf(dtype_);
  for (size_t i = 0; i + order.bytes <= elements.size(); i += order.bytes) {
    const uint64_t element = order.Load(elements.data() + i);
    sampled_bits_ += order.bits();
    if (palette_.size() <= kLargestPalette) ++palette_[element];
    if (!order.is_float) {
      for (unsigned byte = 0; byte < order.bytes; ++byte) {
        ++plain_[byte * kByteValues + (element >> 8 * byte & 0xFF)];
      }
    } else if (element == 0) {
      ++plain_[0];
    } else {
      ++plain_[order.Exponent(element) + 1];
      plain_raw_bits_ += 1 + order.mantissa_bits;
    }
  }
}

void DeltaEstimate::Add(ByteSpan elements, ByteSpan base) {
  Add(elements);
  delta_.resize(kExponentClasses * kSymbols);
  const ElementOrder order = ElementOrderOf(dtype_);
  for (size_t i = 0; i + order.bytes <= elements.size(); i += order.bytes) {
    const uint64_t element = order.Load(elements.data() + i);
    const uint64_t predicted = order.Load(base.data() + i);
    const int64_t value = order.Value(element);
    const int64_t base_value = order.Value(predicted);
    const uint64_t distance = Distance(value, base_value);
    const auto length = static_cast<unsigned>(std::bit_width(distance));
    const unsigned raw = std::max(length, kDifferenceBits) - kDifferenceBits;
    const bool down = distance != 0 && (value < base_value) !=
                                           (order.is_float && base_value < 0);
    const uint64_t exponent = order.is_float ? order.Exponent(predicted) : 0;
    const size_t group =
        exponent == 0 ? 0 : 1 + exponent % (kExponentClasses - 1);
    const size_t symbol =
        size_t{length} << 4 | (distance >> raw) << 1 | size_t{down};
    ++delta_[group * kSymbols + symbol];
    delta_raw_bits_ += raw;
    equal_ += element == predicted;
    ++paired_;
  }
}

double DeltaEstimate::plain_bits() const {
  double bits = static_cast<double>(plain_raw_bits_);
  if (ElementOrderOf(dtype_).is_float) {
    bits += CorrectedBits(CostOf(plain_));
  } else {
    for (size_t i = 0; i < plain_.size(); i += kByteValues) {
      const std::span<const uint64_t> counts(plain_.data() + i, kByteValues);
      bits += CorrectedBits(CostOf({counts.begin(), counts.end()}));
    }
  }
  const uint64_t elements = sampled_bits_ / ElementOrderOf(dtype_).bits();
  if (palette_.size() <= kLargestPalette && palette_.size() * 16 <= elements) {
    std::vector<uint64_t> counts;
    for (const auto& [value, count] : palette_) counts.push_back(count);
    bits = std::min(bits, CorrectedBits(CostOf(std::move(counts))));
  }
  return std::min(bits, static_cast<double>(sampled_bits_));
}

double DeltaEstimate::delta_bits() const {
  const double plain = plain_bits();
  if (sampled_bits_ == 0) return 0;
  double bits = static_cast<double>(delta_raw_bits_);
  for (size_t i = 0; i < delta_.size(); i += kSymbols) {
    const std::span<const uint64_t> counts(delta_.data() + i, kSymbols);
    bits += CorrectedBits(CostOf({counts.begin(), counts.end()}));
  }
  const uint64_t elements = sampled_bits_ / ElementOrderOf(dtype_).bits();
  const double without =
      static_cast<double>(elements - paired_) / static_cast<double>(elements);
  return std::min(bits + without * plain, plain);
}

double DeltaEstimate::plain_size() const {
  if (sampled_bits_ == 0) return 1;
  return plain_bits() / static_cast<double>(sampled_bits_);
}

double DeltaEstimate::delta_size() const {
  if (sampled_bits_ == 0) return 1;
  return delta_bits() / static_cast<double>(sampled_bits_);
}

double DeltaEstimate::equal_share() const {
  if (paired_ == 0) return 0;
  return static_cast<double>(equal_) / static_cast<double>(paired_);
}

}  // namespace ingot
