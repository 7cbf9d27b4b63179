// PackObjects: objects of a pack that is being made, and all others.
//
// The pack's own are read from the staged files that they are parts of. What
// the pack restores is compared with the same files, so this proves as much as
// decoding them would.
//
// Thread-safety: as ReferenceSource, but for Add.

#ifndef INGOT_DAEMON_INGEST_PACK_OBJECTS_H_
#define INGOT_DAEMON_INGEST_PACK_OBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <map>

#include "codec/manifest.h"
#include "codec/reference_source.h"
#include "codec/source.h"
#include "daemon/ingest/stored_objects.h"

namespace ingot::ingest {

class PackObjects final : public ReferenceSource {
 public:
  explicit PackObjects(StoredObjects* others) : others_(others) {}

  // `source` must outlive it.
  void Add(const ObjectId& id, const Source* source, uint64_t offset) {
    places_.emplace(id.digest, Place{source, offset, id.length});
  }
  size_t size() const { return places_.size(); }
  bool Has(const Digest& object) const { return places_.contains(object); }
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    const auto found = places_.find(object);
    if (found == places_.end()) return others_->Read(object, offset, out);
    const Place& place = found->second;
    if (offset > place.length || out.size() > place.length - offset) {
      return InvalidArgument("beyond the end of object " + ToHex(object));
    }
    return place.source->ReadAt(place.offset + offset, out);
  }

 private:
  struct Place {
    const Source* source;
    uint64_t offset;
    uint64_t length;
  };
  StoredObjects* const others_;
  std::map<Digest, Place> places_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_PACK_OBJECTS_H_
