#include "codec/method/scaled_integer.h"

#include <algorithm>
#include <bit>

namespace ingot {
namespace {

constexpr unsigned kF32Mantissa = 23;
constexpr uint32_t kF32Hidden = 1u << kF32Mantissa;

// n / 2^shift, to nearest, ties to even.
uint64_t RoundShift(uint64_t n, unsigned shift) {
  if (shift == 0) return n;
  if (shift > 63) return 0;
  const uint64_t half = uint64_t{1} << (shift - 1);
  const uint64_t odd = (n >> shift) & 1;
  return (n + half - 1 + odd) >> shift;
}

// A magnitude as mantissa * 2^exponent, in units of the format's smallest
// subnormal number.
struct Unpacked {
  uint64_t mantissa;
  unsigned exponent;
};

Unpacked Unpack(uint32_t magnitude, const FloatFormat& format) {
  const uint32_t hidden = 1u << format.mantissa_bits;
  const uint32_t mantissa = magnitude & (hidden - 1);
  const uint32_t exponent = magnitude >> format.mantissa_bits;
  if (exponent == 0) return {mantissa, 0};
  return {mantissa | hidden, exponent - 1};
}

// What rounds to a magnitude: nothing outside [lowest, highest], in quarters of
// a grid's unit. Whether the ends themselves do is left open.
struct Range {
  uint64_t lowest;
  uint64_t highest;
};

// The grid has the unit 2^base.
struct Grid {
  unsigned base;
  FloatFormat format;

  // Nothing where the magnitude is too small to share a scale with the
  // largest.
  std::optional<Range> Place(uint32_t magnitude) const {
    const Unpacked unpacked = Unpack(magnitude, format);
    if (unpacked.exponent < base) return std::nullopt;
    const unsigned shift = unpacked.exponent - base;
    const uint64_t value = unpacked.mantissa << (shift + 2);
    const uint64_t half = uint64_t{2} << shift;
    // Numbers lie closer together below a power of two.
    const bool power =
        unpacked.mantissa == uint64_t{1} << format.mantissa_bits &&
        unpacked.exponent > 0;
    return Range{value - (power ? half / 2 : half), value + half};
  }
};

// Scales are searched for in units of 2^-kFraction of a quarter of the grid's.
constexpr unsigned kFraction = 20;

constexpr int kPasses = 4;
constexpr int kTries = 64;

// [lowest, highest] that a scale may be.
struct Interval {
  uint64_t lowest;
  uint64_t highest;

