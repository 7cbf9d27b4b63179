// Wholeness: whether what packs hold can be read, as far as damage is known
// (STORE.md, "Damage").
//
// An entry is whole where it is not damaged and has a whole copy of each object
// that it needs. What it was told once it remembers, so one is made for a
// question or a series of them.
//
// Memory: about 100 bytes for each object asked for, and the contents of the
// packs that hold them.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_INGEST_WHOLENESS_H_
#define INGOT_DAEMON_INGEST_WHOLENESS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

class Wholeness {
 public:
  // Both must outlive it.
  Wholeness(store::Store* store, StoredObjects* objects)
      : store_(store), objects_(objects) {}

  // Of the file with that digest: whether the store can restore it. What it
  // does not hold is not whole.
  Result<bool> OfFile(const Digest& file);
  // Of an entry of a pack.
  Result<bool> OfFile(uint64_t pack, uint64_t index);
  Result<bool> OfObject(uint64_t pack, uint64_t index);

 private:
  struct Pack {
    store::PackContents contents;
    store::PackDamage damage;
  };
  using Place = std::pair<uint64_t, uint64_t>;  // pack, and index in it

  // Of any copy of depth below `limit`.
  Result<bool> OfObject(const Digest& object, unsigned limit);
  // Null: there is no such pack.
  Result<const Pack*> Load(uint64_t pack);

  store::Store* const store_;
  StoredObjects* const objects_;
  std::map<uint64_t, std::unique_ptr<Pack>> packs_;
  std::map<Place, bool> objects_known_;
};

// Whether the store can restore a file that it holds. Fast while no damage is
// known.
Result<bool> IsWhole(store::Store* store, StoredObjects* objects,
                     const Digest& file);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_WHOLENESS_H_
