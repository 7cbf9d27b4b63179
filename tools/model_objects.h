// ModelObjects: the objects of a model file or container, to read pieces of
// them without reading all.
//
// Of a model file nothing is read but what is asked for; of a container the
// blocks that hold it, which are kept while reading moves forwards. Small
// tensors and what lies between tensors are no objects.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_MODEL_OBJECTS_H_
#define INGOT_TOOLS_MODEL_OBJECTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/container_reader.h"
#include "codec/dtype.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/encode_file.h"

namespace ingot {

struct ModelObject {
  std::string name;             // of the tensor; empty: none
  DType dtype = DType::kBytes;  // as coded
  uint64_t columns = 1;
  uint64_t length = 0;  // bytes

  uint64_t element_bytes() const { return GetDTypeInfo(dtype).bits / 8; }
};

class ModelObjects {
 public:
  // `raw`: how to see a file that is no container, where the caller knows.
  static Result<std::unique_ptr<ModelObjects>> Open(
      const std::string& path, const std::optional<RawElements>& raw);

  // All raw bytes, objects and others.
  uint64_t size() const { return size_; }
  std::span<const ModelObject> objects() const { return objects_; }
  Status Read(size_t object, uint64_t offset, MutableByteSpan out);

 private:
  // Where an object lies.
  struct Place {
    uint64_t offset = 0;  // in the file
    size_t file = 0;      // of the container
    size_t segment = 0;
  };

  Status AddRegions(const std::optional<RawElements>& raw);
  void AddSegments();
  Status ReadFromContainer(size_t object, uint64_t offset, MutableByteSpan out);

  std::unique_ptr<Source> source_;              // of a model file
  std::unique_ptr<ContainerReader> container_;  // otherwise
  uint64_t size_ = 0;
  std::vector<ModelObject> objects_;
  std::vector<Place> places_;
  // What was decoded last: bytes of an object from window_begin_ on.
  std::vector<std::byte> window_;
  uint64_t window_begin_ = 0;
  size_t window_object_ = 0;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_MODEL_OBJECTS_H_