  bool empty() const { return lowest > highest; }
  // Keeps the scales that bring `integer` into the range.
  void Restrict(const Range& range, uint64_t integer) {
    lowest = std::max(lowest, ((range.lowest << kFraction) + integer - 1) / integer);
    highest = std::min(highest, (range.highest << kFraction) / integer);
  }
};

// The fp32 number that is `scale` on the grid, rounded down.
std::optional<uint32_t> ToF32(uint64_t scale, const Grid& grid) {
  const int width = std::bit_width(scale);
  const uint64_t mantissa =
      width > 24 ? scale >> (width - 24) : scale << (24 - width);
  // The grid's unit is 2^(base + 1 - bias - M).
  const int exponent = 149 + width - 24 - static_cast<int>(kFraction) +
                       static_cast<int>(grid.base) - grid.format.bias() -
                       static_cast<int>(grid.format.mantissa_bits);
  if (exponent < 1 || exponent > 254) return std::nullopt;
  return static_cast<uint32_t>(exponent) << kF32Mantissa |
         (static_cast<uint32_t>(mantissa) & (kF32Hidden - 1));
}

bool AllScaled(std::span<const uint32_t> magnitudes, uint32_t scale,
               const FloatFormat& format) {
  return std::ranges::all_of(magnitudes, [&](uint32_t magnitude) {
    return UnscaledInteger(magnitude, scale, format).has_value();
  });
}

// Tries the numbers of the interval, those with the most trailing zeros first:
// real scales have few bits, and so have good guesses.
std::optional<uint32_t> ProveScale(std::span<const uint32_t> magnitudes,
                                   const Grid& grid, const Interval& scales) {
  int tries = kTries;
  for (unsigned zeros = 56; zeros-- > 0;) {
    const uint64_t unit = uint64_t{1} << zeros;
    uint64_t candidate = (scales.lowest + unit - 1) & ~(unit - 1);
    for (; candidate <= scales.highest; candidate += unit) {
      if ((candidate & unit) == 0) continue;  // tried before
      const std::optional<uint32_t> scale = ToF32(candidate, grid);
      if (scale && AllScaled(magnitudes, *scale, grid.format)) return scale;
      if (--tries == 0) return std::nullopt;
    }
  }
  return std::nullopt;
}

// Tries one integer for the largest magnitude.
std::optional<uint32_t> FitWithLargest(std::span<const uint32_t> magnitudes,
                                       const Grid& grid, uint64_t largest) {
  Interval scales{1, UINT64_MAX};
  const std::optional<Range> last = grid.Place(magnitudes.back());
  if (!last) return std::nullopt;
  scales.Restrict(*last, largest);
  // Small magnitudes first: they are the hardest to hit by chance, and what
  // they say of the scale tells more of the others apart in the next pass.
  bool unclear = true;
  for (int pass = 0; pass < kPasses && unclear; ++pass) {
    unclear = false;
    for (const uint32_t magnitude : magnitudes) {
      const std::optional<Range> range = grid.Place(magnitude);
      if (!range) return std::nullopt;
      const uint64_t fewest =
          ((range->lowest << kFraction) + scales.highest - 1) / scales.highest;
      const uint64_t most = (range->highest << kFraction) / scales.lowest;
      if (fewest > most || most == 0) return std::nullopt;
      unclear = unclear || fewest != most;
      if (fewest != most) continue;
      scales.Restrict(*range, fewest);
      if (scales.empty()) return std::nullopt;
    }
  }
  return ProveScale(magnitudes, grid, scales);
}

}  // namespace

uint32_t ScaledMagnitude(uint32_t integer, uint32_t scale,
                         const FloatFormat& format) {
  const unsigned scale_exponent = scale >> kF32Mantissa;
  if (scale_exponent == 0 || scale_exponent > 254) return kNoMagnitude;
  if (integer == 0) return 0;
  const uint64_t product =
      uint64_t{integer} * ((scale & (kF32Hidden - 1)) | kF32Hidden);
  // To 24 bits: the product in fp32.
  const unsigned shift =
      static_cast<unsigned>(std::bit_width(product)) - (kF32Mantissa + 1);
  uint64_t mantissa = RoundShift(product, shift);
  unsigned exponent = scale_exponent + shift;
  if (mantissa == 2 * kF32Hidden) {
    mantissa = kF32Hidden;
    ++exponent;
  }
  if (exponent > 254) return kNoMagnitude;
  // To the format: M + 1 bits, fewer below the smallest normal number.
  const int target = static_cast<int>(exponent) - 127 + format.bias();
  unsigned drop = kF32Mantissa - format.mantissa_bits;
  uint32_t bits = 0;
  if (target > 0) {
    bits = static_cast<uint32_t>(target - 1) << format.mantissa_bits;
  } else {
    drop += static_cast<unsigned>(1 - target);
  }
  // The hidden bit, or a carry, counts the exponent up.
  bits += static_cast<uint32_t>(RoundShift(mantissa, drop));
  if (bits >= format.infinity()) return kNoMagnitude;
  return bits;
}

std::optional<uint32_t> UnscaledInteger(uint32_t magnitude, uint32_t scale,
                                        const FloatFormat& format) {
  if (magnitude == 0) return 0;
  // magnitude / scale to the nearest, with 24 bits of scale:
  // value = mantissa * 2^(exponent + 1 - bias - M), scale = m * 2^(e - 150).
  const Unpacked unpacked = Unpack(magnitude, format);
  const uint64_t scale_mantissa = (scale & (kF32Hidden - 1)) | kF32Hidden;
  const int power = static_cast<int>(unpacked.exponent) + 1 - format.bias() -
                    static_cast<int>(format.mantissa_bits) -
                    (static_cast<int>(scale >> kF32Mantissa) - 150);
  // Beyond these the quotient is out of reach.
  if (power < -38 || power > 38) return std::nullopt;
  const uint64_t dividend = unpacked.mantissa << std::max(power, 0);
  const uint64_t divisor = scale_mantissa << std::max(-power, 0);
  const uint64_t nearest = (dividend + divisor / 2) / divisor;
  // Above 2^M neighbours may round to the same magnitude.
  for (const uint64_t integer : {nearest, nearest + 1, nearest - 1}) {
    if (integer - 1 < kMaxScaledInteger &&
        ScaledMagnitude(static_cast<uint32_t>(integer), scale, format) ==
            magnitude) {
      return static_cast<uint32_t>(integer);
    }
  }
  return std::nullopt;
}

std::optional<uint32_t> FitScale(std::span<const uint32_t> magnitudes,
                                 const FloatFormat& format) {
  if (magnitudes.empty() || magnitudes.back() >= format.infinity()) {
    return std::nullopt;
  }
  // Eight octaves below the largest lies the smallest integer's magnitude; one
  // more for rounding.
  const unsigned top = Unpack(magnitudes.back(), format).exponent;
  const Grid grid{top > 9 ? top - 9 : 0, format};
  // Ascending: multiples of the right one would fit as well.
  for (uint32_t integer = 1; integer <= kMaxScaledInteger; ++integer) {
    if (auto scale = FitWithLargest(magnitudes, grid, integer)) return scale;
  }
  return std::nullopt;
}

}  // namespace ingot
