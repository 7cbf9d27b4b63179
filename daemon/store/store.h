// Store: everything that a daemon keeps, opened as one (STORE.md).
//
// Thread-safety: as its parts'.

#ifndef INGOT_DAEMON_STORE_STORE_H_
#define INGOT_DAEMON_STORE_STORE_H_

#include <cstdint>
#include <memory>

#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/journal.h"
#include "daemon/store/locks.h"
#include "daemon/store/packs.h"
#include "daemon/store/repositories.h"
#include "daemon/store/space.h"
#include "daemon/store/staging.h"
#include "daemon/store/storage.h"
#include "daemon/store/tokens.h"

namespace ingot::store {

inline constexpr uint64_t kStoreVersion = 1;

struct StoreOptions {
  JournalOptions journal = {};
  IndexOptions index = {};
  // Packs leave this much free, so that records can still be written and
  // files removed where they find no space.
  uint64_t reserved_bytes = 64 << 20;
  // Uploads leave as much more, so that they can still be packed.
  uint64_t reserved_for_packs = 256 << 20;
};

class Store {
 public:
  // Makes a new store of a storage that is empty. kUnsupported for a store of
  // a later version, kCorruption where bytes break a rule; nothing is changed
  // then. `storage` must outlive the store.
  static Result<std::unique_ptr<Store>> Open(Storage* storage,
                                             StoreOptions options = {});

  Staging& staging() { return *staging_; }
  Packs& packs() { return *packs_; }
  Repositories& repositories() { return *repositories_; }
  Tokens& tokens() { return *tokens_; }
  // Milliseconds since 1970, as the journal has them: never going back.
  uint64_t now() const { return journal_->now(); }
  Locks& locks() { return *locks_; }

 private:
  explicit Store(const Storage* storage) : space_(storage) {}

  Space space_;
  std::unique_ptr<Index> index_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<Packs> packs_;
  std::unique_ptr<Repositories> repositories_;
  std::unique_ptr<Tokens> tokens_;
  std::unique_ptr<Locks> locks_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STORE_H_
