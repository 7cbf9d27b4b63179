// Guesses whether bytes of unknown origin are floats.
//
// Weights betray themselves: of each element, the exponent takes few values and
// the upper mantissa bits take all of them alike. For every float dtype and
// alignment the guess estimates what coding the bytes as such would take.
//
// Thread-safety: may be called from any thread.

#ifndef INGOT_CODEC_FLOAT_GUESS_H_
#define INGOT_CODEC_FLOAT_GUESS_H_

#include <cstdint>
#include <optional>

#include "codec/bytes.h"
#include "codec/dtype.h"

namespace ingot {

struct FloatGuess {
  DType dtype;
  uint64_t phase;  // of the elements' offsets, modulo their size

  bool operator==(const FloatGuess&) const = default;
};

// What `chunk`, which begins at `offset` of its file, looks like; nothing where
// it is better taken as bytes. A few KiB are enough; below 1 KiB nothing is
// guessed.
std::optional<FloatGuess> GuessFloats(ByteSpan chunk, uint64_t offset);

}  // namespace ingot

#endif  // INGOT_CODEC_FLOAT_GUESS_H_
