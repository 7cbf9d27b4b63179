#include "daemon/store/whole_copies.h"

#include <algorithm>

#include "codec/reference_source.h"

namespace ingot::store {

Result<bool> WholeCopies::HasDamage() {
  if (!has_damage_) {
    INGOT_ASSIGN(has_damage_, store::HasDamage(*index_));
  }
  return *has_damage_;
}

Result<WholeCopies::Pack*> WholeCopies::Load(uint64_t pack) {
  std::unique_ptr<Pack>& loaded = packs_[pack];
  if (loaded == nullptr) {
    auto read = std::make_unique<Pack>();
    INGOT_ASSIGN(read->contents, ListPackContents(*index_, pack));
    INGOT_ASSIGN(read->damage, FindDamage(*index_, pack));
    loaded = std::move(read);
  }
  return loaded.get();
}

Result<bool> WholeCopies::HasObject(const Digest& object, unsigned below) {
  INGOT_ASSIGN(const auto places, FindPackObject(*index_, object));
  for (const PackPlace& place : places) {
    if (place.damaged || place.depth >= below || but_->contains(place.pack)) {
      continue;
    }
    INGOT_ASSIGN(const bool whole, IsWhole(place.pack, place.index));
    if (whole) return true;
  }
  return false;
}

// Ends, since depths fall.
Result<bool> WholeCopies::IsWhole(uint64_t pack, uint64_t object) {
  INGOT_ASSIGN(const bool damage, HasDamage());
  if (!damage) return true;
  INGOT_ASSIGN(Pack* const loaded, Load(pack));
  const auto known = loaded->whole.find(object);
  if (known != loaded->whole.end()) return known->second;
  bool whole = !loaded->damage.all &&
               !std::ranges::binary_search(loaded->damage.objects, object);
  if (whole) {
    const PackEntry& entry = loaded->contents.objects[object];
    for (const Digest& needed : entry.needs) {
      INGOT_ASSIGN(whole, HasObject(needed, entry.depth));
      if (!whole) break;
    }
  }
  loaded->whole[object] = whole;
  return whole;
}

Result<bool> WholeCopies::HasFile(const Digest& file) {
  INGOT_ASSIGN(const bool damage, HasDamage());
  INGOT_ASSIGN(const auto places, FindPackFile(*index_, file));
  for (const PackPlace& place : places) {
    if (place.damaged || but_->contains(place.pack)) continue;
    if (!damage) return true;
    INGOT_ASSIGN(const Pack* const pack, Load(place.pack));
    bool whole = true;
    for (const Digest& needed : pack->contents.files[place.index].needs) {
      if (!whole) break;
      INGOT_ASSIGN(whole, HasObject(needed, kMaxDepth + 1));
    }
    for (size_t i = 0; whole && i < pack->contents.objects.size(); ++i) {
      INGOT_ASSIGN(whole, IsWhole(place.pack, i));
    }
    if (whole) return true;
  }
  return false;
}

Result<std::optional<unsigned>> WholeCopies::LeastDepth(const Digest& object) {
  std::optional<unsigned> least;
  INGOT_ASSIGN(const auto places, FindPackObject(*index_, object));
  for (const PackPlace& place : places) {
    if (place.damaged || but_->contains(place.pack) ||
        place.depth >= least.value_or(kMaxDepth + 1)) {
      continue;
    }
    INGOT_ASSIGN(const bool whole, IsWhole(place.pack, place.index));
    if (whole) least = place.depth;
  }
  return least;
}

}  // namespace ingot::store
