#include "daemon/store/store.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/keys.h"
#include "daemon/store/state.h"

namespace ingot::store {
namespace {

// Whether anything but a version is there.
Result<bool> HoldsFiles(const Storage& storage) {
  for (const std::string_view folder :
       {kJournalFolder, kPackFolder, kStagedFolder}) {
    INGOT_ASSIGN(const std::vector<StoredFile> files, storage.List(folder));
    if (!files.empty()) return true;
  }
  return false;
}

Status CreateVersion(Storage* storage) {
  INGOT_ASSIGN(const std::unique_ptr<AppendFile> file,
               storage->Create(NumberedKey(kVersionFolder, kStoreVersion)));
  return file->Sync();
}

Status OpenVersion(Storage* storage) {
  INGOT_ASSIGN(const std::vector<StoredFile> files,
               storage->List(kVersionFolder));
  uint64_t version = 0;
  for (const StoredFile& file : files) {
    version = std::max(version, NumberOfKey(file.key).value_or(0));
  }
  if (version > kStoreVersion) {
    return Unsupported("store of version " + std::to_string(version) +
                       ": this program knows version " +
                       std::to_string(kStoreVersion));
  }
  if (version == kStoreVersion) {
    // Its creator may have been killed before it was durable.
    return storage->Sync(NumberedKey(kVersionFolder, version));
  }
  INGOT_ASSIGN(const bool holds_files, HoldsFiles(*storage));
  if (holds_files) {
    return Corruption("not a store: it has files and no " +
                      NumberedKey(kVersionFolder, kStoreVersion));
  }
  return CreateVersion(storage);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(Storage* storage,
                                           StoreOptions options) {
  INGOT_TRY(OpenVersion(storage));
  std::unique_ptr<Store> store(new Store(storage));
  INGOT_ASSIGN(store->index_, Index::Open(options.index, ApplyRecords));
  INGOT_ASSIGN(
      store->journal_,
      Journal::Open(storage, std::move(options.journal), store->index_.get()));
  RecordedFiles::Parts parts = {.storage = storage,
                                .journal = store->journal_.get(),
                                .space = &store->space_,
                                .reserved_bytes = options.reserved_bytes};
  INGOT_ASSIGN(store->packs_, Packs::Open(parts, store->index_.get()));
  parts.reserved_bytes += options.reserved_for_packs;
  INGOT_ASSIGN(store->staging_, Staging::Open(parts, store->index_.get()));
  INGOT_ASSIGN(store->repositories_,
               Repositories::Open(store->journal_.get(), store->index_.get()));
  INGOT_ASSIGN(store->tokens_,
               Tokens::Open(store->journal_.get(), store->index_.get()));
  INGOT_ASSIGN(store->locks_,
               Locks::Open(store->journal_.get(), store->index_.get()));
  return store;
}

}  // namespace ingot::store
