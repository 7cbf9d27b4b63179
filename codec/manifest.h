// Manifest: how to rebuild one original file byte for byte, from literals and
// references to objects, and what an object in a container looks like.
//
// Thread-safety: values.

#ifndef INGOT_CODEC_MANIFEST_H_
#define INGOT_CODEC_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/digest.h"
#include "codec/dtype.h"
#include "codec/tensor_view.h"

namespace ingot {

// Optional metadata of a file.
struct FileTime {
  int64_t seconds = 0;  // since 1970, UTC
  uint32_t nanoseconds = 0;
  bool operator==(const FileTime&) const = default;
};

struct FileInfo {
  // Relative, with '/' between components; empty for a lone stream.
  std::string path;
  std::string format;  // "safetensors", "pytorch", "raw", "opaque", ...
  std::optional<uint32_t> mode;  // permission bits
  std::optional<FileTime> mtime;
  bool operator==(const FileInfo&) const = default;
};

// An object's address.
struct ObjectId {
  Digest digest;
  uint64_t length = 0;
  auto operator<=>(const ObjectId&) const = default;
};

// The next bytes of a file.
struct Segment {
  enum class Kind : uint8_t {
    kLiteral = 0,  // bytes kept in the manifest's record itself
    kObject = 1,   // an object of this container
    kOutside = 2,  // an object that somebody else has
  };
  Kind kind = Kind::kLiteral;
  std::optional<TensorView> view;
  uint64_t length = 0;
  uint64_t record = 0;  // literal: position of its record in the container
  size_t object = 0;    // object: index among the container's objects
  ObjectId outside;     // outside
};

struct Manifest {
  FileInfo info;
  ObjectId id;       // digest and length of the whole file
  std::string note;  // why it, or what of it, is stored as opaque bytes
  std::vector<Segment> segments;
};

// A file whose objects a container refers to.
struct BaseFile {
  std::string name;  // where it was last seen; a hint
  ObjectId id;

  bool operator==(const BaseFile&) const = default;
};

// What a part of a tensor was in the base and is in the tensor.
struct PartDigests {
  Digest base;
  Digest tensor;
  bool operator==(const PartDigests&) const = default;
};

// Digests of a tensor's parts and of those of the object that predicts it, for
// who has only some of these (codec/FORMAT.md, section 12).
struct TensorParts {
  std::string name;
  ObjectId base;            // as long as the tensor
  uint64_t part_bytes = 1;  // the last may be shorter
  std::vector<PartDigests> parts;

  bool operator==(const TensorParts&) const = default;
};

// True for a path that may name a file below an output folder: relative, not
// empty, no empty, "." or ".." component, no NUL, at most 65535 bytes.
bool IsSafeRelativePath(std::string_view path);

}  // namespace ingot

#endif  // INGOT_CODEC_MANIFEST_H_
