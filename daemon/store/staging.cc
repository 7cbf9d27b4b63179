#include "daemon/store/staging.h"

#include <string>
#include <utility>

#include "daemon/store/keys.h"
#include "daemon/store/largest_number.h"

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
  INGOT_ASSIGN(std::unique_ptr<NewFile> file,
               files_->Create(CheckedLength(expected_length)));
  return std::unique_ptr<Upload>(new Upload(this, std::move(file)));
}

Result<std::unique_ptr<Source>> Staging::Open(const Digest& digest) const {
  INGOT_ASSIGN(const std::optional<StagedFile> record, Find(digest));
  if (!record) return NotStaged(digest);
  if (record->damaged) {
    return Corruption(files_->Key(record->number) +
                      ": is not what was uploaded");
  }
  if (!record->checked) return files_->Open(record->number, record->length);
  INGOT_ASSIGN(std::unique_ptr<Source> file,
               files_->Open(record->number, CheckedLength(record->length)));
  return OpenChecked(std::move(file), record->length);
}

Result<std::optional<StagedFile>> Staging::Find(const Digest& digest) const {
  return FindStaged(*index_, digest);
}

Result<std::vector<StagedFile>> Staging::List() const {
  return ListStaged(*index_);
}

Status Staging::Discard(const Digest& digest) {
  INGOT_ASSIGN(const std::optional<StagedFile> record, Find(digest));
  if (!record) return NotStaged(digest);
  return files_->Retract({&record->number, 1}, UnstagedRecord{record->number});
}

Status Staging::Check(const Digest& digest) const {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, Open(digest));
  INGOT_ASSIGN(const Digest found, HashRange(*source, 0, source->size()));
  if (found == digest) return {};
  return Corruption(source->name() + ": digest " + ToHex(found) +
                    ": expected " + ToHex(digest));
}

Status Staging::SetDamaged(uint64_t number) {
  return files_->Append(StagedDamagedRecord{number});
}

Status Staging::Upload::Write(ByteSpan bytes) {
  INGOT_TRY(file_->Append(bytes));
  hasher_.Update(bytes);
  sums_.Update(bytes);
  size_ += bytes.size();
  return {};
}

Result<std::unique_ptr<Source>> Staging::Upload::ReadBack() {
  INGOT_TRY(file_->Finish());
  return staging_->files_->Open(file_->number(), file_->size());
}

Result<StagedRecord> Staging::Upload::Finish() {
  INGOT_TRY(file_->Append(sums_.Finish()));
  INGOT_TRY(file_->Finish());
  const StagedRecord record = {.number = file_->number(),
                               .length = size_,
                               .digest = hasher_.Finish(),
                               .checked = true};
  while (true) {
    INGOT_ASSIGN(const std::optional<StagedFile> earlier,
                 staging_->Find(record.digest));
    if (earlier && !earlier->damaged) return *earlier;
    const Status named = file_->Name(record);
    if (named.ok()) {
      // No record names that file any more.
      if (earlier) staging_->files_->Remove(earlier->number);
      return record;
    }
    // Otherwise it was staged just now, or is again.
    if (named.error().kind != ErrorKind::kConflict) return named.error();
  }
}

}  // namespace ingot::store
