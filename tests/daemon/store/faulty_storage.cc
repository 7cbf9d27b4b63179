#include "tests/daemon/store/faulty_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "daemon/store/memory_storage.h"

namespace ingot::store {

constexpr size_t kSectorBytes = 512;

class FaultyFile final : public AppendFile {
 public:
  FaultyFile(FaultyStorage* storage, std::unique_ptr<AppendFile> file,
             std::string key)
      : storage_(storage), file_(std::move(file)), key_(std::move(key)) {}

  Status Append(ByteSpan bytes) override {
    const std::lock_guard lock(storage_->mutex_);
    Status counted = storage_->Count();
    if (!counted.ok()) {
      bytes = bytes.first(storage_->random_() % (bytes.size() + 1));
    }
    INGOT_TRY(file_->Append(bytes));
    written_ += bytes.size();
    return counted;
  }

  Status Sync() override {
    const std::lock_guard lock(storage_->mutex_);
    ++storage_->syncs_;
    INGOT_TRY(storage_->Count());
    INGOT_TRY(file_->Sync());
    storage_->synced_[key_] = written_;
    return {};
  }

 private:
  FaultyStorage* const storage_;
  const std::unique_ptr<AppendFile> file_;
  const std::string key_;
  uint64_t written_ = 0;
};

void FaultyStorage::Fail(uint64_t first, uint64_t end, ErrorKind kind) {
  const std::lock_guard lock(mutex_);
  first_fault_ = first;
  end_of_faults_ = end;
  kind_ = kind;
}

Status FaultyStorage::Count() {
  const uint64_t operation = operations_++;
  if (operation < first_fault_ || operation >= end_of_faults_) return {};
  return Error{kind_, "injected at operation " + std::to_string(operation)};
}

Result<std::unique_ptr<AppendFile>> FaultyStorage::Create(
    std::string_view key) {
  const std::lock_guard lock(mutex_);
  INGOT_TRY(Count());
  INGOT_ASSIGN(auto file, base_->Create(key));
  removed_.erase(std::string(key));
  synced_[std::string(key)] = std::nullopt;
  return std::unique_ptr<AppendFile>(
      std::make_unique<FaultyFile>(this, std::move(file), std::string(key)));
}

Result<std::unique_ptr<Source>> FaultyStorage::Open(
    std::string_view key) const {
  return base_->Open(key);
}

Status FaultyStorage::Sync(std::string_view key) {
  const std::lock_guard lock(mutex_);
  INGOT_TRY(Count());
  INGOT_TRY(base_->Sync(key));
  INGOT_ASSIGN(const auto source, base_->Open(key));
  synced_[std::string(key)] = source->size();
  return {};
}

Result<std::vector<StoredFile>> FaultyStorage::List(
    std::string_view folder) const {
  return base_->List(folder);
}

Status FaultyStorage::Remove(std::string_view key) {
  const std::lock_guard lock(mutex_);
  INGOT_TRY(Count());
  auto source = base_->Open(key);
  if (source.ok()) removed_[std::string(key)] = ReadAll(*base_, key);
  return base_->Remove(key);
}

// Each sector behind `synced` bytes is kept, zero or garbage; the end of them
// may be missing.
std::vector<std::byte> FaultyStorage::Survivor(const StoredFile& file,
                                               uint64_t synced) {
  std::vector<std::byte> bytes = ReadAll(*base_, file.key);
  if (bytes.size() == synced) return bytes;
  bytes.resize(synced + random_() % (bytes.size() - synced + 1));
  const bool ordered = random_() % 3 == 0;  // some disks lose the end alone
  for (size_t at = synced; !ordered && at < bytes.size();) {
    const size_t end =
        std::min(bytes.size(), (at / kSectorBytes + 1) * kSectorBytes);
    const uint64_t fate = random_() % 4;
    for (; at < end; ++at) {
      if (fate == 0) bytes[at] = std::byte{0};
      if (fate == 1) bytes[at] = static_cast<std::byte>(random_());
    }
  }
  return bytes;
}

std::unique_ptr<Storage> FaultyStorage::PowerLoss(
    std::initializer_list<std::string_view> folders) {
  const std::lock_guard lock(mutex_);
  auto survivor = MakeMemoryStorage();
  for (const std::string_view folder : folders) {
    const auto files = base_->List(folder);
    EXPECT_TRUE(files.ok());
    for (const StoredFile& file : *files) {
      const auto found = synced_.find(file.key);
      // Files from before this object are durable.
      const std::optional<uint64_t> synced =
          found == synced_.end() ? file.size : found->second;
      if (!synced && random_() % 3 == 0) continue;
      WriteFile(survivor.get(), file.key, Survivor(file, synced.value_or(0)));
    }
  }
  for (const auto& [key, bytes] : removed_) {
    if (random_() % 2 == 0) WriteFile(survivor.get(), key, bytes);
  }
  return survivor;
}

std::vector<std::byte> ReadAll(const Storage& storage, std::string_view key) {
  const auto source = storage.Open(key);
  EXPECT_TRUE(source.ok()) << key;
  std::vector<std::byte> bytes((*source)->size());
  EXPECT_TRUE((*source)->ReadAt(0, bytes).ok()) << key;
  return bytes;
}

void WriteFile(Storage* storage, std::string_view key, ByteSpan bytes) {
  auto file = storage->Create(key);
  ASSERT_TRUE(file.ok()) << file.error().message;
  ASSERT_TRUE((*file)->Append(bytes).ok());
  ASSERT_TRUE((*file)->Sync().ok());
}

}  // namespace ingot::store
