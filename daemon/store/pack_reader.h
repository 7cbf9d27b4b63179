// ReadPack: what a pack holds, once everything in it has been checked.
// FindPackDamage: which of it cannot be read, where that failed.
//
// Thread-safety: functions without state.

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

// `expected`: what its record says. A file counts as damaged where what it
// holds itself is, not where its objects are. Where something is wrong that is
// no entry's, all files count as damaged: nobody knows what else is.
PackDamage FindPackDamage(const Source& pack, const PackContents& expected);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_PACK_READER_H_
