#include "codec/predict/difference.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <vector>

#include "codec/dtype.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

template <ElementKind kKind, typename Word>
void ExpectInverse(Word base, Word element) {
  const Word z = Difference<kKind>(base, element);
  ASSERT_EQ(ApplyDifference<kKind>(base, z), element)
      << uint64_t{base} << " to " << uint64_t{element};
  ASSERT_EQ(z == 0, base == element);
}

template <typename Body>
void ForEachKind(const Body& body) {
  body(std::integral_constant<ElementKind, ElementKind::kFloat>());
  body(std::integral_constant<ElementKind, ElementKind::kSigned>());
  body(std::integral_constant<ElementKind, ElementKind::kUnsigned>());
}

// For each base every element has a difference of its own.
template <ElementKind kKind, typename Word>
void ExpectBijection(Word base) {
  constexpr uint32_t kCount = uint32_t{std::numeric_limits<Word>::max()} + 1;
  std::vector<bool> seen(kCount, false);
  for (uint32_t element = 0; element < kCount; ++element) {
    const auto to = static_cast<Word>(element);
    const Word z = Difference<kKind>(base, to);
    ASSERT_FALSE(seen[z]) << uint64_t{base} << " to " << element;
    seen[z] = true;
    ASSERT_EQ(ApplyDifference<kKind>(base, z), to);
  }
}

TEST(DifferenceTest, EveryPairOf8Bits) {
  ForEachKind([](auto kind) {
    for (unsigned base = 0; base < 256; ++base) {
      ExpectBijection<kind()>(static_cast<uint8_t>(base));
    }
  });
}

// Zeros, subnormals, ones, infinities and NaNs of bf16 and fp16 and their
// neighbours, of both signs; limits of integers.
TEST(DifferenceTest, EveryElementOf16BitsForSomeBases) {
  Random random(3);
  std::vector<uint16_t> bases;
  for (const unsigned base :
       {0x0000, 0x0001, 0x007F, 0x0080, 0x03FF, 0x0400, 0x3C00, 0x3F7F, 0x3F80,
        0x7BFF, 0x7C00, 0x7C01, 0x7F7F, 0x7F80, 0x7F81, 0x7FC0, 0x7FFF}) {
    bases.push_back(static_cast<uint16_t>(base));
    bases.push_back(static_cast<uint16_t>(base | 0x8000));
  }
  for (int i = 0; i < 30; ++i) {
    bases.push_back(static_cast<uint16_t>(random.Next()));
  }
  ForEachKind([&](auto kind) {
    for (const uint16_t base : bases) ExpectBijection<kind()>(base);
  });
}

template <typename Word>
void TryWideElements() {
  constexpr Word kTop = kTopBit<Word>;
  const std::vector<Word> edges = {0,
                                   1,
                                   2,
                                   kTop,
                                   kTop + 1,
                                   kTop - 1,
                                   kTop - 2,
                                   static_cast<Word>(~Word{0}),
                                   static_cast<Word>(~Word{1})};
  Random random(sizeof(Word));
  ForEachKind([&](auto kind) {
    for (const Word base : edges) {
      for (const Word element : edges) ExpectInverse<kind()>(base, element);
    }
    for (int i = 0; i < 20'000; ++i) {
      const auto base = static_cast<Word>(random.Next());
      const auto other = static_cast<Word>(random.Next());
      ExpectInverse<kind()>(base, other);
      ExpectInverse<kind()>(base, edges[i % edges.size()]);
      ExpectInverse<kind()>(edges[i % edges.size()], base);
      // The other way round: every z is that of an element.
      ASSERT_EQ(Difference<kind()>(base, ApplyDifference<kind()>(base, other)),
                other);
    }
  });
}

TEST(DifferenceTest, WideElements) {
  TryWideElements<uint32_t>();
  TryWideElements<uint64_t>();
}

constexpr auto kF = ElementKind::kFloat;
constexpr auto kS = ElementKind::kSigned;
constexpr auto kU = ElementKind::kUnsigned;

