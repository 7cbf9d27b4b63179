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
// Instead of being written, a container may be made as a Source: all records
// but payloads are read and checked at once, and what is copied is read when
// somebody reads the Source, and checked then. So its length is known, and any
// part of it can be had, without a copy.
//
// Memory: the index, and the largest group record and block. As a Source, 40
// bytes for each record besides.
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
#include <string>

#include "codec/container_reader.h"
#include "codec/digest.h"
#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/sink.h"
#include "codec/source.h"

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
  // Where the Source reads later on what is now read from `container`. Of the
  // same bytes, the same one.
  using Reopen = std::function<std::shared_ptr<const Source>(
      const ContainerReader& container)>;
  struct Assembled {
    std::unique_ptr<Source> source;
    // Where it is the same, the bytes are, if those of equally named Sources
    // that Reopen gave are.
    Digest identity;
  };

  // `sink` must be empty and outlive the assembler.
  explicit ContainerAssembler(Sink* sink);
  explicit ContainerAssembler(Reopen reopen);
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
  // The container as a Source. REQUIRES: there is a Reopen, Finish has
  // succeeded.
  Assembled TakeSource(std::string name);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_ASSEMBLER_H_
