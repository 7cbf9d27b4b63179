#include "daemon/store/staging.h"

#include <string>
#include <utility>

#include "daemon/store/keys.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/staged_table.h"

namespace ingot::store {
namespace {

Error NotStaged(const Digest& digest) {
  return {ErrorKind::kNotFound, ToHex(digest) + ": not staged"};
}

}  // namespace

Result<std::unique_ptr<Staging>> Staging::Open(
    const RecordedFiles::Parts& parts, const Index* index) {
  INGOT_ASSIGN(const uint64_t largest, LargestNumber(*index, kStagedFolder));
  INGOT_ASSIGN(std::unique_ptr<RecordedFiles> files,
               RecordedFiles::Open(parts, kStagedFolder, largest,
                                   [&](uint64_t number) -> Result<bool> {
                                     INGOT_ASSIGN(const auto record,
                                                  FindStaged(*index, number));
                                     return record.has_value();
                                   }));
  return std::unique_ptr<Staging>(new Staging(index, std::move(files)));
}

Result<std::unique_ptr<Staging::Upload>> Staging::Begin(
    uint64_t expected_length) {
  INGOT_ASSIGN(std::unique_ptr<NewFile> file, files_->Create(expected_length));
  return std::unique_ptr<Upload>(new Upload(this, std::move(file)));
}

Result<std::unique_ptr<Source>> Staging::Open(const Digest& digest) const {
  INGOT_ASSIGN(const std::optional<StagedRecord> record, Find(digest));
  if (!record) return NotStaged(digest);
  return files_->Open(record->number, record->length);
}

Result<std::optional<StagedRecord>> Staging::Find(const Digest& digest) const {
  return FindStaged(*index_, digest);
}

Result<std::vector<StagedRecord>> Staging::List() const {
  return ListStaged(*index_);
}

Status Staging::Discard(const Digest& digest) {
  INGOT_ASSIGN(const std::optional<StagedRecord> record, Find(digest));
  if (!record) return NotStaged(digest);
  return files_->Retract(record->number, UnstagedRecord{record->number});
}

Status Staging::Check(const Digest& digest) const {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, Open(digest));
  INGOT_ASSIGN(const Digest found, HashRange(*source, 0, source->size()));
  if (found == digest) return {};
  return Corruption(source->name() + ": digest " + ToHex(found) +
                    ": expected " + ToHex(digest));
}

Status Staging::Upload::Write(ByteSpan bytes) {
  INGOT_TRY(file_->Append(bytes));
  hasher_.Update(bytes);
  return {};
}

Result<StagedRecord> Staging::Upload::Finish() {
  INGOT_TRY(file_->Finish());
  const StagedRecord record = {.number = file_->number(),
                               .length = file_->size(),
                               .digest = hasher_.Finish()};
  while (true) {
    const Status named = file_->Name(record);
    if (named.ok()) return record;
    if (named.error().kind != ErrorKind::kConflict) return named.error();
    INGOT_ASSIGN(const std::optional<StagedRecord> earlier,
                 staging_->Find(record.digest));
    // None: it was taken away just now.
    if (earlier) return *earlier;
  }
}

}  // namespace ingot::store
