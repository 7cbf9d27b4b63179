#include "daemon/ingest/file_container.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "codec/reference_source.h"

namespace ingot::ingest {
namespace {

constexpr unsigned kAnyDepth = kMaxDepth + 1;
constexpr size_t kKeptContents = 16;
constexpr size_t kOpenPacks = 8;

Error NoContainer(const Digest& file) {
  return {ErrorKind::kNotFound, ToHex(file) + ": has no container"};
}

// Packs that a container is read from, as few open as there may be.
class OpenPacks {
 public:
  explicit OpenPacks(const store::Packs* packs) : packs_(packs) {}

  Result<std::shared_ptr<const Source>> Get(uint64_t pack) {
    const std::lock_guard lock(mutex_);
    auto found = std::ranges::find(open_, pack,
                                   [](const auto& one) { return one.first; });
    if (found == open_.end()) {
      INGOT_ASSIGN(std::unique_ptr<Source> source, packs_->Open(pack));
      open_.emplace_front(pack, std::move(source));
      if (open_.size() > kOpenPacks) open_.pop_back();
    } else {
      open_.splice(open_.begin(), open_, found);
    }
    return open_.front().second;
  }

 private:
  const store::Packs* const packs_;
  std::mutex mutex_;
  std::list<std::pair<uint64_t, std::shared_ptr<const Source>>> open_;
};

class PackOrigin final : public Source {
 public:
  PackOrigin(std::shared_ptr<OpenPacks> packs, uint64_t pack, std::string name,
             uint64_t size)
      : packs_(std::move(packs)),
        pack_(pack),
        name_(std::move(name)),
        size_(size) {}
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    INGOT_ASSIGN(const auto source, packs_->Get(pack_));
    return source->ReadAt(offset, out);
  }

 private:
  const std::shared_ptr<OpenPacks> packs_;
  const uint64_t pack_;
  const std::string name_;
  const uint64_t size_;
};

// Lends the reader of a pack, and knows which one is lent last: for whoever
// copies from it.
class Lender {
 public:
  Lender(store::Store* store, StoredObjects* objects)
      : objects_(objects),
        packs_(std::make_shared<OpenPacks>(&store->packs())) {}

  using Use = std::function<Status(const ContainerReader&)>;
  Status With(uint64_t pack, const Use& use) {
    return objects_->WithPack(pack, [&](ContainerReader* reader) -> Status {
      lent_[reader] = pack;
      Status used = use(*reader);
      lent_.erase(reader);
      return used;
    });
  }
  Status WithObject(const store::PackPlace& place, const Digest& object,
                    const ObjectCopy& use) {
    return With(place.pack, [&](const ContainerReader& reader) -> Status {
      if (place.index >= reader.object_count() ||
          reader.object(place.index).id.digest != object) {
        return Corruption(reader.name() + ": is not the pack that was sealed");
      }
      return use(reader, place.index);
    });
  }
  Status WithFile(const store::PackPlace& place, const Digest& file,
                  const ObjectCopy& use) {
    return With(place.pack, [&](const ContainerReader& reader) -> Status {
      if (place.index >= reader.files().size() ||
          reader.files()[place.index].id.digest != file) {
        return Corruption(reader.name() + ": is not the pack that was sealed");
      }
      return use(reader, place.index);
    });
  }
  std::shared_ptr<const Source> Origin(const ContainerReader& reader) {
    const uint64_t pack = lent_.at(&reader);
    std::shared_ptr<const Source>& origin = origins_[pack];
    if (origin == nullptr) {
      origin = std::make_shared<PackOrigin>(packs_, pack, reader.name(),
                                            reader.size());
    }
    return origin;
  }

 private:
  StoredObjects* const objects_;
  const std::shared_ptr<OpenPacks> packs_;
  std::map<const ContainerReader*, uint64_t> lent_;
  std::map<uint64_t, std::shared_ptr<const Source>> origins_;
};

// The objects that a file is made of, in their order, each once.
std::vector<Digest> PartsOf(const ContainerReader& reader,
                            const Manifest& file) {
  std::vector<Digest> parts;
  std::set<Digest> seen;
  for (const Segment& segment : file.segments) {
    if (segment.kind == Segment::Kind::kLiteral) continue;
    const Digest& digest = segment.kind == Segment::Kind::kObject
                               ? reader.object(segment.object).id.digest
                               : segment.outside.digest;
    if (seen.insert(digest).second) parts.push_back(digest);
  }
  return parts;
}

struct FoundFile {
  store::PackPlace place;
  std::vector<Digest> parts;

  // Whoever may read the file may know its parts.
  ObjectFilter Filter(ObjectFilter others) const {
    return [own = std::set<Digest>(parts.begin(), parts.end()),
            others = std::move(others)](const Digest& object) -> Result<bool> {
      return own.contains(object) ? Result<bool>(true) : others(object);
    };
  }
};

Result<FoundFile> FindFile(store::Store* store, Lender* lender,
                           const Digest& file) {
  INGOT_ASSIGN(const auto places, store->packs().FindFile(file));
  if (places.empty()) return NoContainer(file);
  FoundFile found{places[0], {}};
  INGOT_TRY(lender->WithFile(
      places[0], file,
      [&](const ContainerReader& reader, size_t index) -> Status {
        found.parts = PartsOf(reader, reader.files()[index]);
        return {};
      }));
  return found;
}

}  // namespace

