// ContainerAssembler: makes a container of objects and files of others, whose
// records it copies as they are. Nothing is decoded or encoded.
//
//   ContainerAssembler assembler(sink);
//   assembler.Start();
//   assembler.AddObject(*base, 0);
//   assembler.AddFile(*model, 0, {.provide = ProvideFrom(*model)});
//   assembler.Finish();                     // then sink->Commit()
//
// What is copied is compared with its checksums and with the index that lists
// it, so that damage is not handed on: kCorruption, which names the container
// and the offset. Elements are not decoded: that they are the right ones is as
// sure as it was.
//
// Every object is held once. What files and groups refer to and the container
// does not hold stays outside; outside() says what that is. Depths stay, so
// that a container which holds the bases of its own deltas can be decoded by
// who answers for references with its objects (codec/reference_source.h).
//
// Made anew are the index, the small records around objects, and the zeros that
// align payloads. Names and shapes of tensors are those of the files: an object
// of no file loses the ones that it had. Optional records of unknown type and
// the index's section of parts are not copied. The same calls give the same
// bytes.
//
// Memory: the index, and the largest group record and block.
//
// Thread-safety: one thread at a time, and none may use a reader while it is
// copied from. After an error the container is lost.

#ifndef INGOT_CODEC_CONTAINER_ASSEMBLER_H_
#define INGOT_CODEC_CONTAINER_ASSEMBLER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "codec/container_reader.h"
#include "codec/digest.h"
#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/sink.h"

namespace ingot {

// Copies an object of a container.
using ObjectCopy =
    std::function<Status(const ContainerReader& container, size_t object)>;

// Is asked for an object that is to stand in a file. Calls `copy` once, with
// that object, or not at all: then the file refers to it outside. An error
// ends the assembling.
using ObjectProvider =
    std::function<Status(const ObjectId& id, const ObjectCopy& copy)>;

// Provides the objects that `container`, which must outlive it, holds.
ObjectProvider ProvideFrom(const ContainerReader& container);

// How a file is copied.
struct FileCopy {
  // In place of what the file's own container says.
  std::optional<FileInfo> info = std::nullopt;
  // Asked in the order of the file, for each object once. None: the file holds
  // no object, and refers to those that the container has already or that are
  // outside.
  ObjectProvider provide = nullptr;
};

class ContainerAssembler {
 public:
  // `sink` must be empty and outlive the assembler.
  explicit ContainerAssembler(Sink* sink);
  ~ContainerAssembler();

  Status Start();

  // An object of no file. Nothing happens where it is there already.
  Status AddObject(const ContainerReader& container, size_t object);
  Status AddFile(const ContainerReader& container, size_t file,
                 const FileCopy& how);
  // Hints where the objects come from that are outside; without effect beyond
  // the format's limit.
  Status AddBaseFiles(const ContainerReader& container);

  bool Has(const ObjectId& id) const;
  // Objects that what was added refers to, and that are not held.
  std::set<Digest> outside() const;
  uint64_t encoded_bytes() const;  // written so far

  // Writes index and footer.
  Status Finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_ASSEMBLER_H_
