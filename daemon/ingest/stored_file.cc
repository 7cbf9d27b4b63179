#include "daemon/ingest/stored_file.h"

#include <string>
#include <utility>

#include "daemon/ingest/block_edges.h"

namespace ingot::ingest {
namespace {

class PackedFile final : public Source {
 public:
  PackedFile(store::Store* store, std::shared_ptr<StoredObjects> objects,
             const ObjectId& id, BlockEdges edges)
      : store_(store),
        objects_(std::move(objects)),
        id_(id),
        edges_(std::move(edges)),
        name_("file " + ToHex(id.digest)) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return id_.length; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override;
  uint64_t GoodEnd(uint64_t begin, uint64_t end) const override {
    return edges_.GoodEnd(begin, end);
  }

 private:
  store::Store* const store_;
  const std::shared_ptr<StoredObjects> objects_;
  const ObjectId id_;
  const BlockEdges edges_;
  const std::string name_;
};

Status PackedFile::ReadAt(uint64_t offset, MutableByteSpan out) const {
  if (offset > size() || out.size() > size() - offset) {
    return Corruption(name_ + ": ends before byte " +
                      std::to_string(offset + out.size()));
  }
  if (out.empty()) return {};
  Status read = objects_->ReadFile(id_.digest, offset, out);
  if (read.ok()) return read;
  // Its pack may have gone since, when the file was uploaded again, and that
  // may have been packed by now.
  const auto staged = store_->staging().Open(id_.digest);
  if (staged.ok()) return (*staged)->ReadAt(offset, out);
  return objects_->ReadFile(id_.digest, offset, out).ok() ? Status() : read;
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
  const store::PackPlace& place = packed.front();
  BlockEdges edges;
  // Where the pack is damaged, reading says so.
  (void)objects->WithPack(place.pack, [&](ContainerReader* reader) {
    if (place.index < reader->files().size()) {
      edges = BlockEdges(*reader, reader->files()[place.index]);
    }
    return Status();
  });
  return std::unique_ptr<Source>(std::make_unique<PackedFile>(
      store, std::move(objects), ObjectId{file, place.length},
      std::move(edges)));
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
