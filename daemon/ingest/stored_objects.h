// StoredObjects: objects and files of the store's packs, decoded.
//
// An object is read where its depth is least, and what it was coded against in
// the same way, each at a lesser depth than that of the copy which needs it, so
// that reading ends whatever is damaged (STORE.md, "Packs"). Where a copy is
// damaged or has been taken away, the next one is tried; the first error is
// returned where there is none left. Block checksums are always compared, so
// damaged bytes are never handed out.
//
// What objects are coded against is read through a BlockCache, so that several
// who need the same block decode it once; the depths below which copies are
// taken are the ranks of its readings.
//
// Readers of packs are kept open, those used last, as far as the limits allow:
// opening one parses the pack's index. None is shared: whoever decodes has one
// to itself, and no lock is held meanwhile, since decoding may need other packs
// and even the same one.
//
// Memory: the limits, that of the BlockCache, and for each thread that reads
// one open pack for each depth, of about its index and 2 MiB.
//
// Thread-safety: all functions may be called from several threads at once.

#ifndef INGOT_DAEMON_INGEST_STORED_OBJECTS_H_
#define INGOT_DAEMON_INGEST_STORED_OBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "codec/bytes.h"
#include "codec/container_reader.h"
#include "codec/digest.h"
#include "codec/reference_source.h"
#include "codec/result.h"
#include "daemon/ingest/block_cache.h"
#include "daemon/store/packs.h"

namespace ingot::ingest {

struct StoredObjectsOptions {
  // Of readers that nobody uses now.
  size_t idle_readers = 32;
  uint64_t idle_bytes = uint64_t{64} << 20;
  // Of the BlockCache.
  uint64_t cache_bytes = 0;
};

class StoredObjects final : public ReferenceSource {
 public:
  // `packs` must outlive it.
  explicit StoredObjects(const store::Packs* packs,
                         const StoredObjectsOptions& options = {});
  ~StoredObjects() override;

  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override;
  // The same for a file. kNotFound where no pack holds it.
  Status ReadFile(const Digest& file, uint64_t offset, MutableByteSpan out);
  // Closes readers of packs that are there no more: while one is open, the space
  // of its pack is not free.
  void CloseRemoved();
  // Lends a reader of a pack, whose references are found here.
  Status WithPack(uint64_t pack,
                  const std::function<Status(ContainerReader*)>& use);

  BlockCacheCounts cache_counts() const { return cache_.counts(); }

 private:
  struct OpenPack;
  enum class Entry { kFile, kObject };

  // Of copies of depth below `limit`.
  Status Read(Entry entry, const Digest& digest, uint64_t offset,
              MutableByteSpan out, unsigned limit);
  Status ReadCopy(Entry entry, const Digest& digest,
                  const store::PackPlace& place, uint64_t offset,
                  MutableByteSpan out);
  // As Read, of an object, through the cache.
  Status ReadCached(const Digest& object, uint64_t offset, MutableByteSpan out,
                    unsigned limit);
  // `limit`: what the pack refers to is read at depths below it.
  Status Lend(uint64_t pack, unsigned limit,
              const std::function<Status(ContainerReader*)>& use);
  // With the lock held. That which this thread had last, if it is there: it has
  // read already what the next blocks need.
  std::list<std::unique_ptr<OpenPack>>::iterator FindIdle(uint64_t pack);
  Result<std::unique_ptr<OpenPack>> Take(uint64_t pack);
  void GiveBack(std::unique_ptr<OpenPack> open);

  const store::Packs* const packs_;
  const StoredObjectsOptions options_;
  std::mutex mutex_;
  std::list<std::unique_ptr<OpenPack>> idle_;  // used last: at the front
  uint64_t idle_bytes_ = 0;
  BlockCache cache_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_STORED_OBJECTS_H_