TEST(DifferenceTest, SmallChangesAreSmallNumbers) {
  // One unit up and down in magnitude, whatever the sign, over the border of
  // an octave and to infinity.
  for (const unsigned base : {0x3F80u, 0x3F7Fu, 0x7F7Fu, 0x0080u, 0x0001u}) {
    for (const unsigned sign : {0x0000u, 0x8000u}) {
      const auto from = static_cast<uint16_t>(base | sign);
      EXPECT_EQ(Difference<kF>(from, static_cast<uint16_t>(from + 1)), 2);
      EXPECT_EQ(Difference<kF>(from, static_cast<uint16_t>(from - 1)), 1);
      EXPECT_EQ(Difference<kF>(from, static_cast<uint16_t>(from + 100)), 200);
      // A change of sign alone.
      EXPECT_EQ(Difference<kF>(from, static_cast<uint16_t>(from ^ 0x8000)),
                0x8000);
      EXPECT_EQ(
          Difference<kF>(from, static_cast<uint16_t>((from ^ 0x8000) + 1)),
          0x8002);
    }
  }
  EXPECT_EQ((Difference<kF, uint32_t>(0x3F800000, 0x3F800000)), 0u);
  EXPECT_EQ((Difference<kF, uint64_t>(0x8000000000000000, 0)),
            uint64_t{1} << 63);
  // Magnitudes wrap: from the largest NaN up to zero is one unit.
  EXPECT_EQ((Difference<kF, uint8_t>(0x7F, 0x00)), 2);

  // Integers: away from zero is even, towards zero odd.
  EXPECT_EQ((Difference<kS, uint8_t>(5, 6)), 2);
  EXPECT_EQ((Difference<kS, uint8_t>(5, 4)), 1);
  EXPECT_EQ((Difference<kS, uint8_t>(0xFB, 0xFA)), 2);  // -5 to -6
  EXPECT_EQ((Difference<kS, uint8_t>(0xFB, 0xFC)), 1);  // -5 to -4
  EXPECT_EQ((Difference<kS, uint8_t>(0, 0xFF)), 1);     // 0 to -1
  EXPECT_EQ((Difference<kS, uint32_t>(0xFFFFFFFF, 0)), 1u);
  EXPECT_EQ((Difference<kS, uint16_t>(0x7FFF, 0x8000)), 2);  // wraps
  EXPECT_EQ((Difference<kU, uint8_t>(200, 201)), 2);
  EXPECT_EQ((Difference<kU, uint8_t>(200, 199)), 1);
  EXPECT_EQ((Difference<kU, uint8_t>(0, 255)), 1);
}

template <typename Word>
void TrySymbols() {
  constexpr unsigned kBits = sizeof(Word) * 8;
  Random random(11);
  for (unsigned low_bits = 0; low_bits < kBits; ++low_bits) {
    const auto low_mask = static_cast<Word>((uint64_t{1} << low_bits) - 1);
    for (int i = 0; i < 2'000; ++i) {
      const auto z = static_cast<Word>(
          random.Next() >> (64 - kBits + random.Below(kBits)) |
          (random.Below(3) == 0 ? kTopBit<Word> : Word{0}));
      const unsigned symbol = SymbolOfDifference<Word>(z, low_bits);
      const auto below = static_cast<Word>(z & ~kTopBit<Word>);
      ASSERT_EQ(symbol != kNoSymbol, below >> low_bits < 128);
      if (symbol == kNoSymbol) continue;
      ASSERT_EQ(symbol >= kSymbolTop, z >= kTopBit<Word>);
      ASSERT_EQ(DifferenceOfSymbol<Word>(static_cast<uint8_t>(symbol), low_bits,
                                         static_cast<Word>(z & low_mask)),
                z);
    }
    // What no encoder writes: bits above z's are dropped, the top bit is the
    // symbol's.
    for (unsigned symbol = 0; symbol < 256; ++symbol) {
      const Word z =
          DifferenceOfSymbol<Word>(static_cast<uint8_t>(symbol), low_bits, 0);
      ASSERT_EQ(z >= kTopBit<Word>, symbol >= kSymbolTop);
      // Shifted in two steps: 127 << 63 is 0 there.
      const uint64_t above = uint64_t{symbol & 127u} << low_bits;
      ASSERT_EQ(z & static_cast<Word>(~kTopBit<Word>),
                above & static_cast<Word>(~kTopBit<Word>));
    }
  }
}

TEST(DifferenceTest, SymbolsAndLowBits) {
  TrySymbols<uint8_t>();
  TrySymbols<uint16_t>();
  TrySymbols<uint32_t>();
  TrySymbols<uint64_t>();
}

