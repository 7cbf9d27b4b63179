// WholeCopies: which copies in packs can be relied on, as far as damage is
// known (STORE.md, "Damage"): to decide whether others may go.
//
// A copy of an object is whole where it is not damaged and has a whole copy of
// each object that it needs. Which of its pack's objects a file needs, the
// index does not say: a file is whole where all of its pack's objects are.
//
// What it was told once it remembers, so one is made for a question or a series
// of them. Fast while there is no damage.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_STORE_WHOLE_COPIES_H_
#define INGOT_DAEMON_STORE_WHOLE_COPIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/file_records.h"
#include "daemon/store/index.h"
#include "daemon/store/pack_table.h"

namespace ingot::store {

class WholeCopies {
 public:
  // Of packs but those. Both must outlive it.
  WholeCopies(const IndexReader* index, const std::set<uint64_t>* but)
      : index_(index), but_(but) {}

  // Whether a file has one.
  Result<bool> HasFile(const Digest& file);
  // Of an object's; nothing where there is none.
  Result<std::optional<unsigned>> LeastDepth(const Digest& object);

 private:
  struct Pack {
    PackContents contents;
    PackDamage damage;
    std::map<uint64_t, bool> whole;  // objects, as far as they were asked for
  };

  Result<bool> HasDamage();
  Result<Pack*> Load(uint64_t pack);
  Result<bool> IsWhole(uint64_t pack, uint64_t object);
  Result<bool> HasObject(const Digest& object, unsigned below);

  const IndexReader* const index_;
  const std::set<uint64_t>* const but_;
  std::optional<bool> has_damage_;
  std::map<uint64_t, std::unique_ptr<Pack>> packs_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_WHOLE_COPIES_H_
