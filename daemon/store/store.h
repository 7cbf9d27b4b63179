// Store: everything that a daemon keeps, opened as one (STORE.md).
//
// Thread-safety: as its parts'.

#ifndef INGOT_DAEMON_STORE_STORE_H_
#define INGOT_DAEMON_STORE_STORE_H_

#include <memory>

#include "codec/result.h"
#include "daemon/store/journal.h"
#include "daemon/store/staging.h"
#include "daemon/store/storage.h"

namespace ingot::store {

inline constexpr uint64_t kStoreVersion = 1;

struct StoreOptions {
  JournalOptions journal = {};
  StagingOptions staging = {};
};

class Store {
 public:
  // Makes a new store of a storage that is empty. kUnsupported for a store of
  // a later version, kCorruption where bytes break a rule; nothing is changed
  // then. `storage` must outlive the store.
  static Result<std::unique_ptr<Store>> Open(Storage* storage,
                                             StoreOptions options = {});

  Staging& staging() { return *staging_; }

 private:
  Store(std::unique_ptr<Journal> journal, std::unique_ptr<Staging> staging)
      : journal_(std::move(journal)), staging_(std::move(staging)) {}

  const std::unique_ptr<Journal> journal_;
  const std::unique_ptr<Staging> staging_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STORE_H_
