// The method fields: packed blocks taken apart into planes, each with the byte
// coder that suits it (codec/FORMAT.md, sections 4 and 5).
//
// Thread-safety: functions without shared state; scratch memory belongs to the
// caller.

#ifndef INGOT_CODEC_METHOD_FIELDS_METHOD_H_
#define INGOT_CODEC_METHOD_FIELDS_METHOD_H_

#include <vector>

#include "codec/base/aligned_buffer.h"
#include "codec/bytes.h"
#include "codec/dtype.h"
#include "codec/method/block.h"
#include "codec/result.h"

namespace ingot {

// Encodes a block of packed `raw` records: appends the planes to `*coded` one
// after the other and describes them in `planes`; returns how many there are.
// `plane` is scratch.
size_t EncodeFields(ByteSpan raw, DType dtype, int level,
                    std::vector<std::byte>* plane,
                    std::vector<std::byte>* coded,
                    std::array<PlaneHeader, kMaxPlanes>* planes);

// Restores records from `begin` on, as many as `out` holds, of a block of
// method fields. `plane` is scratch.
Status DecodeFields(const BlockHeader& header, const std::byte* payload,
                    DType dtype, uint64_t begin, AlignedBuffer* plane,
                    MutableByteSpan out);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_FIELDS_METHOD_H_
