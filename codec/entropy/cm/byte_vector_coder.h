// Codes short vectors of small numbers, such as scales: each byte is a walk
// down one tree of eight levels of adaptive bits, so that a vector costs about
// its order-0 entropy and nothing for a table (codec/FORMAT.md, section 8).
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_ENTROPY_CM_BYTE_VECTOR_CODER_H_
#define INGOT_CODEC_ENTROPY_CM_BYTE_VECTOR_CODER_H_

#include <span>
#include <vector>

#include "codec/bytes.h"

namespace ingot {

// Appends the code of `vectors`, one after the other, to `*out`.
void EncodeByteVectors(std::span<const std::span<const uint8_t>> vectors,
                       std::vector<std::byte>* out);

// Fills `vectors` from `encoded`, which is exactly their code. False where it
// is not.
bool DecodeByteVectors(ByteSpan encoded,
                       std::span<const std::span<uint8_t>> vectors);

// The most bytes that a value may take: eight decisions at the lowest
// probability.
inline constexpr size_t kMaxVectorBytesPerValue = 12;

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_CM_BYTE_VECTOR_CODER_H_