Result<StoredObject> ObjectFinder::Find(const Digest& object, unsigned limit) {
  INGOT_ASSIGN(const auto places, store_->packs().FindObject(object));
  const auto place = std::ranges::find_if(
      places, [&](const store::PackPlace& one) { return one.depth < limit; });
  if (place == places.end()) {
    return Error{ErrorKind::kNotFound, ToHex(object) + ": no pack holds it"};
  }
  if (contents_.size() > kKeptContents) contents_.clear();
  auto known = contents_.find(place->pack);
  if (known == contents_.end()) {
    INGOT_ASSIGN(store::PackContents contents,
                 store_->packs().Contents(place->pack));
    known = contents_.emplace(place->pack, std::move(contents)).first;
  }
  const std::vector<store::PackEntry>& entries = known->second.objects;
  if (place->index >= entries.size() ||
      entries[place->index].id.digest != object) {
    return Corruption(ToHex(object) + ": not where the index says it is");
  }
  return StoredObject{*place, entries[place->index].needs};
}

Result<bool> ObjectFinder::Needs(const Digest& object, unsigned limit,
                                 const ObjectFilter& filter,
                                 const std::set<Digest>& have,
                                 std::set<Digest>* seen,
                                 std::vector<Digest>* order) {
  INGOT_ASSIGN(const StoredObject found, Find(object, limit));
  for (const Digest& need : found.needs) {
    if (!seen->insert(need).second) continue;
    INGOT_ASSIGN(const bool known, filter(need));
    if (!known) return false;
    if (have.contains(need)) continue;
    // Depths fall: this ends.
    INGOT_ASSIGN(const bool all,
                 Needs(need, found.place.depth, filter, have, seen, order));
    if (!all) return false;
    order->push_back(need);
  }
  return true;
}

Result<ContainerAssembler::Assembled> AssembleFile(
    store::Store* store, StoredObjects* objects,
    const FileContainerQuery& query) {
  Lender lender(store, objects);
  INGOT_ASSIGN(const FoundFile file, FindFile(store, &lender, query.file));
  ObjectFinder finder(store);
  std::set<Digest> inside;  // objects that stand in the file
  for (const Digest& part : file.parts) {
    if (!query.have.contains(part)) inside.insert(part);
  }
  const ObjectFilter filter = file.Filter(query.may_know);
  std::set<Digest> seen;
  std::vector<Digest> bases;
  for (const Digest& part : file.parts) {
    if (!inside.contains(part)) continue;
    INGOT_ASSIGN(const bool all, finder.Needs(part, kAnyDepth, filter,
                                              query.have, &seen, &bases));
    if (!all) return NoContainer(query.file);
  }
  ContainerAssembler assembler(
      [&](const ContainerReader& reader) { return lender.Origin(reader); });
  INGOT_TRY(assembler.Start());
  for (const Digest& base : bases) {
    if (inside.contains(base)) continue;
    INGOT_ASSIGN(const StoredObject found, finder.Find(base, kAnyDepth));
    INGOT_TRY(lender.WithObject(
        found.place, base, [&](const ContainerReader& reader, size_t object) {
          return assembler.AddObject(reader, object);
        }));
  }
  FileCopy how;
  how.provide = [&](const ObjectId& id, const ObjectCopy& copy) -> Status {
    if (!inside.contains(id.digest)) return {};
    INGOT_ASSIGN(const StoredObject found, finder.Find(id.digest, kAnyDepth));
    return lender.WithObject(found.place, id.digest, copy);
  };
  INGOT_TRY(lender.WithFile(
      file.place, query.file, [&](const ContainerReader& reader, size_t index) {
        how.info = FileInfo{};
        how.info->format = reader.files()[index].info.format;
        if (IsSafeRelativePath(query.path)) how.info->path = query.path;
        return assembler.AddFile(reader, index, how);
      }));
  INGOT_TRY(assembler.Finish());
  return assembler.TakeSource("container of " + ToHex(query.file));
}

Result<FileStorage> MeasureFile(store::Store* store, StoredObjects* objects,
                                const Digest& file,
                                const ObjectFilter& may_know) {
  Lender lender(store, objects);
  INGOT_ASSIGN(const FoundFile found, FindFile(store, &lender, file));
  ObjectFinder finder(store);
  const ObjectFilter filter = found.Filter(may_know);
  FileStorage storage;
  std::set<Digest> seen;
  for (const Digest& part : found.parts) {
    INGOT_ASSIGN(const bool all, finder.Needs(part, kAnyDepth, filter, {},
                                              &seen, &storage.bases));
    if (!all) return NoContainer(file);
    INGOT_ASSIGN(const StoredObject object, finder.Find(part, kAnyDepth));
    INGOT_TRY(lender.WithObject(
        object.place, part,
        [&](const ContainerReader& reader, size_t index) -> Status {
          storage.bytes += reader.object(index).encoded_bytes;
          return {};
        }));
  }
  return storage;
}

}  // namespace ingot::ingest
