#include "daemon/ingest/stored_objects.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ingot::ingest {
namespace {

// What a file refers to may have any depth.
constexpr unsigned kAnyDepth = kMaxDepth + 1;

// About what an open reader takes: its index, and room for a block.
uint64_t MemoryOf(const ContainerReader& reader) {
  constexpr uint64_t kRoom = uint64_t{3} << 20;
  constexpr uint64_t kEntry = 320;
  // Four bytes in memory for each block, of which there is one in 1 MiB.
  uint64_t bytes =
      kRoom + kEntry * reader.object_count() + (reader.size() >> 16);
  for (const Manifest& file : reader.files()) {
    bytes += kEntry * (1 + file.segments.size());
  }
  return bytes;
}

Status CheckRange(const Digest& digest, uint64_t length, uint64_t offset,
                  uint64_t size) {
  if (offset <= length && size <= length - offset) return {};
  return InvalidArgument(ToHex(digest) + ": has " + std::to_string(length) +
                         " bytes, expected " + std::to_string(size) + " from " +
                         std::to_string(offset) + " on");
}

Error NotFound(const Digest& digest) {
  return {ErrorKind::kNotFound, ToHex(digest) + ": no pack holds it"};
}

}  // namespace

struct StoredObjects::OpenPack final : public ReferenceSource {
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    return objects->Read(Entry::kObject, object, offset, out, limit);
  }
  Status ReadBase(const Digest& object, uint64_t offset,
                  MutableByteSpan out) override {
    return objects->ReadCached(object, offset, out, limit);
  }

  StoredObjects* objects = nullptr;
  uint64_t pack = 0;
  uint64_t bytes = 0;  // of memory
  unsigned limit = kAnyDepth;
  std::thread::id user;  // the last one
  std::unique_ptr<ContainerReader> reader;
};

StoredObjects::StoredObjects(const store::Packs* packs,
                             const StoredObjectsOptions& options)
    : packs_(packs), options_(options), cache_(options.cache_bytes) {}

StoredObjects::~StoredObjects() = default;

Status StoredObjects::Read(const Digest& object, uint64_t offset,
                           MutableByteSpan out) {
  return Read(Entry::kObject, object, offset, out, kAnyDepth);
}

Status StoredObjects::ReadFile(const Digest& file, uint64_t offset,
                               MutableByteSpan out) {
  return Read(Entry::kFile, file, offset, out, kAnyDepth);
}

Status StoredObjects::Read(Entry entry, const Digest& digest, uint64_t offset,
                           MutableByteSpan out, unsigned limit) {
  Status first;
  std::vector<uint64_t> failed;  // packs
  while (true) {
    INGOT_ASSIGN(std::vector<store::PackPlace> places,
                 entry == Entry::kFile ? packs_->FindFile(digest)
                                       : packs_->FindObject(digest));
    std::erase_if(places, [&](const store::PackPlace& place) {
      return place.depth >= limit ||
             std::ranges::find(failed, place.pack) != failed.end();
    });
    if (places.empty()) return first.ok() ? NotFound(digest) : first;
    INGOT_TRY(CheckRange(digest, places[0].length, offset, out.size()));
    for (const store::PackPlace& place : places) {
      Status status = ReadCopy(entry, digest, place, offset, out);
      if (status.ok()) return status;
      if (first.ok()) first = std::move(status);
      failed.push_back(place.pack);
    }
    // Its pack may have been taken away meanwhile, since another one has it.
  }
}

Status StoredObjects::ReadCopy(Entry entry, const Digest& digest,
                               const store::PackPlace& place, uint64_t offset,
                               MutableByteSpan out) {
  const bool is_file = entry == Entry::kFile;
  const auto read = [&](ContainerReader* reader) -> Status {
    const bool is_there =
        is_file ? place.index < reader->files().size() &&
                      reader->files()[place.index].id.digest == digest
                : place.index < reader->object_count() &&
                      reader->object(place.index).id.digest == digest;
    if (!is_there) {
      return Corruption(reader->name() + ": is not the pack that was sealed");
    }
    return is_file ? reader->ReadFile(place.index, offset, out)
                   : reader->ReadObject(place.index, offset, out);
  };
  return Lend(place.pack, is_file ? kAnyDepth : place.depth, read);
}

Status StoredObjects::ReadCached(const Digest& object, uint64_t offset,
                                 MutableByteSpan out, unsigned limit) {
  const auto decode = [&](MutableByteSpan bytes) {
    return Read(Entry::kObject, object, offset, bytes, limit);
  };
  return cache_.Read({object, offset, out.size()}, limit, out, decode);
}

Status StoredObjects::WithPack(
    uint64_t pack, const std::function<Status(ContainerReader*)>& use) {
  return Lend(pack, kAnyDepth, use);
}

Status StoredObjects::Lend(uint64_t pack, unsigned limit,
                           const std::function<Status(ContainerReader*)>& use) {
  INGOT_ASSIGN(std::unique_ptr<OpenPack> open, Take(pack));
  open->limit = limit;
  // What failed may have been replaced: it is opened again.
  INGOT_TRY(use(open->reader.get()));
  GiveBack(std::move(open));
  return {};
}

std::list<std::unique_ptr<StoredObjects::OpenPack>>::iterator
StoredObjects::FindIdle(uint64_t pack) {
  auto found = idle_.end();
  for (auto open = idle_.begin(); open != idle_.end(); ++open) {
    if ((*open)->pack != pack) continue;
    if ((*open)->user == std::this_thread::get_id()) return open;
    if (found == idle_.end()) found = open;
  }
  return found;
}

Result<std::unique_ptr<StoredObjects::OpenPack>> StoredObjects::Take(
    uint64_t pack) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = FindIdle(pack);
    if (found != idle_.end()) {
      std::unique_ptr<OpenPack> open = std::move(*found);
      idle_.erase(found);
      idle_bytes_ -= open->bytes;
      return open;
    }
  }
  auto open = std::make_unique<OpenPack>();
  open->objects = this;
  open->pack = pack;
  INGOT_ASSIGN(std::unique_ptr<Source> source, packs_->Open(pack));
  INGOT_ASSIGN(open->reader,
               ContainerReader::Open(std::move(source),
                                     {.threads = 1, .references = open.get()}));
  open->bytes = MemoryOf(*open->reader);
  return open;
}

void StoredObjects::GiveBack(std::unique_ptr<OpenPack> open) {
  std::list<std::unique_ptr<OpenPack>> closed;
  open->user = std::this_thread::get_id();
  const std::lock_guard lock(mutex_);
  idle_bytes_ += open->bytes;
  idle_.push_front(std::move(open));
  while (idle_.size() > options_.idle_readers ||
         (idle_bytes_ > options_.idle_bytes && !idle_.empty())) {
    idle_bytes_ -= idle_.back()->bytes;
    closed.splice(closed.begin(), idle_, std::prev(idle_.end()));
  }
}

void StoredObjects::CloseRemoved() {
  std::list<std::unique_ptr<OpenPack>> closed;
  const std::lock_guard lock(mutex_);
  for (auto open = idle_.begin(); open != idle_.end();) {
    const auto here = open++;
    const auto found = packs_->Find((*here)->pack);
    if (!found.ok() || *found) continue;
    idle_bytes_ -= (*here)->bytes;
    closed.splice(closed.begin(), idle_, here);
  }
}

}  // namespace ingot::ingest
