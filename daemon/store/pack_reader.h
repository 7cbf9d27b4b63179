// ReadPack: what a pack holds, once everything in it has been checked.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_STORE_PACK_READER_H_
#define INGOT_DAEMON_STORE_PACK_READER_H_

#include "codec/result.h"
#include "codec/source.h"
#include "daemon/store/file_records.h"

namespace ingot::store {

// Reads a container to its end: every record, its order, and every checksum.
// Elements are not decoded, so no object elsewhere is needed; that they are
// the right ones is for whoever encoded them to compare. kCorruption, naming
// the offset, where something is wrong.
Result<PackContents> ReadPack(const Source& pack);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_PACK_READER_H_
