#include "daemon/store/store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/store/keys.h"
#include "daemon/store/records.h"

namespace ingot::store {
namespace {

// Whether anything but a version is there.
Result<bool> HoldsFiles(const Storage& storage) {
  for (const std::string_view folder : {kJournalFolder, kStagedFolder}) {
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

Status ApplyBatch(const JournalBatch& batch, StagedTable* staged) {
  const std::string name = "journal, batch " + std::to_string(batch.position);
  for (const JournalRecordView& view : batch.records) {
    INGOT_ASSIGN(const Record record, ParseRecord(view, name));
    const Status applied = std::visit(
        [&](const auto& typed) { return staged->Apply(typed); }, record);
    if (!applied.ok()) return WithContext(name + ": ", applied.error());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(Storage* storage,
                                           StoreOptions options) {
  INGOT_TRY(OpenVersion(storage));
  StagedTable staged;
  INGOT_ASSIGN(std::unique_ptr<Journal> journal,
               Journal::Open(storage, std::move(options.journal), 0,
                             [&](const JournalBatch& batch) {
                               return ApplyBatch(batch, &staged);
                             }));
  INGOT_ASSIGN(std::unique_ptr<Staging> staging,
               Staging::Open(storage, journal.get(), options.staging,
                             std::move(staged)));
  return std::unique_ptr<Store>(
      new Store(std::move(journal), std::move(staging)));
}

}  // namespace ingot::store
