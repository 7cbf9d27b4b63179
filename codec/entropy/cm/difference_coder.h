// Codes differences given their classes with adaptive probabilities
// (codec/FORMAT.md, section 10, "Coder cm").
//
// A difference is zero or has a sign and a magnitude, whose number of bits and
// two bits below the highest are modelled; the others are even and stand apart.
// What a class has learnt of zeros, signs and lengths is its own. Where inside
// an octave magnitudes lie depends on how far the octave is from the class's
// expectation, and classes share that.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_ENTROPY_CM_DIFFERENCE_CODER_H_
#define INGOT_CODEC_ENTROPY_CM_DIFFERENCE_CODER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "codec/bytes.h"

namespace ingot {

inline constexpr unsigned kDifferenceClasses = 32;

// Appends the code of zigzag differences of `width` bits (8, 16, 32 or 64), as
// many as there are classes below kDifferenceClasses.
void EncodeDifferences(unsigned width, std::span<const uint8_t> classes,
                       std::span<const uint64_t> differences,
                       std::vector<std::byte>* out);

// The inverse. False where `encoded` is not the code of any differences.
bool DecodeDifferences(unsigned width, std::span<const uint8_t> classes,
                       ByteSpan encoded, std::span<uint64_t> differences);

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_CM_DIFFERENCE_CODER_H_
