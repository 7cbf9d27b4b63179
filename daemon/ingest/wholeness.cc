#include "daemon/ingest/wholeness.h"

#include <algorithm>
#include <set>

#include "codec/reference_source.h"

namespace ingot::ingest {
namespace {

constexpr unsigned kAnyDepth = kMaxDepth + 1;

bool IsListed(const std::vector<uint64_t>& entries, uint64_t index) {
  return std::ranges::binary_search(entries, index);
}

}  // namespace

Result<const Wholeness::Pack*> Wholeness::Load(uint64_t pack) {
  const auto known = packs_.find(pack);
  if (known != packs_.end()) return known->second.get();
  auto contents = store_->packs().Contents(pack);
  std::unique_ptr<Pack> loaded;
  if (contents.ok()) {
    loaded = std::make_unique<Pack>();
    loaded->contents = std::move(*contents);
    INGOT_ASSIGN(loaded->damage, store_->packs().FindDamage(pack));
  } else if (contents.error().kind != ErrorKind::kNotFound) {
    return contents.error();
  }
  return packs_.emplace(pack, std::move(loaded)).first->second.get();
}

Result<bool> Wholeness::OfObject(const Digest& object, unsigned limit) {
  INGOT_ASSIGN(const auto places, store_->packs().FindObject(object));
  for (const store::PackPlace& place : places) {
    if (place.damaged || place.depth >= limit) continue;
    INGOT_ASSIGN(const bool whole, OfObject(place.pack, place.index));
    if (whole) return true;
  }
  return false;
}

// Ends, since depths fall.
Result<bool> Wholeness::OfObject(uint64_t pack, uint64_t index) {
  const Place place(pack, index);
  const auto known = objects_known_.find(place);
  if (known != objects_known_.end()) return known->second;
  INGOT_ASSIGN(const Pack* const loaded, Load(pack));
  bool whole = loaded != nullptr && !loaded->damage.all &&
               index < loaded->contents.objects.size() &&
               !IsListed(loaded->damage.objects, index);
  if (whole) {
    const store::PackEntry& entry = loaded->contents.objects[index];
    for (const Digest& needed : entry.needs) {
      INGOT_ASSIGN(whole, OfObject(needed, entry.depth));
      if (!whole) break;
    }
  }
  objects_known_[place] = whole;
  return whole;
}

Result<bool> Wholeness::OfFile(uint64_t pack, uint64_t index) {
  INGOT_ASSIGN(const Pack* const loaded, Load(pack));
  if (loaded == nullptr || loaded->damage.all ||
      index >= loaded->contents.files.size() ||
      IsListed(loaded->damage.files, index)) {
    return false;
  }
  for (const Digest& needed : loaded->contents.files[index].needs) {
    INGOT_ASSIGN(const bool whole, OfObject(needed, kAnyDepth));
    if (!whole) return false;
  }
  // Which of the pack's own objects it needs, only the container says.
  std::set<uint64_t> own;
  const auto read = [&](ContainerReader* reader) -> Status {
    if (index >= reader->files().size()) return Corruption(reader->name());
    for (const Segment& segment : reader->files()[index].segments) {
      if (segment.kind == Segment::Kind::kObject) own.insert(segment.object);
    }
    return {};
  };
  if (!objects_->WithPack(pack, read).ok()) return false;
  for (const uint64_t object : own) {
    INGOT_ASSIGN(const bool whole, OfObject(pack, object));
    if (!whole) return false;
  }
  return true;
}

Result<bool> Wholeness::OfFile(const Digest& file) {
  INGOT_ASSIGN(const auto staged, store_->staging().Find(file));
  if (staged && !staged->damaged) return true;
  INGOT_ASSIGN(const auto places, store_->packs().FindFile(file));
  for (const store::PackPlace& place : places) {
    INGOT_ASSIGN(const bool whole, OfFile(place.pack, place.index));
    if (whole) return true;
  }
  return false;
}

Result<bool> IsWhole(store::Store* store, StoredObjects* objects,
                     const Digest& file) {
  INGOT_ASSIGN(const auto staged, store->staging().Find(file));
  if (staged && !staged->damaged) return true;
  INGOT_ASSIGN(const bool damage, store->packs().HasDamage());
  if (damage) return Wholeness(store, objects).OfFile(file);
  INGOT_ASSIGN(const auto packed, store->packs().FindFile(file));
  return !packed.empty();
}

}  // namespace ingot::ingest
