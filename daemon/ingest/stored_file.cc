#include "daemon/ingest/stored_file.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace ingot::ingest {
namespace {

constexpr uint64_t kWindow = uint64_t{2} << 20;

class PackedFile final : public Source {
 public:
  PackedFile(store::Store* store, std::shared_ptr<StoredObjects> objects,
             const ObjectId& id)
      : store_(store),
        objects_(std::move(objects)),
        id_(id),
        name_("file " + ToHex(id.digest)) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return id_.length; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override;

 private:
  using Bytes = std::vector<std::byte>;

  Status Decode(uint64_t offset, MutableByteSpan out) const;

  store::Store* const store_;
  const std::shared_ptr<StoredObjects> objects_;
  const ObjectId id_;
  const std::string name_;
  mutable std::mutex mutex_;  // of what follows; not held while decoding
  mutable std::shared_ptr<const Bytes> window_;
  mutable uint64_t window_begin_ = 0;
  mutable uint64_t next_ = 0;  // where who reads on would read
};

Status PackedFile::ReadAt(uint64_t offset, MutableByteSpan out) const {
  if (offset > size() || out.size() > size() - offset) {
    return Corruption(name_ + ": ends before byte " +
                      std::to_string(offset + out.size()));
  }
  if (out.empty()) return {};
  bool reads_on = false;
  {
    const std::lock_guard lock(mutex_);
    reads_on = offset == next_;
    next_ = offset + out.size();
    if (window_ != nullptr && offset >= window_begin_ &&
        offset < window_begin_ + window_->size()) {
      const uint64_t skip = offset - window_begin_;
      const size_t size = std::min<size_t>(out.size(), window_->size() - skip);
      std::memcpy(out.data(), window_->data() + skip, size);
      offset += size;
      out = out.subspan(size);
    }
  }
  if (out.empty()) return {};
  if (!reads_on || out.size() >= kWindow) return Decode(offset, out);
  auto read = objects_->ReadBlocks(id_.digest, offset, kWindow);
  if (!read.ok() || read->size() < out.size()) return Decode(offset, out);
  std::memcpy(out.data(), read->data(), out.size());
  auto window = std::make_shared<const Bytes>(std::move(*read));
  const std::lock_guard lock(mutex_);
  window_ = std::move(window);
  window_begin_ = offset;
  return {};
}

Status PackedFile::Decode(uint64_t offset, MutableByteSpan out) const {
  Status read = objects_->ReadFile(id_.digest, offset, out);
  if (read.ok()) return read;
  // Its pack may have gone since, when the file was uploaded again.
  const auto staged = store_->staging().Open(id_.digest);
  return staged.ok() ? (*staged)->ReadAt(offset, out) : read;
}

Result<std::unique_ptr<Source>> OpenIn(store::Store* store,
                                       std::shared_ptr<StoredObjects> objects,
                                       const Digest& file) {
  auto staged = store->staging().Open(file);
  if (staged.ok()) return staged;
  // Whatever is wrong with it, or was packed meanwhile, is in a pack.
  INGOT_ASSIGN(const auto packed, store->packs().FindFile(file));
  if (packed.empty()) {
    // Or uploaded again.
    if (staged.error().kind != ErrorKind::kNotFound) return staged;
    return store->staging().Open(file);
  }
  return std::unique_ptr<Source>(std::make_unique<PackedFile>(
      store, std::move(objects), ObjectId{file, packed.front().length}));
}

}  // namespace

StoredFiles::StoredFiles(store::Store* store,
                         const StoredObjectsOptions& options)
    : store_(store),
      objects_(std::make_shared<StoredObjects>(&store->packs(), options)) {}

Result<std::unique_ptr<Source>> StoredFiles::Open(const Digest& file) const {
  return OpenIn(store_, objects_, file);
}

Result<std::unique_ptr<Source>> OpenStoredFile(store::Store* store,
                                               const Digest& file) {
  return StoredFiles(store).Open(file);
}

Result<std::optional<uint64_t>> StoredLength(store::Store* store,
                                             const Digest& file) {
  INGOT_ASSIGN(const auto staged, store->staging().Find(file));
  if (staged) return std::optional(staged->length);
  INGOT_ASSIGN(const auto packed, store->packs().FindFile(file));
  if (!packed.empty()) return std::optional(packed.front().length);
  return std::optional<uint64_t>();
}

}  // namespace ingot::ingest
