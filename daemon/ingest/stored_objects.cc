#include "daemon/ingest/stored_objects.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "codec/dtype.h"
#include "codec/stream_encoder.h"
#include "formats/layout.h"

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

// Where to stop between `begin` and `end`, for blocks to be decoded once.
uint64_t EndOfBlocks(const ContainerReader& reader, const Manifest& file,
                     uint64_t begin, uint64_t end) {
  uint64_t at = 0;
  for (const Segment& segment : file.segments) {
    if (at + segment.length <= end) {
      at += segment.length;
      continue;
    }
    DType dtype = DType::kBytes;
    uint64_t columns = 1;
    if (segment.kind == Segment::Kind::kObject) {
      const ObjectInfo info = reader.object(segment.object);
      dtype = info.element_dtype;
      columns = info.columns;
    } else if (segment.view) {
      const Region region = TensorRegion(at, *segment.view);
      dtype = region.element_dtype;
      columns = region.columns;
    }
    const uint64_t block =
        BlockElements(dtype, columns) * (GetDTypeInfo(dtype).bits / 8);
    const uint64_t aligned = end - (end - at) % block;
    return aligned > begin + (end - begin) / 4 ? aligned : end;
  }
  return end;
}

}  // namespace

struct StoredObjects::OpenPack final : public ReferenceSource {
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    return objects->Read(Entry::kObject, object, offset, out, limit);
  }

  StoredObjects* objects = nullptr;
  uint64_t pack = 0;
  uint64_t bytes = 0;  // of memory
  unsigned limit = kAnyDepth;
  std::unique_ptr<ContainerReader> reader;
};

StoredObjects::StoredObjects(const store::Packs* packs,
                             const StoredObjectsOptions& options)
    : packs_(packs), options_(options) {}

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
  const bool is_file = entry == Entry::kFile;
  INGOT_ASSIGN(std::vector<store::PackPlace> places,
               is_file ? packs_->FindFile(digest) : packs_->FindObject(digest));
  std::erase_if(places, [limit](const store::PackPlace& place) {
    return place.depth >= limit;
  });
  if (places.empty()) return NotFound(digest);
  INGOT_TRY(CheckRange(digest, places[0].length, offset, out.size()));
  Status first;
  for (const store::PackPlace& place : places) {
    const uint64_t end = offset + out.size();
    const auto read = [&](ContainerReader* reader) -> Status {
      const bool is_there =
          is_file ? place.index < reader->files().size() &&
                        reader->files()[place.index].id.digest == digest
                  : place.index < reader->object_count() &&
                        reader->object(place.index).id.digest == digest;
      if (!is_there) {
        return Corruption(reader->name() + ": is not the pack that was sealed");
      }
      return is_file
                 ? reader->ReadFile(place.index, offset, end, CopyTo(out))
                 : reader->ReadObject(place.index, offset, end, CopyTo(out));
    };
    Status status = Lend(place.pack, is_file ? kAnyDepth : place.depth, read);
    if (status.ok()) return status;
    if (first.ok()) first = std::move(status);
  }
  return first;
}

Result<std::vector<std::byte>> StoredObjects::ReadBlocks(const Digest& file,
                                                         uint64_t offset,
                                                         uint64_t length) {
  INGOT_ASSIGN(const std::vector<store::PackPlace> places,
               packs_->FindFile(file));
  if (places.empty()) return NotFound(file);
  uint64_t end = std::min(offset + length, places[0].length);
  // Where the pack is damaged, reading says so.
  (void)WithPack(places[0].pack, [&](ContainerReader* reader) {
    if (places[0].index < reader->files().size()) {
      end = EndOfBlocks(*reader, reader->files()[places[0].index], offset, end);
    }
    return Status();
  });
  std::vector<std::byte> bytes(end - offset);
  INGOT_TRY(ReadFile(file, offset, bytes));
  return bytes;
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

Result<std::unique_ptr<StoredObjects::OpenPack>> StoredObjects::Take(
    uint64_t pack) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(
        idle_, pack,
        [](const std::unique_ptr<OpenPack>& open) { return open->pack; });
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
  const std::lock_guard lock(mutex_);
  idle_bytes_ += open->bytes;
  idle_.push_front(std::move(open));
  while (idle_.size() > options_.idle_readers ||
         (idle_bytes_ > options_.idle_bytes && !idle_.empty())) {
    idle_bytes_ -= idle_.back()->bytes;
    closed.splice(closed.begin(), idle_, std::prev(idle_.end()));
  }
}

}  // namespace ingot::ingest
