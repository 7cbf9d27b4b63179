// Differences between an element and its base, the element that predicts it
// (codec/FORMAT.md, section 10).
//
// Floats of one sign are compared as integers, in whose order their values lie,
// so that a change by one unit in the last place is a difference of one wherever
// it carries to; a change of sign is a bit of its own, because between +x and -x
// lie all the small numbers that hardly occur. The number that is coded, z, is
// small for small changes of either direction. Nothing is computed in floating
// point: every element has exactly one z for a base, NaNs, infinities and zeros
// of either sign included.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_PREDICT_DIFFERENCE_H_
#define INGOT_CODEC_PREDICT_DIFFERENCE_H_

#include <bit>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "codec/dtype.h"

namespace ingot {

enum class ElementKind : uint8_t { kFloat = 0, kSigned = 1, kUnsigned = 2 };
inline constexpr unsigned kElementKinds = 3;

// What differences need to know of a dtype.
struct DifferenceFormat {
  ElementKind kind;
  uint8_t bytes;  // 1, 2, 4 or 8
  // The magnitude of a float: (bits >> shift & mask) - bias, 0..255.
  uint8_t shift = 0;
  uint16_t mask = 0;
  uint16_t bias = 0;

  constexpr unsigned bits() const { return bytes * 8u; }
};

// Nothing for packed dtypes and for those that are coded as others.
constexpr std::optional<DifferenceFormat> DifferenceFormatOf(DType dtype) {
  using enum ElementKind;
  switch (dtype) {
    case DType::kBf16:
      return DifferenceFormat{kFloat, 2, 7, 0xFF, 0};
    case DType::kF16:
      return DifferenceFormat{kFloat, 2, 10, 0x1F, 0};
    case DType::kF32:
      return DifferenceFormat{kFloat, 4, 23, 0xFF, 0};
    case DType::kF64:
      return DifferenceFormat{kFloat, 8, 52, 0x7FF, 896};
    case DType::kF8E4m3:
      return DifferenceFormat{kFloat, 1, 3, 0xF, 0};
    case DType::kF8E5m2:
      return DifferenceFormat{kFloat, 1, 2, 0x1F, 0};
    case DType::kI8:
      return DifferenceFormat{kSigned, 1};
    case DType::kI16:
      return DifferenceFormat{kSigned, 2};
    case DType::kI32:
      return DifferenceFormat{kSigned, 4};
    case DType::kI64:
      return DifferenceFormat{kSigned, 8};
    case DType::kBytes:
    case DType::kBool:
    case DType::kU8:
    case DType::kF8E8m0:
      return DifferenceFormat{kUnsigned, 1};
    case DType::kU16:
      return DifferenceFormat{kUnsigned, 2};
    case DType::kU32:
      return DifferenceFormat{kUnsigned, 4};
    case DType::kU64:
      return DifferenceFormat{kUnsigned, 8};
    default:
      return std::nullopt;
  }
}

// Word: the unsigned integer as wide as the element. Always inlined, because
// kernels for several instruction sets use them: a copy out of line could be
// the one that the linker keeps for all.

// All bits where the top bit is set, else none.
template <typename Word>
[[gnu::always_inline]] constexpr Word SignMask(Word bits) {
  return static_cast<Word>(
      static_cast<std::make_signed_t<Word>>(bits) >> (sizeof(Word) * 8 - 1));
}

// Zigzag: small numbers of either sign to small ones without.
template <typename Word>
[[gnu::always_inline]] constexpr Word FoldSign(Word d) {
  return static_cast<Word>(static_cast<Word>(d << 1) ^ SignMask(d));
}
template <typename Word>
[[gnu::always_inline]] constexpr Word UnfoldSign(Word z) {
  return static_cast<Word>(static_cast<Word>(z >> 1) ^
                           static_cast<Word>(0 - (z & 1)));
}

// `d`, negated where the base is signed and negative; its own inverse.
template <ElementKind kKind, typename Word>
[[gnu::always_inline]] constexpr Word SeenFromBase(Word base, Word d) {
  if constexpr (kKind == ElementKind::kSigned) {
    const Word mask = SignMask(base);
    return static_cast<Word>((d ^ mask) - mask);
  } else {
    return d;
  }
}

// The top bit, of floats whether the sign changes.
template <typename Word>
inline constexpr Word kTopBit = static_cast<Word>(Word{1}
                                                  << (sizeof(Word) * 8 - 1));

template <ElementKind kKind, typename Word>
[[gnu::always_inline]] constexpr Word Difference(Word base, Word element) {
  if constexpr (kKind == ElementKind::kFloat) {
    // Twice the difference of magnitudes: their top bits fall out.
    const Word doubled = static_cast<Word>((element - base) << 1);
    return static_cast<Word>((doubled ^ SignMask(doubled)) |
                             ((base ^ element) & kTopBit<Word>));
  } else {
    return FoldSign(SeenFromBase<kKind>(
        base, static_cast<Word>(element - base)));
  }
}

template <ElementKind kKind, typename Word>
[[gnu::always_inline]] constexpr Word ApplyDifference(Word base, Word z) {
  if constexpr (kKind == ElementKind::kFloat) {
    const Word below = static_cast<Word>(z & ~kTopBit<Word>);
    const Word moved = static_cast<Word>(base + UnfoldSign(below));
    return static_cast<Word>((moved & ~kTopBit<Word>) |
                             ((base ^ z) & kTopBit<Word>));
  } else {
    return static_cast<Word>(base +
                             SeenFromBase<kKind>(base, UnfoldSign(z)));
  }
}

// How large a base is, in octaves: 0..255.
template <ElementKind kKind, typename Word>
[[gnu::always_inline]] constexpr uint8_t BaseMagnitude(const DifferenceFormat& format, Word base) {
  if constexpr (kKind == ElementKind::kFloat) {
    const unsigned exponent =
        static_cast<unsigned>(base >> format.shift) & format.mask;
    const unsigned above = exponent > format.bias ? exponent - format.bias : 0;
    return static_cast<uint8_t>(above < 255 ? above : 255);
  } else if constexpr (kKind == ElementKind::kSigned) {
    return static_cast<uint8_t>(
        std::bit_width(static_cast<Word>(base ^ SignMask(base))));
  } else {
    return static_cast<uint8_t>(std::bit_width(base));
  }
}

// A symbol of a difference: the bits of z above its low bits, as far as they
// fit seven, and z's top bit as the eighth; kNoSymbol where they do not fit.
// Bits of a symbol that would lie above z's others count for nothing.
inline constexpr unsigned kSymbolTop = 0x80;
inline constexpr unsigned kNoSymbol = 0x100;

template <typename Word>
constexpr unsigned SymbolOfDifference(Word z, unsigned low_bits) {
  const Word above = static_cast<Word>((z & ~kTopBit<Word>) >> low_bits);
  if (above >= kSymbolTop) return kNoSymbol;
  return static_cast<unsigned>(above) |
         (z >= kTopBit<Word> ? kSymbolTop : 0u);
}

template <typename Word>
[[gnu::always_inline]] constexpr Word DifferenceOfSymbol(uint8_t symbol,
                                                         unsigned low_bits,
                                                         Word low) {
  const Word above = static_cast<Word>(symbol & (kSymbolTop - 1));
  const Word top = (symbol & kSymbolTop) != 0 ? kTopBit<Word> : Word{0};
  return static_cast<Word>(
      (static_cast<Word>(above << low_bits) & ~kTopBit<Word>) | low | top);
}

// Classes are half octaves of what a row's changes are expected to be, seen
// from the base: what is small changes by many units in its last place.
inline constexpr unsigned kDeltaClasses = 32;

[[gnu::always_inline]] constexpr uint8_t DeltaClass(uint8_t magnitude, uint8_t origin,
                             uint8_t shift) {
  const unsigned above = magnitude > origin ? (magnitude - origin) * 2u : 0;
  const unsigned capped = above < 255 ? above : 255;
  const unsigned shifted = capped > shift ? capped - shift : 0;
  return static_cast<uint8_t>(shifted < kDeltaClasses ? shifted
                                                      : kDeltaClasses - 1);
}

// Calls body(std::integral_constant<ElementKind, kind>, Word{}).
template <typename Body>
auto WithElements(const DifferenceFormat& format, const Body& body) {
  const auto with_kind = [&](auto word) {
    using enum ElementKind;
    switch (format.kind) {
      case kFloat:
        return body(std::integral_constant<ElementKind, kFloat>{}, word);
      case kSigned:
        return body(std::integral_constant<ElementKind, kSigned>{}, word);
      case kUnsigned:
        break;
    }
    return body(std::integral_constant<ElementKind, kUnsigned>{}, word);
  };
  switch (format.bytes) {
    case 1:
      return with_kind(uint8_t{});
    case 2:
      return with_kind(uint16_t{});
    case 4:
      return with_kind(uint32_t{});
    default:
      return with_kind(uint64_t{});
  }
}

}  // namespace ingot

#endif  // INGOT_CODEC_PREDICT_DIFFERENCE_H_
