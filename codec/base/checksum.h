// Checksum: XXH3-64 with seed 0, the guard of encoded bytes.
//
// It finds accidents (a flipped bit, a torn write), not forgeries; addresses
// are a Digest. Dispatches to the widest vector unit of the machine, because
// every encoded byte passes through it before a kernel sees it.

#ifndef INGOT_CODEC_BASE_CHECKSUM_H_
#define INGOT_CODEC_BASE_CHECKSUM_H_

#include <cstdint>
#include <span>

#include "codec/bytes.h"

namespace ingot {

uint64_t Checksum(ByteSpan bytes);
// Of the pieces as if they were adjacent.
uint64_t ChecksumOfPieces(std::span<const ByteSpan> pieces);

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_CHECKSUM_H_
