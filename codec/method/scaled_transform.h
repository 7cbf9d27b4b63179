// The method scaled: finding and restoring products of integers and scales
// (codec/method/transform.h has the interface of all transforms).

#ifndef INGOT_CODEC_METHOD_SCALED_TRANSFORM_H_
#define INGOT_CODEC_METHOD_SCALED_TRANSFORM_H_

#include <vector>

#include "codec/method/transform.h"

namespace ingot {

// Planes of the bytes of the scales; that of the codes follows.
inline constexpr size_t kScaleBytes = 4;

// Spans that elements [first, first + elements) of an object reach into.
uint64_t CountSpans(const Geometry& geometry, uint64_t span, uint64_t first,
                    uint64_t elements);

// RestoreElements for this method.
Status RestoreScaled(const BlockHeader& header, const Geometry& geometry,
                     uint64_t first, const std::vector<ByteSpan>& planes,
                     uint64_t begin, MutableByteSpan out);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_SCALED_TRANSFORM_H_
