#include "tests/codec/patterns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "codec/method/geometry.h"
#include "codec/planes/float_layout.h"

namespace ingot {
namespace {

// Minus log2 of a half-normal number in quarter octaves, roughly: what the
// exponents of weights look like. Integers only.
uint64_t HalfNormalQuarters(Random* random) {
  int64_t sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<int64_t>(random->Below(65536));
  const auto size = static_cast<uint64_t>(std::abs(sum - 2 * 65536));
  const uint64_t scaled = std::max<uint64_t>(size, 1) << 2;
  const unsigned octave = static_cast<unsigned>(std::bit_width(scaled)) - 1;
  const uint64_t quarter = (scaled >> (octave - 2)) & 3;
  return 4 * 20 - (4 * octave + quarter);
}

// An element of a weight matrix whose row and column have a scale.
uint64_t Weight(const ElementBits& bits, uint64_t scale, Random* random) {
  const uint64_t quarters = HalfNormalQuarters(random);
  const int64_t middle = static_cast<int64_t>(bits.exponent_limit() / 2 * 4);
  const int64_t exponent =
      (middle + static_cast<int64_t>(scale) - static_cast<int64_t>(quarters)) /
      4;
  const int64_t top = static_cast<int64_t>(bits.exponent_limit()) - 2;
  return bits.Make(random->Next(),
                   static_cast<uint64_t>(std::clamp<int64_t>(exponent, 0, top)),
                   random->Next());
}

constexpr uint64_t kLargeNumber = 0x123456789ABCDEF1;

uint64_t Zeros(const ElementBits&, const Position&, Random*) { return 0; }
uint64_t AllEqual(const ElementBits&, const Position&, Random*) {
  return kLargeNumber;
}
uint64_t NegativeZeros(const ElementBits& bits, const Position& at, Random*) {
  return bits.Make(at.index % 3 == 0 ? 0 : 1, 0, 0);
}
uint64_t EveryExponent(const ElementBits& bits, const Position& at,
                       Random* random) {
  return bits.Make(random->Next(), at.index, random->Next());
}
uint64_t NanPayloads(const ElementBits& bits, const Position& at,
                     Random* random) {
  return bits.Make(at.index, bits.exponent_limit() - 1, random->Next());
}
uint64_t Infinities(const ElementBits& bits, const Position& at,
                    Random* random) {
  if (at.index % 5 == 0) return Weight(bits, 8, random);
  return bits.Make(random->Next(), bits.exponent_limit() - 1, 0);
}
uint64_t Subnormals(const ElementBits& bits, const Position& at,
                    Random* random) {
  return bits.Make(at.index % 2, 0, random->Next());
}
uint64_t RandomBits(const ElementBits&, const Position&, Random* random) {
  return random->Next();
}
uint64_t PlainWeights(const ElementBits& bits, const Position&,
                      Random* random) {
  return Weight(bits, 10, random);
}
uint64_t ScaledWeights(const ElementBits& bits, const Position& at,
                       Random* random) {
  return Weight(bits, at.row * 7 % 13 + at.column * 5 % 11, random);
}
uint64_t HalfZeros(const ElementBits& bits, const Position& at,
                   Random* random) {
  if (random->Next() % 2 == 0) return 0;
  return Weight(bits, at.row % 9, random);
}
// Ranks 0..15 and beyond equally frequent: every width and tier at its limit.
uint64_t FlatExponents(const ElementBits& bits, const Position&,
                       Random* random) {
  return bits.Make(random->Next(),
                   bits.exponent_limit() / 4 + random->Below(17),
                   random->Next());
}
// One exponent, and others so rare that they are exceptions.
uint64_t RareExceptions(const ElementBits& bits, const Position&,
                        Random* random) {
  const bool rare = random->Below(30) == 0;
  return bits.Make(random->Next(),
                   rare ? random->Next() : bits.exponent_limit() / 2,
                   random->Next());
}
// Scales over the whole range, so that sums wrap and all classes occur.
uint64_t WildScales(const ElementBits& bits, const Position& at,
                    Random* random) {
  const uint64_t exponent =
      (at.row * 37 + at.column * 11) / 4 + random->Below(3);
  return bits.Make(random->Next(), exponent, random->Next());
}
// Sub-blocks that change their statistics halfway.
uint64_t SuddenChange(const ElementBits& bits, const Position& at,
                      Random* random) {
  if (at.index / 5000 % 2 == 0) return Weight(bits, 0, random);
  return bits.Make(random->Next(), random->Next(), random->Next());
}
uint64_t AlternatingExtremes(const ElementBits&, const Position& at, Random*) {
  return at.index % 2 == 0 ? 0 : ~uint64_t{0};
}
// Powers of two: planes that are constant or nearly so.
uint64_t PowersOfTwo(const ElementBits& bits, const Position&, Random* random) {
  return bits.Make(0, bits.exponent_limit() / 2 - random->Below(4), 0);
}
uint64_t RepeatedRows(const ElementBits&, const Position& at, Random*) {
  return Random(at.column + 17).Next();
}
uint64_t SmallIntegers(const ElementBits&, const Position&, Random* random) {
  const uint64_t value = random->Below(40);
  return value < 8 ? value : value - 23;
}
uint64_t Ramp(const ElementBits&, const Position& at, Random*) {
  return at.index * 3 + 100;
}
uint64_t Flags(const ElementBits&, const Position&, Random* random) {
  return random->Below(7) == 0 ? 1 : 0;
}

// A few values, NaN and others, in no order.
uint64_t FewValues(const ElementBits&, const Position&, Random* random) {
  return Random(random->Below(random->Below(20) + 1)).Next();
}
// factor * scale rounded to nearest, ties to even, as a float.
uint64_t Product(const ElementBits& bits, uint64_t sign, uint64_t factor,
                 uint64_t scale) {
  const uint64_t product = factor * scale;
  if (product == 0) return bits.Make(sign, 0, 0);
  const unsigned top = static_cast<unsigned>(std::bit_width(product)) - 1;
  uint64_t mantissa = product << (63 - top) << 1;  // behind the hidden one
  const unsigned drop = 64 - bits.mantissa_bits;
  const uint64_t half = uint64_t{1} << (drop - 1);
  const uint64_t rest = mantissa & (2 * half - 1);
  mantissa >>= drop;
  mantissa += rest > half || (rest == half && mantissa % 2 == 1);
  const uint64_t carry = mantissa >> bits.mantissa_bits;
  return bits.Make(sign, bits.exponent_limit() / 2 - 1 + top + carry - 3,
                   mantissa);
}
// Integers as floats.
uint64_t IntegerFloats(const ElementBits& bits, const Position&,
                       Random* random) {
  const uint64_t factor = random->Below(random->Below(3000) + 1);
  return Product(bits, factor == 0 ? 0 : random->Next(), factor, 8);
}
// Integers of four bits, and -0.0, times a scale for each 32 neighbours.
uint64_t Dequantised(const ElementBits& bits, const Position& at,
                     Random* random) {
  const uint64_t scale = Random(at.row * 64 + at.column / 32).Below(2047);
  return Product(bits, random->Next(), random->Below(8), 2048 + scale);
}
uint64_t PrunedWithSigns(const ElementBits& bits, const Position& at,
                         Random* random) {
  const uint64_t element = Weight(bits, at.row % 9 + at.column % 5, random);
  return random->Below(3) == 0 ? element : element & bits.Make(1, 0, 0);
}
// Rows of weights, most of them repeated.
uint64_t WeightRowsAgain(const ElementBits& bits, const Position& at, Random*) {
  Random random(at.row * at.row % 7 * 100003 + at.column);
  return Weight(bits, at.row * at.row % 7, &random);
}

constexpr std::array kPatterns = {
    Pattern{"Zeros", Zeros},
    Pattern{"AllEqual", AllEqual},
    Pattern{"NegativeZeros", NegativeZeros},
    Pattern{"EveryExponent", EveryExponent},
    Pattern{"NanPayloads", NanPayloads},
    Pattern{"Infinities", Infinities},
    Pattern{"Subnormals", Subnormals},
    Pattern{"RandomBits", RandomBits},
    Pattern{"PlainWeights", PlainWeights},
    Pattern{"ScaledWeights", ScaledWeights},
    Pattern{"HalfZeros", HalfZeros},
    Pattern{"FlatExponents", FlatExponents},
    Pattern{"RareExceptions", RareExceptions},
    Pattern{"WildScales", WildScales},
    Pattern{"SuddenChange", SuddenChange},
    Pattern{"AlternatingExtremes", AlternatingExtremes},
    Pattern{"PowersOfTwo", PowersOfTwo},
    Pattern{"RepeatedRows", RepeatedRows},
    Pattern{"SmallIntegers", SmallIntegers},
    Pattern{"Ramp", Ramp},
    Pattern{"Flags", Flags},
    Pattern{"FewValues", FewValues},
    Pattern{"IntegerFloats", IntegerFloats},
    Pattern{"Dequantised", Dequantised},
    Pattern{"PrunedWithSigns", PrunedWithSigns},
    Pattern{"WeightRowsAgain", WeightRowsAgain},
};

}  // namespace

uint64_t Random::Next() {
  state_ += 0x9E3779B97F4A7C15;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

ElementBits BitsOf(DType dtype) {
  const unsigned bits = std::min<unsigned>(GetDTypeInfo(dtype).bits, 64);
  if (const std::optional<FloatLayout> layout = FloatLayoutOf(dtype)) {
    const FloatLayoutInfo& info = GetFloatLayoutInfo(*layout);
    return {bits, info.exponent_bits, info.mantissa_bits};
  }
  const unsigned upper = bits / 2 - 1;
  return {bits, upper, bits - 1 - upper};
}

std::span<const Pattern> AllPatterns() { return kPatterns; }

const Pattern& GetPattern(std::string_view name) {
  const auto found = std::ranges::find(kPatterns, name, &Pattern::name);
  if (found == kPatterns.end()) std::abort();
  return *found;
}

std::vector<std::byte> MakeTensor(const Pattern& pattern, DType dtype,
                                  uint64_t elements, uint64_t columns) {
  const ElementBits bits = BitsOf(dtype);
  const size_t bytes = GetDTypeInfo(dtype).bits / 8;
  std::vector<std::byte> raw(elements * bytes);
  Random random(elements * 31 + columns);
  for (uint64_t i = 0; i < elements; ++i) {
    const Position at{i, i / columns, i % columns};
    // Packed blocks are made of several values.
    for (size_t done = 0; done < bytes; done += sizeof(uint64_t)) {
      const uint64_t value = pattern.element(bits, at, &random) & bits.mask();
      std::memcpy(raw.data() + i * bytes + done, &value,
                  std::min(bytes - done, sizeof(value)));
    }
  }
  return raw;
}

std::vector<DType> CodableDTypes() {
  std::vector<DType> dtypes;
  for (const DTypeInfo& info : AllDTypes()) {
    if (IsCodable(info.dtype)) dtypes.push_back(info.dtype);
  }
  return dtypes;
}

}  // namespace ingot
