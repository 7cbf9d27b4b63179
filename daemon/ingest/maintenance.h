// Maintenance: what a store needs done besides serving: packing, collecting,
// checking, repairing. One thing at a time.
//
// Thread-safety: all functions may be called from several threads; each waits
// until the one before is done. After Stop all of them end soon, kCancelled.

#ifndef INGOT_DAEMON_INGEST_MAINTENANCE_H_
#define INGOT_DAEMON_INGEST_MAINTENANCE_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "codec/result.h"
#include "daemon/ingest/checker.h"
#include "daemon/ingest/collector.h"
#include "daemon/ingest/compactor.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

struct RepairReport {
  CheckReport before;
  CompactionReport compaction;
  CollectionReport collection;
  CheckReport after;
};

class Maintenance {
 public:
  // `store` must outlive it, and so must `readers`, whose open packs are closed
  // when they are removed; null: there are none.
  explicit Maintenance(store::Store* store, CompactorOptions compactor = {},
                       CollectorOptions collector = {},
                       StoredObjects* readers = nullptr);

  const CompactorOptions& compactor_options() const { return compacting_; }
  const CollectorOptions& collector_options() const { return collecting_; }

  // Packs what is staged, as Compactor::Run. With the options of the
  // Maintenance, files that failed before are tried again only if `retry`.
  Status Compact(bool retry, CompactionReport* report);
  Status Compact(const CompactorOptions& options, CompactionReport* report);
  Status Collect(const CollectorOptions& options, CollectionReport* report);
  Status Check(const CheckOptions& options, CheckReport* report);
  // The next pack or staged file in turn is read to its end; false: all have
  // been, and the next turn begins.
  Result<bool> Scrub(CheckReport* report);
  // Reads everything, packs what was sent again, and makes new packs of what is
  // whole of damaged ones.
  Status Repair(RepairReport* report);

  void Stop() { stop_ = true; }

 private:
  store::Store* const store_;
  const CompactorOptions compacting_;
  const CollectorOptions collecting_;
  StoredObjects* const readers_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // of what follows, while something is done
  Compactor compactor_;
  uint64_t scrubbed_staged_ = 0;  // numbers of the last ones
  uint64_t scrubbed_pack_ = 0;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_MAINTENANCE_H_
