#include "tests/codec/weight_pairs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "codec/planes/element_order.h"

namespace ingot {
namespace {

// The nearest finite number of a float with these fields.
uint64_t RoundToFloat(double value, const ElementOrder& order) {
  const int bias = (1 << (order.exponent_bits - 1)) - 1;
  const auto mantissa = static_cast<int>(order.mantissa_bits);
  const double magnitude = std::fabs(value);
  uint64_t bits = 0;
  if (magnitude > 0) {
    const int exponent = std::max(std::ilogb(magnitude), 1 - bias);
    const auto digits = static_cast<uint64_t>(
        std::nearbyint(std::ldexp(magnitude, mantissa - exponent)));
    bits = (static_cast<uint64_t>(exponent + bias - 1) << mantissa) + digits;
  }
  const uint64_t limit =
      (((uint64_t{1} << order.exponent_bits) - 1) << mantissa) - 1;
  return std::min(bits, limit) | uint64_t{std::signbit(value)}
                                     << (order.bits() - 1);
}

}  // namespace

std::vector<double> GaussianValues(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> gaussian;
  std::vector<double> values(count);
  for (double& value : values) value = gaussian(random);
  return values;
}

std::vector<std::byte> MakeWeights(DType dtype,
                                   const std::vector<double>& weights,
                                   const std::vector<double>& changes,
                                   double r) {
  const ElementOrder order = ElementOrderOf(dtype);
  std::vector<std::byte> bytes(weights.size() * order.bytes);
  for (size_t i = 0; i < weights.size(); ++i) {
    const double value = weights[i] + (changes.empty() ? 0 : r * changes[i]);
    // Integers: a quantization of four deviations to seven bits.
    const uint64_t element =
        order.is_float
            ? RoundToFloat(0.02 * value, order)
            : static_cast<uint64_t>(std::clamp(
                  std::lrint(value * 32) + (order.is_signed ? 0 : 128),
                  order.is_signed ? -127L : 0L, order.is_signed ? 127L : 255L));
    std::memcpy(bytes.data() + i * order.bytes, &element, order.bytes);
  }
  return bytes;
}

ByteSpan Slice(DType dtype, ByteSpan tensor, uint64_t first, uint64_t count) {
  const size_t bytes = GetDTypeInfo(dtype).bits / 8;
  return tensor.subspan(first * bytes, count * bytes);
}

Sketch SketchOf(DType dtype, uint64_t columns, ByteSpan tensor) {
  return **MakeSketch(dtype, columns, tensor.size(),
                      [tensor](uint64_t offset, MutableByteSpan out) {
                        std::memcpy(out.data(), tensor.data() + offset,
                                    out.size());
                        return Status();
                      });
}

}  // namespace ingot
