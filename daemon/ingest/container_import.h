// ContainerImport: the files of a container that somebody sent, decoded.
//
// Nothing in it is believed. What it says of files is compared with the limits
// before anything is decoded, their bytes with their SHA-256, and objects that
// others of the container are coded against count for what they take: a
// container of few bytes can neither ask for endless work nor for endless room.
//
//   auto import = ContainerImport::Open(source, references, limits, target);
//   while (*(*import)->Step()) {
//   }
//
// Memory: the container's index for each depth of its deltas, at most five, and
// a block for each.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_INGEST_CONTAINER_IMPORT_H_
#define INGOT_DAEMON_INGEST_CONTAINER_IMPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "codec/manifest.h"
#include "codec/reference_source.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot::ingest {

struct ImportLimits {
  size_t files = 1000;
  uint64_t bytes = 0;  // of all files together
  unsigned depth = 4;  // of objects
  // Bytes decoded for each of those, and besides.
  unsigned work = 10;
  uint64_t free_work = uint64_t{64} << 20;
};

// Objects that are outside the container.
class OutsideObjects : public ReferenceSource {
 public:
  // Bytes of an object; kNotFound where Read would say so.
  virtual Result<uint64_t> Length(const Digest& object) = 0;
};

// Where the files go, one after the other.
class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  // False: the file is not wanted, and not decoded.
  virtual Result<bool> Begin(const ObjectId& file) = 0;
  virtual Status Write(ByteSpan bytes) = 0;
  // All that was written since Begin has the digest that was said there, or
  // kCorruption.
  virtual Status End() = 0;
};

class ContainerImport {
 public:
  // Objects outside the container come from `others`, which like `target` must
  // outlive the import. kCorruption for what is no container,
  // kInvalidArgument for one beyond the limits.
  static Result<std::unique_ptr<ContainerImport>> Open(
      std::shared_ptr<const Source> container, OutsideObjects* others,
      const ImportLimits& limits, ImportTarget* target);
  ~ContainerImport();

  std::span<const Manifest> files() const;
  // Decodes some MiB at most; false when all is done. Errors are the target's
  // and those of decoding: kNotFound for a missing object, kUnsupported for
  // more work than the limits allow. Then it can only be given up.
  Result<bool> Step();

 private:
  class Impl;
  explicit ContainerImport(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_CONTAINER_IMPORT_H_
