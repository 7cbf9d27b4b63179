#include "daemon/store/recorded_files.h"

#include <algorithm>
#include <optional>

#include "daemon/store/append.h"
#include "daemon/store/keys.h"
#include "daemon/store/record_fields.h"

namespace ingot::store {

Result<std::unique_ptr<RecordedFiles>> RecordedFiles::Open(
    const Parts& parts, std::string_view folder, uint64_t largest,
    const std::function<Result<bool>(uint64_t number)>& is_named) {
  std::unique_ptr<RecordedFiles> opened(new RecordedFiles(parts, folder));
  INGOT_ASSIGN(const std::vector<StoredFile> files,
               parts.storage->List(folder));
  for (const StoredFile& file : files) {
    const std::optional<uint64_t> number = NumberOfKey(file.key);
    // Somebody else's: not ours to remove.
    if (!number || *number > kMaxNumber) continue;
    largest = std::max(largest, *number);
    INGOT_ASSIGN(const bool named, is_named(*number));
    if (!named) opened->Remove(*number);
  }
  opened->next_number_ = largest + 1;
  return opened;
}

Result<std::unique_ptr<NewFile>> RecordedFiles::Create(
    uint64_t expected_length) {
  uint64_t number;
  {
    const std::lock_guard lock(mutex_);
    number = next_number_++;
  }
  INGOT_ASSIGN(std::unique_ptr<AppendFile> file,
               parts_.storage->Create(Key(number)));
  std::unique_ptr<NewFile> created(new NewFile(this, number, std::move(file)));
  INGOT_TRY(created->allotment_.Allot(expected_length));
  return created;
}

std::string RecordedFiles::Key(uint64_t number) const {
  return NumberedKey(folder_, number);
}

Result<std::unique_ptr<Source>> RecordedFiles::Open(uint64_t number,
                                                    uint64_t length) const {
  Result<std::unique_ptr<Source>> source = parts_.storage->Open(Key(number));
  if (!source.ok()) {
    if (source.error().kind != ErrorKind::kNotFound) return source;
    return Corruption(source.error().message + ": missing; expected " +
                      std::to_string(length) + " bytes");
  }
  if ((*source)->size() != length) {
    return Corruption((*source)->name() + ": " +
                      std::to_string((*source)->size()) + " bytes: expected " +
                      std::to_string(length));
  }
  return source;
}

Status RecordedFiles::Retract(std::span<const uint64_t> numbers,
                              const Record& record) {
  INGOT_TRY(Append(record));
  for (const uint64_t number : numbers) Remove(number);
  return {};
}

Status RecordedFiles::Append(const Record& record) {
  std::vector<uint64_t> failed;
  {
    const std::lock_guard lock(mutex_);
    failed.swap(doubtful_);
  }
  const Status appended = AppendRecord(parts_.journal, record);
  if (!appended.ok()) {
    const std::lock_guard lock(mutex_);
    doubtful_.insert(doubtful_.end(), failed.begin(), failed.end());
    return appended;
  }
  // They can no longer be found.
  for (const uint64_t number : failed) Remove(number);
  return {};
}

void RecordedFiles::Remove(uint64_t number) {
  (void)parts_.storage->Remove(Key(number));
}

NewFile::~NewFile() {
  file_.reset();
  if (is_ours_) files_->Remove(number_);
}

Status NewFile::Append(ByteSpan bytes) {
  INGOT_TRY(allotment_.Prepare(bytes.size()));
  INGOT_TRY(file_->Append(bytes));
  allotment_.Written(bytes.size());
  size_ += bytes.size();
  return {};
}

Status NewFile::Finish() {
  INGOT_TRY(file_->Sync());
  file_.reset();
  return {};
}

Result<std::unique_ptr<Source>> NewFile::Open() const {
  return files_->Open(number_, size_);
}

Status NewFile::Name(const Record& record) {
  const Status appended = files_->Append(record);
  is_ours_ = IsRefusal(appended);
  if (!appended.ok() && !is_ours_) {
    const std::lock_guard lock(files_->mutex_);
    files_->doubtful_.push_back(number_);
  }
  return appended;
}

}  // namespace ingot::store
