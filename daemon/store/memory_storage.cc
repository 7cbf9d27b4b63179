#include "daemon/store/memory_storage.h"

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "daemon/store/keys.h"

namespace ingot::store {
namespace {

Error NoSuchFile(std::string_view key) {
  return {ErrorKind::kNotFound, std::string(key) + ": no such file"};
}

// Shared by the storage and the writer, which may outlive the name.
struct MemoryFile {
  std::mutex mutex;
  std::vector<std::byte> bytes;
};

class MemoryAppendFile final : public AppendFile {
 public:
  explicit MemoryAppendFile(std::shared_ptr<MemoryFile> file)
      : file_(std::move(file)) {}

  Status Append(ByteSpan bytes) override {
    const std::lock_guard lock(file_->mutex);
    file_->bytes.insert(file_->bytes.end(), bytes.begin(), bytes.end());
    return {};
  }
  Status Sync() override { return {}; }

 private:
  std::shared_ptr<MemoryFile> file_;
};

// The bytes at the time of opening.
class SnapshotSource final : public Source {
 public:
  SnapshotSource(std::vector<std::byte> bytes, std::string name)
      : bytes_(std::move(bytes)),
        source_(MakeMemorySource(bytes_, std::move(name))) {}

  const std::string& name() const override { return source_->name(); }
  uint64_t size() const override { return source_->size(); }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    return source_->ReadAt(offset, out);
  }

 private:
  const std::vector<std::byte> bytes_;
  const std::unique_ptr<Source> source_;
};

class MemoryStorage final : public Storage {
 public:
  Result<std::unique_ptr<AppendFile>> Create(std::string_view key) override {
    INGOT_TRY(CheckKey(key));
    const std::lock_guard lock(mutex_);
    const auto [entry, inserted] =
        files_.try_emplace(std::string(key), nullptr);
    if (!inserted) {
      return Error{ErrorKind::kConflict, entry->first + ": exists"};
    }
    entry->second = std::make_shared<MemoryFile>();
    return std::unique_ptr<AppendFile>(
        std::make_unique<MemoryAppendFile>(entry->second));
  }

  Result<std::unique_ptr<Source>> Open(std::string_view key) const override {
    INGOT_ASSIGN(const auto file, Find(key));
    const std::lock_guard lock(file->mutex);
    return std::unique_ptr<Source>(
        std::make_unique<SnapshotSource>(file->bytes, std::string(key)));
  }

  Status Sync(std::string_view key) override {
    INGOT_TRY(Find(key));
    return {};
  }

  Result<std::vector<StoredFile>> List(std::string_view folder) const override {
    INGOT_TRY(CheckKey(folder));
    const std::string prefix = std::string(folder) + "/";
    std::vector<StoredFile> found;
    const std::lock_guard lock(mutex_);
    for (auto entry = files_.lower_bound(prefix);
         entry != files_.end() && entry->first.starts_with(prefix); ++entry) {
      const std::lock_guard file_lock(entry->second->mutex);
      found.push_back({entry->first, entry->second->bytes.size()});
    }
    return found;
  }

  Status Remove(std::string_view key) override {
    INGOT_TRY(CheckKey(key));
    const std::lock_guard lock(mutex_);
    const auto entry = files_.find(key);
    if (entry == files_.end()) return NoSuchFile(key);
    files_.erase(entry);
    return {};
  }

  Result<uint64_t> FreeBytes() const override { return UINT64_MAX; }

 private:
  Result<std::shared_ptr<MemoryFile>> Find(std::string_view key) const {
    INGOT_TRY(CheckKey(key));
    const std::lock_guard lock(mutex_);
    const auto entry = files_.find(key);
    if (entry == files_.end()) return NoSuchFile(key);
    return entry->second;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryFile>, std::less<>> files_;
};

}  // namespace

std::unique_ptr<Storage> MakeMemoryStorage() {
  return std::make_unique<MemoryStorage>();
}

}  // namespace ingot::store
