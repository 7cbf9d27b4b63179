// Checker: looks for damage in all that a store holds, and says so in its
// records (STORE.md, "Damage").
//
// Thread-safety: one thread at a time; others may use the store meanwhile. What
// they take away is no damage.

#ifndef INGOT_DAEMON_INGEST_CHECKER_H_
#define INGOT_DAEMON_INGEST_CHECKER_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

struct CheckOptions {
  // Of packs and staged files, chosen at random, read to their ends; of the
  // others it is seen whether they are there. 0 to 100.
  unsigned read_percent = 0;
};

// A file that some repository is granted, and that cannot be restored.
struct LostFile {
  Digest file;
  std::vector<store::RepositoryName> repositories;
};

struct CheckReport {
  std::vector<std::string> problems;  // each names a file of the store
  std::vector<LostFile> lost;         // as far as damage is known
};

class Checker {
 public:
  // Both must outlive it.
  Checker(store::Store* store, StoredObjects* objects)
      : store_(store), objects_(objects) {}

  // kCancelled soon after *stop became true; other errors are the store's.
  Status Run(const CheckOptions& options, const std::atomic<bool>* stop,
             CheckReport* report);

  // The same of one pack or staged file, read to its end: what is wrong with
  // it, if anything is. Nothing is where it is there no more.
  Result<std::vector<std::string>> CheckPack(uint64_t number);
  Result<std::vector<std::string>> CheckStaged(const store::StagedFile& file);

 private:
  Status FindLost(const std::atomic<bool>* stop, CheckReport* report);

  store::Store* const store_;
  StoredObjects* const objects_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_CHECKER_H_
