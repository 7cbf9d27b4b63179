// What others make of data when both sides have a base in memory.
//
// Thread-safety: one thread at a time for each contender. The base must
// outlive it.

#ifndef INGOT_BENCH_DELTA_PEERS_H_
#define INGOT_BENCH_DELTA_PEERS_H_

#include <memory>

#include "bench/contender.h"
#include "codec/bytes.h"

namespace ingot {

// zstd -19 --patch-from: the base as a prefix, in a window over both, with and
// without long distance matching (--long), whichever is smaller.
std::unique_ptr<Contender> MakeZstdPatch(ByteSpan base);

// The exclusive or with the base, by zstd -19: as it is, or each byte of the
// elements as a plane of its own, whichever is smaller.
// REQUIRES: the data is as long as the base.
std::unique_ptr<Contender> MakeXorZstd(ByteSpan base);

}  // namespace ingot

#endif  // INGOT_BENCH_DELTA_PEERS_H_
