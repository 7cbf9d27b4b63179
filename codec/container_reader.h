// ContainerReader: random access to a container in a Source.
//
// Opening reads footer and index and checks them against each other, so that
// no more output is promised than the container lists blocks for. After that
// any range of any file or object is read by touching only the blocks and
// sub-blocks that it needs.
//
// Thread-safety: one thread at a time; it decodes on a pool of its own.

#ifndef INGOT_CODEC_CONTAINER_READER_H_
#define INGOT_CODEC_CONTAINER_READER_H_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/manifest.h"
#include "codec/options.h"
#include "codec/result.h"
#include "codec/source.h"
#include "codec/statistics.h"

namespace ingot {

// An object of a container, as the index lists it.
struct ObjectInfo {
  ObjectId id;
  DType element_dtype = DType::kBytes;  // as coded
  uint64_t columns = 1;
  uint64_t encoded_bytes = 0;  // all its records with their payloads
  unsigned depth = 0;  // kMaxDepth at most; 0: refers to no other object
};

// Receives raw bytes in order; an error stops the reading and is returned.
using ByteConsumer = std::function<Status(ByteSpan)>;
// Copies what comes to `out`, which must have room for it.
ByteConsumer CopyTo(MutableByteSpan out);

// Whether a file begins as a container does; says nothing of the rest.
Result<bool> LooksLikeContainer(const Source& source);

struct Index;

class ContainerReader {
 public:
  static Result<std::unique_ptr<ContainerReader>> Open(
      std::unique_ptr<Source> source, const DecodeOptions& options);
  ~ContainerReader();

  const std::string& name() const;
  uint64_t size() const;  // of the container
  std::span<const Manifest> files() const;
  size_t object_count() const;
  ObjectInfo object(size_t index) const;
  // Files that the objects come from to which this container refers.
  std::span<const BaseFile> base_files() const;
  // Tensors of which parts can be restored alone, as a patch lists them.
  std::span<const TensorParts> parts() const;

  // Index of the file with that path, or of the only one for an empty path;
  // kNotFound, or kInvalidArgument where several could be meant.
  Result<size_t> FindFile(const std::string& path) const;

  // Hands bytes [begin, end) of a file to `consumer`, in pieces. Whole files
  // are compared with their SHA-256 where the options say so. What needs an
  // object that DecodeOptions::references do not have is kNotFound, with its
  // digest in the message and the files that had it.
  Status ReadFile(size_t file, uint64_t begin, uint64_t end,
                  const ByteConsumer& consumer);
  // Fills `out` with the file's bytes from `begin` on: a copy less, and no
  // SHA-256 is compared.
  Status ReadFile(size_t file, uint64_t begin, MutableByteSpan out);
  // Hands bytes of one segment of a file (a tensor).
  Status ReadSegment(size_t file, size_t segment, uint64_t begin, uint64_t end,
                     const ByteConsumer& consumer);
  // The same for bytes of an object, and into memory.
  Status ReadObject(size_t object, uint64_t begin, uint64_t end,
                    const ByteConsumer& consumer);
  Status ReadObject(size_t object, uint64_t begin, MutableByteSpan out);

  // Compares every record, every block checksum and the SHA-256 of every
  // object and file. Without DecodeOptions::references, files that need objects
  // elsewhere are counted in *incomplete_files and compared as far as that
  // goes; with them, the first such file is the error that is returned, after
  // everything else has been compared.
  Status Verify(uint64_t* incomplete_files);

  Result<ObjectStatistics> Statistics(size_t object);
  Result<ContainerStatistics> Statistics();

  // Reports how many raw bytes have been handed out or compared, for progress
  // bars; called now and then on the calling thread.
  void SetProgress(std::function<void(uint64_t raw_bytes)> progress);

 private:
  friend class ContainerAssembler;  // copies records as they are
  class Impl;

  const Source& source() const;
  const Index& index() const;
  uint64_t index_position() const;

  explicit ContainerReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_READER_H_
