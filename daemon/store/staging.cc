#include "daemon/store/staging.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "daemon/store/keys.h"

namespace ingot::store {
namespace {

// Of uploads whose length is not known.
constexpr uint64_t kAllotment = uint64_t{1} << 20;

std::string StagedKey(uint64_t number) {
  return NumberedKey(kStagedFolder, number);
}

Error NotStaged(const Digest& digest) {
  return {ErrorKind::kNotFound, ToHex(digest) + ": not staged"};
}

}  // namespace

class Staging::Claim {
 public:
  Claim(Staging* staging, const Digest& digest)
      : staging_(staging), digest_(digest) {
    std::unique_lock lock(staging_->mutex_);
    staging_->released_.wait(
        lock, [&] { return !staging_->claimed_.contains(digest_); });
    staging_->claimed_.insert(digest_);
  }
  ~Claim() {
    {
      const std::lock_guard lock(staging_->mutex_);
      staging_->claimed_.erase(digest_);
    }
    staging_->released_.notify_all();
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  Staging* const staging_;
  const Digest digest_;
};

Result<std::unique_ptr<Staging>> Staging::Open(Storage* storage,
                                               Journal* journal,
                                               StagingOptions options,
                                               StagedTable table) {
  std::unique_ptr<Staging> staging(
      new Staging(storage, journal, options, std::move(table)));
  uint64_t largest = staging->table_.largest_number();
  INGOT_ASSIGN(const std::vector<StoredFile> files,
               storage->List(kStagedFolder));
  for (const StoredFile& file : files) {
    const std::optional<uint64_t> number = NumberOfKey(file.key);
    // Somebody else's: not ours to remove.
    if (!number || *number > kMaxFileNumber) continue;
    largest = std::max(largest, *number);
    if (!staging->table_.Contains(*number)) staging->Remove(*number);
  }
  staging->next_number_ = largest + 1;
  return staging;
}

Result<std::unique_ptr<Staging::Upload>> Staging::Begin(
    uint64_t expected_length) {
  uint64_t number;
  {
    const std::lock_guard lock(mutex_);
    number = next_number_++;
  }
  INGOT_ASSIGN(std::unique_ptr<AppendFile> file,
               storage_->Create(StagedKey(number)));
  std::unique_ptr<Upload> upload(new Upload(this, number, std::move(file)));
  INGOT_TRY(Allot(expected_length));
  upload->allotted_ = expected_length;
  return upload;
}

Result<std::unique_ptr<Source>> Staging::Open(const Digest& digest) const {
  const std::optional<StagedRecord> record = Find(digest);
  if (!record) return NotStaged(digest);
  Result<std::unique_ptr<Source>> source =
      storage_->Open(StagedKey(record->number));
  if (!source.ok()) {
    if (source.error().kind != ErrorKind::kNotFound) return source;
    return Corruption(source.error().message + ": the staged file of " +
                      ToHex(digest) + " is missing");
  }
  if ((*source)->size() != record->length) {
    return Corruption((*source)->name() + ": " +
                      std::to_string((*source)->size()) +
                      " bytes: expected the " + std::to_string(record->length) +
                      " of " + ToHex(digest));
  }
  return source;
}

std::optional<StagedRecord> Staging::Find(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  return table_.Find(digest);
}

std::vector<StagedRecord> Staging::List() const {
  const std::lock_guard lock(mutex_);
  return table_.List();
}

Status Staging::Discard(const Digest& digest) {
  const Claim claim(this, digest);
  const std::optional<StagedRecord> record = Find(digest);
  if (!record) return NotStaged(digest);
  INGOT_TRY(Append(UnstagedRecord{record->number}));
  Remove(record->number);
  return {};
}

Status Staging::Check(const Digest& digest) const {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, Open(digest));
  INGOT_ASSIGN(const Digest found, HashRange(*source, 0, source->size()));
  if (found == digest) return {};
  return Corruption(source->name() + ": digest " + ToHex(found) +
                    ": expected " + ToHex(digest));
}

Status Staging::Allot(uint64_t bytes) {
  INGOT_ASSIGN(const uint64_t free, storage_->FreeBytes());
  const std::lock_guard lock(mutex_);
  const uint64_t kept = allotted_ + options_.reserved_bytes;
  if (free < kept || free - kept < bytes) {
    return Error{ErrorKind::kResourceExhausted,
                 "no space for an upload: " + std::to_string(free) +
                     " bytes are free, " + std::to_string(kept) +
                     " of them kept, " + std::to_string(bytes) + " needed"};
  }
  allotted_ += bytes;
  return {};
}

void Staging::GiveBack(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  allotted_ -= bytes;
}

Result<StagedRecord> Staging::Finish(const StagedRecord& record) {
  const Claim claim(this, record.digest);
  if (const std::optional<StagedRecord> earlier = Find(record.digest)) {
    Remove(record.number);
    return *earlier;
  }
  const Status appended = Append(record);
  if (!appended.ok()) {
    const std::lock_guard lock(mutex_);
    doubtful_.push_back(record.number);
    return appended.error();
  }
  return record;
}

// Makes `record` true, and then forgets the records that failed before.
Status Staging::Append(const Record& record) {
  std::vector<uint64_t> failed;
  {
    const std::lock_guard lock(mutex_);
    failed.swap(doubtful_);
  }
  const JournalRecord encoded = EncodeRecord(record);
  const Result<uint64_t> position = journal_->Append(std::span(&encoded, 1));
  if (!position.ok()) {
    const std::lock_guard lock(mutex_);
    doubtful_.insert(doubtful_.end(), failed.begin(), failed.end());
    return position.error();
  }
  for (const uint64_t number : failed) Remove(number);
  const std::lock_guard lock(mutex_);
  return std::visit([this](const auto& typed) { return table_.Apply(typed); },
                    record);
}

// A file that is still there is removed at the next opening.
void Staging::Remove(uint64_t number) {
  (void)storage_->Remove(StagedKey(number));
}

Staging::Upload::~Upload() {
  staging_->GiveBack(allotted_);
  if (file_ == nullptr) return;
  file_.reset();
  staging_->Remove(number_);
}

Status Staging::Upload::Write(ByteSpan bytes) {
  if (bytes.size() > allotted_) {
    const uint64_t more =
        std::max<uint64_t>(kAllotment, bytes.size() - allotted_);
    INGOT_TRY(staging_->Allot(more));
    allotted_ += more;
  }
  INGOT_TRY(file_->Append(bytes));
  staging_->GiveBack(bytes.size());
  allotted_ -= bytes.size();
  hasher_.Update(bytes);
  size_ += bytes.size();
  return {};
}

Result<StagedRecord> Staging::Upload::Finish() {
  INGOT_TRY(file_->Sync());
  file_.reset();
  return staging_->Finish(
      {.number = number_, .length = size_, .digest = hasher_.Finish()});
}

}  // namespace ingot::store
