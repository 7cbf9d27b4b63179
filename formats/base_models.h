// BaseModels: model files and containers whose tensors others are coded
// against, such as the base model of a fine-tune.
//
//   BaseModels bases({.threads = 0});
//   bases.Add("base/");                                  // any number of times
//   StreamEncoder::Create(sink, {.references = &bases});
//   EncodeFile(*source, layout, info, encoder, {}, &bases);
//
//   bases.AddHints("model.ingot", reader->base_files()); // before reading
//
// When encoding, FindBase looks for tensors by name, dtype and shape, and for
// what has no names by its place in the file. When decoding, objects are found
// by digest alone: in what was added, then in the files that containers name.
// Every object is hashed once before any of its bytes are handed out, and only
// those that are needed: a tensor of the right name with other bytes is not
// found. Containers among the bases may need bases themselves, which are found in the same way; chains are as long as
// kMaxDepth at most. Files must not change while they serve.
//
// Memory: the indexes of the files, and up to 32 MiB of decoded bytes for each
// depth of containers. Thread-safety: Add and AddHints while nothing else runs;
// all other functions may be called from many threads at once.

#ifndef INGOT_FORMATS_BASE_MODELS_H_
#define INGOT_FORMATS_BASE_MODELS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/manifest.h"
#include "codec/reference_source.h"
#include "codec/result.h"
#include "codec/stream_encoder.h"
#include "codec/tensor_view.h"
#include "formats/encode_file.h"

namespace ingot {

inline constexpr unsigned kDefaultMaxDepth = 4;

struct BaseOptions {
  // How to see files that are no containers, where the caller knows.
  std::optional<RawElements> raw = std::nullopt;
  // What FindBase finds makes objects of this depth at most.
  unsigned max_depth = kDefaultMaxDepth;
  int threads = 1;  // to decode containers; 0 means one per core
  // The names of files below it become relative to it where they are recorded;
  // may be empty.
  std::string folder = {};
  // Files that must not serve, such as the one to be encoded; may be empty.
  std::function<bool(const std::string& path)> exclude = {};
};

// An object of a base, as its file tells of it.
struct BaseObject {
  std::optional<TensorView> view;
  DType element_dtype = DType::kBytes;
  uint64_t columns = 1;
  uint64_t length = 0;
  unsigned depth = 0;
  std::string path;  // of its file
};

class BaseModels final : public ReferenceSource {
 public:
  explicit BaseModels(const BaseOptions& options);
  ~BaseModels() override;

  // A model file, a container, or a folder with any of them, links to files
  // followed and links to folders not. kInvalidArgument for a file that
  // options.exclude names; below a folder such are left out.
  Status Add(const std::string& path);
  // Where else to look for objects when decoding the container at `path`
  // (empty: unknown): its base_files(), as they are named and in its folder,
  // and at last itself: it may hold what its own objects are coded against.
  // Files that are not there, or no good, are left out.
  void AddHints(const std::string& path, std::span<const BaseFile> files);
  // The only file that was added as a container would name it; hashed, with
  // all its objects, in one pass. kInvalidArgument unless there is just one.
  Result<BaseFile> OnlyFile();
  // Tensors of that name are looked at before others.
  void Expect(const std::string& name);

  // What may predict a region of `length` bytes (more than it has where that
  // is not known) that begins at byte `offset` of its file: the tensor of its
  // name, dtype and columns, with as many rows, else with as many as possible;
  // or several that make up its rows. For regions without a name: a file's only
  // elements without one; else what lies at the same offset of a file without
  // tensors, or of one in a container. Nothing where there is no such base, or
  // only ones that are too deep.
  Result<std::vector<RegionBase>> FindBase(const RegionInfo& region,
                                           uint64_t length, uint64_t offset);
  // Tells the encoder which files hold the objects that it refers to.
  Status NameFiles(StreamEncoder* encoder);

  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override;

  // Every object of what was added, whatever its use, for other ways to find
  // bases.
  size_t object_count() const;
  BaseObject object(size_t index) const;
  Status ReadObject(size_t index, uint64_t offset, MutableByteSpan out);
  // The object as a base for `elements` elements from `first` on: hashed. The
  // depth may be too large.
  Result<RegionBase> AsBase(size_t index, uint64_t first, uint64_t elements);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot

#endif  // INGOT_FORMATS_BASE_MODELS_H_
