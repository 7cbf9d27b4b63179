// Remainder planes: signs and mantissa bits, stored in most blocks, byte-coded
// where that helps. Shared by the methods that split floats.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_METHOD_REMAINDER_PLANE_H_
#define INGOT_CODEC_METHOD_REMAINDER_PLANE_H_

#include <vector>

#include "codec/base/aligned_buffer.h"
#include "codec/bytes.h"
#include "codec/method/block.h"
#include "codec/result.h"

namespace ingot {

// Encodes a plane where that gains: `*plane` then lies in `*coded`. Most are
// noise and stay as they are.
PlaneHeader EncodeRemainder(int level, std::vector<std::byte>* coded,
                            ByteSpan* plane);

// A plane of `raw_bytes` bytes as kernels read it, kKernelSlack bytes behind
// it readable: in place, or decoded into `*scratch`.
Result<const uint8_t*> MaterialisePlane(const PlaneHeader& header,
                                        const std::byte* encoded,
                                        size_t raw_bytes,
                                        AlignedBuffer* scratch);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_REMAINDER_PLANE_H_