TEST(DifferenceTest, FormatsOfDTypes) {
  for (const DType dtype : CodableDTypes()) {
    const DTypeInfo& info = GetDTypeInfo(dtype);
    const std::optional<DifferenceFormat> format = DifferenceFormatOf(dtype);
    EXPECT_EQ(format.has_value(), info.block_elements == 1) << info.name;
    if (!format) continue;
    EXPECT_EQ(format->bits(), info.bits) << info.name;
    const ElementBits bits = BitsOf(dtype);
    if (format->kind == ElementKind::kFloat) {
      EXPECT_EQ(format->shift, bits.mantissa_bits) << info.name;
      EXPECT_EQ(format->mask, bits.exponent_limit() - 1) << info.name;
    }
  }
  EXPECT_FALSE(DifferenceFormatOf(DType::kQ4_0).has_value());
}

template <ElementKind kKind, typename Word>
unsigned Magnitude(DType dtype, Word base) {
  return BaseMagnitude<kKind>(*DifferenceFormatOf(dtype), base);
}

TEST(DifferenceTest, MagnitudesOfBases) {
  EXPECT_EQ((Magnitude<kF, uint16_t>(DType::kBf16, 0x3F80)), 127u);
  EXPECT_EQ((Magnitude<kF, uint16_t>(DType::kBf16, 0xFFFF)), 255u);
  EXPECT_EQ((Magnitude<kF, uint16_t>(DType::kBf16, 0x8000)), 0u);
  EXPECT_EQ((Magnitude<kF, uint16_t>(DType::kF16, 0xBC00)), 15u);
  EXPECT_EQ((Magnitude<kF, uint32_t>(DType::kF32, 0xFF800000)), 255u);
  EXPECT_EQ((Magnitude<kF, uint8_t>(DType::kF8E4m3, 0xFF)), 15u);
  EXPECT_EQ((Magnitude<kF, uint8_t>(DType::kF8E5m2, 0x7C)), 31u);
  // fp64 below, inside and above the window of exponents.
  const auto f64 = [](uint64_t exponent) {
    return Magnitude<kF, uint64_t>(DType::kF64, exponent << 52 | 12345);
  };
  EXPECT_EQ(f64(0), 0u);
  EXPECT_EQ(f64(896), 0u);
  EXPECT_EQ(f64(897), 1u);
  EXPECT_EQ(f64(1023), 127u);
  EXPECT_EQ(f64(1151), 255u);
  EXPECT_EQ(f64(1152), 255u);
  EXPECT_EQ(f64(2047), 255u);
  // Bits of integers; of the complement where they are negative.
  EXPECT_EQ((Magnitude<kU, uint8_t>(DType::kU8, 0)), 0u);
  EXPECT_EQ((Magnitude<kU, uint8_t>(DType::kU8, 255)), 8u);
  EXPECT_EQ((Magnitude<kS, uint8_t>(DType::kI8, 0xFF)), 0u);  // -1
  EXPECT_EQ((Magnitude<kS, uint8_t>(DType::kI8, 0x80)), 7u);  // -128
  EXPECT_EQ((Magnitude<kS, uint8_t>(DType::kI8, 0x7F)), 7u);
  EXPECT_EQ((Magnitude<kU, uint64_t>(DType::kU64, ~uint64_t{0})), 64u);
  EXPECT_EQ((Magnitude<kS, uint64_t>(DType::kI64, uint64_t{1} << 63)), 63u);
}

TEST(DifferenceTest, Classes) {
  EXPECT_EQ(DeltaClass(0, 0, 0), 0);
  EXPECT_EQ(DeltaClass(100, 100, 0), 0);
  EXPECT_EQ(DeltaClass(99, 100, 0), 0);
  EXPECT_EQ(DeltaClass(101, 100, 0), 2);
  EXPECT_EQ(DeltaClass(101, 100, 1), 1);
  EXPECT_EQ(DeltaClass(101, 100, 3), 0);
  EXPECT_EQ(DeltaClass(115, 100, 0), 30);
  EXPECT_EQ(DeltaClass(116, 100, 0), 31);
  EXPECT_EQ(DeltaClass(255, 0, 0), 31);
  // What is beyond 255 counts as 255 before the shift.
  EXPECT_EQ(DeltaClass(255, 0, 230), 25);
  EXPECT_EQ(DeltaClass(255, 100, 255), 0);
}

}  // namespace
}  // namespace ingot
