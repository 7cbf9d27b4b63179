// The coder cm-bytes: whole planes of bytes through adaptive trees, for
// quantised integers and what else has a skewed distribution that drifts
// (codec/FORMAT.md, section 8).
//
// A byte is a walk of eight decisions down a tree, of which there is one for
// each class of the byte four before it. The coder learns from nothing, so that
// it needs no side data.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_ENTROPY_ADAPTIVE_BYTE_CODER_H_
#define INGOT_CODEC_ENTROPY_ADAPTIVE_BYTE_CODER_H_

#include <vector>

#include "codec/bytes.h"

namespace ingot {

// Appends the code of `raw` to `*encoded` where that takes fewer than `limit`
// bytes; else leaves it as it was and returns false.
bool EncodeAdaptiveBytes(ByteSpan raw, size_t limit,
                         std::vector<std::byte>* encoded);

// False where `encoded` is not the code of out.size() bytes.
bool DecodeAdaptiveBytes(ByteSpan encoded, MutableByteSpan out);

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_ADAPTIVE_BYTE_CODER_H_
