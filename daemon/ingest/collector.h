// Collector: gives back the space of what is no longer of use (STORE.md,
// "Collection").
//
// What it takes away was of no use for the whole grace; each step is a record
// that is refused where somebody came to need the thing meanwhile. So a process
// may be killed at any moment, storage may fail, and others may upload, commit,
// delete and download meanwhile; no compaction may.
//
// Memory: that of Liveness, and of a Repacker.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_INGEST_COLLECTOR_H_
#define INGOT_DAEMON_INGEST_COLLECTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "codec/result.h"
#include "daemon/ingest/liveness.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

struct CollectorOptions {
  // How long something must have been of no use, in milliseconds.
  uint64_t grace = uint64_t{24} * 60 * 60 * 1000;
  // Whether grants end of files that no commit points to.
  bool unreferenced = false;
  // A pack of which as much is dead is repacked.
  double repacked_share = 0.25;
  uint64_t pack_bytes = uint64_t{256} << 20;  // of a new pack, about
  // Fewer small packs than that (an eighth of pack_bytes) are not joined.
  size_t joined_packs = 8;
  // Nothing is changed: the report says what would be.
  bool dry_run = false;
};

// What a run has done, or would have.
struct CollectionReport {
  uint64_t grants_ended = 0;
  uint64_t staged_files = 0;  // discarded
  uint64_t staged_bytes = 0;
  uint64_t packs_retired = 0;   // of which nothing was live
  uint64_t packs_repacked = 0;  // and retired, too
  uint64_t live_bytes = 0;      // of these
  uint64_t packs_written = 0;
  uint64_t written_bytes = 0;
  uint64_t packs_removed = 0;
  uint64_t removed_bytes = 0;
  // Bytes of packs that are retired, and stay for the grace or since something
  // depends on them.
  uint64_t retired_bytes = 0;
  // Packs that could not be repacked and stay: which, and why.
  std::vector<std::string> failures;
};

class Collector {
 public:
  // Both must outlive it.
  Collector(store::Store* store, StoredObjects* objects)
      : store_(store), objects_(objects) {}

  // kCancelled soon after *stop became true; kResourceExhausted where there was
  // no space to repack, after all else has been done; other errors are the
  // store's. What was done until then is in *report.
  Status Run(const CollectorOptions& options, const std::atomic<bool>* stop,
             CollectionReport* report);

 private:
  Status EndGrants();
  Status EndGrants(uint64_t repository);
  // Whether some repository is granted a file, and is so still.
  Result<bool> IsGranted(const Digest& file) const;
  Status DiscardStaged();
  Status CollectPacks();
  Status Retire(const PackUse& use);
  Status Repack(const Liveness& liveness, const std::set<uint64_t>& packs);
  Status RemovePacks();
  uint64_t GraceEnd() const;

  store::Store* const store_;
  StoredObjects* const objects_;
  CollectorOptions options_;
  const std::atomic<bool>* stop_ = nullptr;
  CollectionReport* report_ = nullptr;
  uint64_t until_ = 0;  // what was so then is collected
  // Grants that would have ended, in a dry run: of a file, whose.
  std::map<Digest, std::set<uint64_t>> ended_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_COLLECTOR_H_
