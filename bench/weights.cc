#include "bench/weights.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "codec/bytes.h"

namespace ingot {
namespace {

// A float of one sign bit, `exponent_bits` and `mantissa_bits`.
struct Shape {
  int exponent_bits;
  int mantissa_bits;
  uint16_t largest;  // bits of the largest finite value

  constexpr int smallest_exponent() const {
    return 2 - (1 << (exponent_bits - 1));
  }
};

constexpr Shape kBf16Shape = {8, 7, 0x7F7F};
constexpr Shape kF16Shape = {5, 10, 0x7BFF};
constexpr Shape kE4m3Shape = {4, 3, 0x7E};  // without infinities

template <Shape kShape>
uint16_t Round(float value) {
  constexpr double kToInteger = 0x1p52;  // adding it rounds to integers
  constexpr int kSmallest = kShape.smallest_exponent();
  const double magnitude = std::fabs(static_cast<double>(value));
  const int exponent = std::max(
      static_cast<int>(std::bit_cast<uint64_t>(magnitude) >> 52) - 1023,
      kSmallest);
  const auto unit = std::bit_cast<double>(
      static_cast<uint64_t>(1023 + kShape.mantissa_bits - exponent) << 52);
  const double units = magnitude * unit + kToInteger - kToInteger;
  // A normal's units have the implied bit, which is one in the exponent; a
  // carry out of the mantissa goes there, too.
  const uint64_t bits =
      (static_cast<uint64_t>(exponent - kSmallest) << kShape.mantissa_bits) +
      static_cast<uint64_t>(units);
  constexpr int kSign = kShape.exponent_bits + kShape.mantissa_bits;
  return static_cast<uint16_t>(
      std::min<uint64_t>(bits, kShape.largest) |
      static_cast<uint64_t>(std::signbit(value) ? 1 : 0) << kSign);
}

template <Shape kShape>
std::vector<std::byte> RoundAll(std::span<const float> values) {
  constexpr size_t kBytes =
      (1 + kShape.exponent_bits + kShape.mantissa_bits) / 8;
  std::vector<std::byte> bytes(values.size() * kBytes);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = Round<kShape>(values[i]);
    std::memcpy(&bytes[i * kBytes], &bits, kBytes);
  }
  return bytes;
}

}  // namespace

std::vector<float> ScaledNormals(uint64_t rows, uint64_t columns, double sigma,
                                 double spread, Random* random) {
  std::vector<double> column_scales(columns);
  for (double& scale : column_scales) scale = random->LogNormal(spread);
  std::vector<float> values(rows * columns);
  size_t next = 0;
  for (uint64_t row = 0; row < rows; ++row) {
    const double scale = sigma * random->LogNormal(spread);
    for (const double column_scale : column_scales) {
      values[next++] =
          static_cast<float>(scale * column_scale * random->Normal());
    }
  }
  return values;
}

uint16_t RoundToBits(float value, DType dtype) {
  if (dtype == DType::kBf16) return Round<kBf16Shape>(value);
  if (dtype == DType::kF16) return Round<kF16Shape>(value);
  assert(dtype == DType::kF8E4m3);
  return Round<kE4m3Shape>(value);
}

std::vector<std::byte> RoundToBytes(std::span<const float> values,
                                    DType dtype) {
  if (dtype == DType::kBf16) return RoundAll<kBf16Shape>(values);
  if (dtype == DType::kF16) return RoundAll<kF16Shape>(values);
  if (dtype == DType::kF8E4m3) return RoundAll<kE4m3Shape>(values);
  assert(dtype == DType::kF32);
  const ByteSpan bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

}  // namespace ingot
