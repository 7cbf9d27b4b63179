#include "codec/delta_estimate.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "codec/base/fixed_log2.h"
#include "codec/planes/element_order.h"

namespace ingot {
namespace {

// Bits of a difference that count: its length tells the highest.
constexpr unsigned kDifferenceBits = 3;
// More values than this are no palette.
constexpr size_t kMaxPalette = 1024;

template <typename Counts>
double Entropy(const Counts& counts) {
  std::vector<uint64_t> values;
  values.reserve(counts.size());
  for (const auto& [key, count] : counts) values.push_back(count);
  return EntropyBits(values);
}

// Bits that `cells` counts hide on average when all are estimated at once.
double Correction(size_t cells, size_t classes) {
  constexpr double kLog2E = 1.4426950408889634;
  return static_cast<double>(cells - classes) / 2 * kLog2E;
}

}  // namespace

void DeltaEstimate::Add(ByteSpan elements) {
  const ElementOrder order = ElementOrderOf(dtype_);
  for (size_t i = 0; i + order.bytes <= elements.size(); i += order.bytes) {
    const uint64_t element = order.Load(elements.data() + i);
    sampled_bits_ += order.bits();
    if (palette_.size() <= kMaxPalette) ++palette_[element];
    if (!order.is_float) {
      for (unsigned byte = 0; byte < order.bytes; ++byte) {
        ++plain_[byte][element >> 8 * byte & 0xFF];
      }
    } else if (element == 0) {
      ++plain_[0][0];
    } else {
      ++plain_[0][order.Exponent(element) + 1];
      plain_raw_bits_ += 1 + order.mantissa_bits;
    }
  }
}

void DeltaEstimate::Add(ByteSpan elements, ByteSpan base) {
  Add(elements);
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
    const uint64_t symbol =
        uint64_t{length} << 4 | (distance >> raw) << 1 | uint64_t{down};
    ++delta_[exponent << 16 | symbol];
    ++delta_classes_[exponent];
    delta_raw_bits_ += raw;
    equal_ += element == predicted;
    ++paired_;
  }
}

double DeltaEstimate::plain_bits() const {
  double bits = static_cast<double>(plain_raw_bits_);
  for (const Counts& counts : plain_) {
    if (counts.empty()) continue;
    bits += Entropy(counts) + Correction(counts.size(), 1);
  }
  const uint64_t elements = sampled_bits_ / ElementOrderOf(dtype_).bits();
  if (palette_.size() <= kMaxPalette && palette_.size() * 16 <= elements &&
      !palette_.empty()) {
    bits = std::min(bits, Entropy(palette_) + Correction(palette_.size(), 1));
  }
  return std::min(bits, static_cast<double>(sampled_bits_));
}

double DeltaEstimate::delta_bits() const {
  const uint64_t elements = sampled_bits_ / ElementOrderOf(dtype_).bits();
  const double plain = plain_bits();
  if (elements == 0) return 0;
  const double bits = static_cast<double>(delta_raw_bits_) + Entropy(delta_) -
                      Entropy(delta_classes_) +
                      Correction(delta_.size(), delta_classes_.size());
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
