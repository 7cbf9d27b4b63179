// Compactor: makes packs of what is staged (STORE.md, "Compaction").
//
// A staged file is given up only after a sealed pack has been shown to restore
// it byte for byte. So a process may be killed at any moment, storage may fail,
// and others may upload, delete and download meanwhile; what was not finished
// is done again.
//
// Memory: that of a PackBuilder, its BaseFinder and StoredObjects; below
// 256 MiB.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_INGEST_COMPACTOR_H_
#define INGOT_DAEMON_INGEST_COMPACTOR_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "codec/result.h"
#include "daemon/ingest/base_finder.h"
#include "daemon/ingest/pack_builder.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

struct CompactorOptions {
  int level = kDefaultLevel;
  int delta_level = 5;
  uint64_t pack_bytes = uint64_t{256} << 20;  // encoded, about
  unsigned max_depth = 4;                     // of objects
  BaseHints hints = {};  // empty: what model cards say (card_hints.h)
};

// What a run has done. raw_bytes is stored_bytes and all that was saved.
struct CompactionReport {
  uint64_t files = 0;
  uint64_t packs = 0;
  // Of the files, counted once for each repository that is granted them.
  uint64_t raw_bytes = 0;
  uint64_t stored_bytes = 0;     // of the packs
  uint64_t saved_by_copies = 0;  // whole files that were there already
  uint64_t saved_by_known = 0;   // tensors that were
  uint64_t saved_by_deltas = 0;  // tensors coded against others
  int64_t saved_by_coding = 0;   // the rest; all that is no tensor costs
  // Files that could not be packed and stay staged: which, and why.
  std::vector<std::string> failures;
};

class Compactor {
 public:
  // `store` must outlive it.
  Compactor(store::Store* store, const CompactorOptions& options);

  // Packs all that is staged and granted to some repository, but for files that
  // failed in an earlier run of this object. kCancelled soon after *stop became
  // true; kResourceExhausted without space; other errors are the store's. What
  // was done until then is in *report.
  Status Run(const std::atomic<bool>* stop, CompactionReport* report);

  // What it reads packs with, for others while it does not run.
  StoredObjects* objects() { return &objects_; }

  // Files that failed are tried again.
  void ForgetFailures() { failed_.clear(); }

 private:
  struct Job {
    store::StagedRecord record;
    Audience audience;
    bool alone = false;  // since something that it would need is damaged
  };
  using Jobs = std::deque<Job>;

  Result<Jobs> Gather() const;
  // One pack of some jobs, which are taken away, or none where one of them
  // turns out to be bad: it is treated otherwise the next time.
  Status PackSome(BaseFinder* finder, Jobs* jobs, CompactionReport* report);
  // The job is tried alone next time, or was and has failed.
  void Blame(Job job, const Error& error, bool is_lost, Jobs* jobs,
             CompactionReport* report);
  // Discards a file that packs hold already, if they restore it.
  Result<bool> DiscardCopy(const Job& job, CompactionReport* report);
  Status Discard(const Job& job);

  store::Store* const store_;
  const CompactorOptions options_;
  StoredObjects objects_;
  const std::atomic<bool>* stop_ = nullptr;
  std::map<uint64_t, bool> failed_;  // staged files, by number
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_COMPACTOR_H_
