// MapSource: a ReferenceSource that has what tests put into it.

#ifndef INGOT_TESTS_CODEC_MAP_SOURCE_H_
#define INGOT_TESTS_CODEC_MAP_SOURCE_H_

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "codec/manifest.h"
#include "codec/reference_source.h"
#include "tests/codec/container_parts.h"

namespace ingot {

// Objects in memory; hands out spans too, where it is told to.
class MapSource final : public ReferenceSource {
 public:
  explicit MapSource(bool spans = false) : spans_(spans) {}

  ObjectId Add(const Bytes& bytes) {
    const ObjectId id{HashBytes(bytes), bytes.size()};
    objects_[id.digest] = bytes;
    return id;
  }
  void Remove(const ObjectId& id) { objects_.erase(id.digest); }
  void Replace(const ObjectId& id, Bytes bytes) {
    objects_[id.digest] = std::move(bytes);
  }

  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    const auto found = objects_.find(object);
    if (found == objects_.end()) {
      return Error{ErrorKind::kNotFound, "not in the map"};
    }
    if (offset > found->second.size() ||
        out.size() > found->second.size() - offset) {
      return InvalidArgument("too short");
    }
    std::copy_n(found->second.begin() + static_cast<ptrdiff_t>(offset),
                out.size(), out.begin());
    return {};
  }
  std::optional<ByteSpan> InMemory(const Digest& object) override {
    const auto found = objects_.find(object);
    if (!spans_ || found == objects_.end()) return std::nullopt;
    return ByteSpan(found->second);
  }

 private:
  const bool spans_;
  std::map<Digest, Bytes> objects_;
};

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_MAP_SOURCE_H_
