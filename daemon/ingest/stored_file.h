// StoredFiles: the bytes of files, wherever the store holds them: as they were
// uploaded, or in packs.
//
// Packed bytes are decoded as they are asked for, into the memory where they are
// wanted; Source::GoodEnd says where blocks end. A Source that is open goes on
// where its file is packed, repacked or staged again meanwhile.
//
// Whether somebody may have a file is for the caller to say.
//
// Memory: that of StoredObjects, and BlockEdges for each open Source.
//
// Thread-safety: all functions, and the Sources, may be used from several
// threads at once.

#ifndef INGOT_DAEMON_INGEST_STORED_FILE_H_
#define INGOT_DAEMON_INGEST_STORED_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "codec/digest.h"
#include "codec/result.h"
#include "codec/source.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

class StoredFiles {
 public:
  // `store` must outlive it and the Sources.
  explicit StoredFiles(store::Store* store,
                       const StoredObjectsOptions& options = {});

  // kNotFound where the store does not hold it, kCorruption where what it holds
  // is damaged. The Source may outlive the StoredFiles.
  Result<std::unique_ptr<Source>> Open(const Digest& file) const;

  StoredObjects* objects() const { return objects_.get(); }

 private:
  store::Store* const store_;
  const std::shared_ptr<StoredObjects> objects_;
};

// The same with open packs of the Source's own, for who opens few.
Result<std::unique_ptr<Source>> OpenStoredFile(store::Store* store,
                                               const Digest& file);

// Its length; nothing where the store does not hold it.
Result<std::optional<uint64_t>> StoredLength(store::Store* store,
                                             const Digest& file);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_STORED_FILE_H_
