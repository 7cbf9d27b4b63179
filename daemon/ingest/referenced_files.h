// FindReferencedFiles: the large files to which the commits of a repository
// point, those that any of its refs leads to.
//
// Memory: about 100 bytes for each commit, folder and pointer of its history.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_INGEST_REFERENCED_FILES_H_
#define INGOT_DAEMON_INGEST_REFERENCED_FILES_H_

#include <atomic>
#include <cstdint>
#include <set>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/repositories.h"

namespace ingot::ingest {

// kCancelled soon after *stop became true.
Result<std::set<Digest>> FindReferencedFiles(
    const store::Repositories& repositories, uint64_t repository,
    const std::atomic<bool>* stop);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_REFERENCED_FILES_H_
