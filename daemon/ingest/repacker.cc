#include "daemon/ingest/repacker.h"

#include <memory>
#include <set>
#include <utility>

#include "codec/container_assembler.h"
#include "daemon/ingest/stop.h"
#include "daemon/ingest/watched.h"
#include "daemon/ingest/wholeness.h"

namespace ingot::ingest {

Result<std::optional<store::PackInfo>> CopyLiveEntries(
    store::Store* store, StoredObjects* objects,
    std::span<const PackUse* const> packs, const std::atomic<bool>* stop) {
  uint64_t expected = 0;
  for (const PackUse* pack : packs) expected += pack->LiveBytes();
  INGOT_ASSIGN(const std::unique_ptr<store::Packs::Writer> writer,
               store->packs().Begin(expected));
  ContainerAssembler assembler(writer.get());
  INGOT_TRY(assembler.Start());
  Wholeness wholeness(store, objects);
  std::set<Digest> files;
  bool empty = true;
  // Whole entries alone: others would need what nobody has.
  const auto copy_objects = [&](const PackUse& use) {
    return [&](ContainerReader* reader) -> Status {
      for (uint64_t i = 0; i < use.info.objects; ++i) {
        if (!use.objects[i]) continue;
        INGOT_TRY(CheckStop(stop, "repacking"));
        INGOT_ASSIGN(const bool whole, wholeness.OfObject(use.info.number, i));
        if (!whole) continue;
        INGOT_TRY(assembler.AddObject(*reader, i));
        empty = false;
      }
      return {};
    };
  };
  const auto copy_files = [&](const PackUse& use) {
    return [&](ContainerReader* reader) -> Status {
      for (uint64_t i = 0; i < use.info.files; ++i) {
        if (!use.files[i]) continue;
        INGOT_TRY(CheckStop(stop, "repacking"));
        INGOT_ASSIGN(const bool whole, wholeness.OfFile(use.info.number, i));
        const Digest& digest = reader->files()[i].id.digest;
        if (!whole || !files.insert(digest).second) continue;
        INGOT_TRY(assembler.AddFile(*reader, i, {}));
        empty = false;
      }
      return {};
    };
  };
  // All objects first, so that files refer to those in their own pack.
  for (const PackUse* use : packs) {
    INGOT_TRY(objects->WithPack(use->info.number, copy_objects(*use)));
  }
  for (const PackUse* use : packs) {
    INGOT_TRY(objects->WithPack(use->info.number, copy_files(*use)));
  }
  if (empty) return std::optional<store::PackInfo>();
  INGOT_TRY(assembler.Finish());
  INGOT_ASSIGN(std::unique_ptr<Source> written, writer->Finish());
  INGOT_ASSIGN(
      const std::unique_ptr<ContainerReader> reader,
      ContainerReader::Open(
          std::make_unique<WatchedSource>(std::move(written), stop),
          {.threads = 1, .verify_digests = true, .references = objects}));
  uint64_t incomplete = 0;
  INGOT_TRY(reader->Verify(&incomplete));
  INGOT_ASSIGN(const store::PackInfo sealed, writer->Seal());
  return std::optional(sealed);
}

}  // namespace ingot::ingest
