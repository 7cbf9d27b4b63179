// PackBuilder: makes one pack of staged files, and proves that it restores
// them.
//
//   INGOT_ASSIGN(auto builder, PackBuilder::Begin(context));
//   builder->Add(record, audience, ...);          // any number of times
//   builder->Finish(&bad);                        // decodes and compares
//   builder->Seal();
//
// Model files are cut into their tensors, others into opaque pieces. What packs
// already hold becomes a reference, whatever its name; tensors that resemble
// others are coded against them (daemon/ingest/base_finder.h).
//
// After an error the pack is lost; destroying it before Seal gives it up. The
// staged files stay as they are.
//
// Memory: that of a StreamEncoder with bases, about 100 MiB.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_INGEST_PACK_BUILDER_H_
#define INGOT_DAEMON_INGEST_PACK_BUILDER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/result.h"
#include "codec/stream_encoder.h"
#include "daemon/ingest/audience.h"
#include "daemon/ingest/base_finder.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

class PackObjects;
class WatchedSink;

// Raw bytes, and what they came to.
struct PackedBytes {
  uint64_t raw = 0;         // of the files
  uint64_t known = 0;       // of those, stored before
  uint64_t with_base = 0;   // of those, coded against others
  uint64_t with_coded = 0;  // encoded bytes of those
};

class PackBuilder {
 public:
  struct Context {
    store::Store* store = nullptr;
    StoredObjects* objects = nullptr;
    BaseFinder* finder = nullptr;
    BaseHints hints = {};
    int level = kDefaultLevel;
    int delta_level = 5;
    // Beyond this much encoded, no file is added.
    uint64_t pack_bytes = uint64_t{256} << 20;
    // Looked at between pieces of a few MiB: true ends the work, kCancelled.
    const std::atomic<bool>* stop = nullptr;
  };
  // kGone: somebody discarded it, and nothing was added.
  enum class Added { kYes, kToAnotherPack, kGone };
  // Whose fault an error is.
  enum class Fault { kStagedFile, kNeeded, kStore };

  // All that it points to must outlive the builder. Errors are the store's.
  static Result<std::unique_ptr<PackBuilder>> Begin(const Context& context);
  ~PackBuilder();

  bool is_full() const;
  // `alone`: refers to nothing outside the pack.
  Result<Added> Add(const store::StagedRecord& record, const Audience& audience,
                    bool alone);
  // Makes the pack durable, decodes it and compares all its files with what is
  // staged. After an error *bad is the number of the file which differs, or of
  // files added where it is none's.
  Status Finish(size_t* bad);
  Result<store::PackInfo> Seal();

  // Of the last error.
  Fault fault() const;
  const PackedBytes& bytes() const { return bytes_; }

 private:
  struct Entry;

  explicit PackBuilder(const Context& context);

  Status Open(Entry* entry);
  Result<Added> AddFile(Entry* entry, const Audience& audience, bool alone);
  Status AddRegions(const Entry& entry, const Layout& layout,
                    const std::vector<ObjectId>& ids, const Audience& audience,
                    bool alone);
  Status Compare(ContainerReader* reader, size_t file);

  const Context context_;
  PackedBytes bytes_;
  uint64_t records_ = 0;   // bytes of the pack's record, at most
  uint64_t segments_ = 0;  // of the files added
  size_t open_files_ = 0;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::unique_ptr<PackObjects> objects_;
  std::unique_ptr<store::Packs::Writer> writer_;
  std::unique_ptr<WatchedSink> sink_;
  std::unique_ptr<StreamEncoder> encoder_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_PACK_BUILDER_H_
