// Liveness: what of the packs is of use, as garbage collection has it
// (STORE.md, "Collection").
//
// Live are the files that some repository is granted, and the objects that
// these need, through all that is coded against others; of several copies one,
// a usable one if there is. Packs that are not worth repacking stay as they
// are: all that is in them then counts as live, and what that needs.
//
// Memory: about ten bytes for each entry of each pack.
//
// Thread-safety: one thread at a time. It says what was so while Find ran.

#ifndef INGOT_DAEMON_INGEST_LIVENESS_H_
#define INGOT_DAEMON_INGEST_LIVENESS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/ingest/wholeness.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

// Of one pack.
struct PackUse {
  store::PackInfo info = {};
  // Which of its files and objects are live, and about how many bytes each
  // takes.
  std::vector<bool> files = {};
  std::vector<bool> objects = {};
  std::vector<uint32_t> file_bytes = {};
  std::vector<uint32_t> object_bytes = {};
  // Its container could not be read: where a file is live, all objects are.
  bool unreadable = false;

  uint64_t LiveBytes() const;
  uint64_t DeadBytes() const;
  bool IsDead() const { return LiveBytes() == 0; }
};

class Liveness {
 public:
  // Whether a pack, some of which is live, is to stay as it is.
  using Stays = std::function<bool(const PackUse& use)>;

  // Both must outlive it.
  Liveness(store::Store* store, StoredObjects* objects)
      : store_(store), objects_(objects), wholeness_(store, objects) {}

  // Looks at all packs; called once. `is_live`: of files. kCancelled soon after
  // *stop became true.
  Status Find(const std::function<Result<bool>(const Digest& file)>& is_live,
              const Stays& stays, const std::atomic<bool>* stop);

  // By number.
  const std::map<uint64_t, PackUse>& packs() const { return packs_; }

 private:
  struct Pack {
    std::vector<uint64_t> new_files;    // live, and not yet followed
    std::vector<uint64_t> new_objects;  // likewise
  };

  Status Load(const store::PackInfo& info);
  // The one copy that is to be live, unless one is already.
  Status MarkFile(const Digest& file);
  Status MarkObject(const Digest& object, unsigned limit);
  Status Mark(std::span<const store::PackPlace> places, bool is_file);
  void MarkEntry(uint64_t pack, uint64_t index, bool is_file);
  void MarkAll(uint64_t pack);
  // Marks what is needed by what was marked.
  Status Follow();
  Status FollowPack(uint64_t number, const Pack& pack);

  store::Store* const store_;
  StoredObjects* const objects_;
  const std::atomic<bool>* stop_ = nullptr;
  std::map<uint64_t, PackUse> packs_;
  std::map<uint64_t, Pack> pending_;
  bool has_damage_ = false;
  Wholeness wholeness_;
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_LIVENESS_H_
