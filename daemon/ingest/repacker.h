// CopyLiveEntries: makes one pack of what is live in others.
//
// Entries are copied as they are coded, with all checksums compared; the new
// pack is then decoded and every SHA-256 compared before it is sealed.
//
// Memory: the packs' indexes, and a few MiB.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_INGEST_REPACKER_H_
#define INGOT_DAEMON_INGEST_REPACKER_H_

#include <atomic>
#include <optional>
#include <span>

#include "codec/result.h"
#include "daemon/ingest/liveness.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

// The pack that was sealed; nothing where usable copies of all live entries
// are elsewhere. What is damaged in its pack is left out, and stays where it
// is. kResourceExhausted: no space. kCancelled soon after *stop became true.
Result<std::optional<store::PackInfo>> CopyLiveEntries(
    store::Store* store, StoredObjects* objects,
    std::span<const PackUse* const> packs, const std::atomic<bool>* stop);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_REPACKER_H_
