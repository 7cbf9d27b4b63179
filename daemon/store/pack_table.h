// The rows of packs: which there are, what they hold and who needs it, as the
// journal's records say.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_PACK_TABLE_H_
#define INGOT_DAEMON_STORE_PACK_TABLE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/file_records.h"
#include "daemon/store/index.h"

namespace ingot::store {

struct PackInfo {
  uint64_t number = 0;
  uint64_t length = 0;  // bytes
  bool retired = false;
  uint64_t retired_at = 0;  // by the journal; 0: it is not
  bool damaged = false;     // some of it cannot be read
  uint64_t files = 0;
  uint64_t objects = 0;
  bool operator==(const PackInfo&) const = default;
};

// Where a copy of a file or an object is.
struct PackPlace {
  uint64_t pack = 0;
  uint64_t index = 0;    // among the files or the objects of its container
  uint64_t length = 0;   // bytes of the file or object
  unsigned depth = 0;    // of the copy; of a file, 0
  bool retired = false;  // nothing new may refer to it
  bool damaged = false;  // cannot be read, as far as is known
  bool operator==(const PackPlace&) const = default;

  // Whether something new may refer to it.
  bool usable() const { return !retired && !damaged; }
};

// kConflict: the number is taken, an entry is there twice or was said to have
// another length. kNotFound: no pack holds an object that an entry needs, or
// none that is whole at a depth below the entry's.
Status Apply(const PackSealedRecord& record, IndexWriter* index);
// kNotFound where there is no such pack, kConflict where it is retired.
Status Apply(const PackRetiredRecord& record, uint64_t time,
             IndexWriter* index);
// kConflict where a pack is not retired, where one that stays needs a copy of
// an object that only these hold, or where they have the last copy of a file
// that is granted. Copies that are damaged do not count.
Status Apply(const PackRemovedRecord& record, IndexWriter* index);
// kNotFound where there is no such pack, or no such entry in it.
Status Apply(const PackDamagedRecord& record, IndexWriter* index);

// Of some packs, as many as can be removed together.
Result<std::set<uint64_t>> FindRemovable(const IndexReader& index,
                                         std::set<uint64_t> packs);

// Nothing where there is no such pack. By number.
Result<std::optional<PackInfo>> FindPack(const IndexReader& index,
                                         uint64_t number);
Result<std::vector<PackInfo>> ListPacks(const IndexReader& index);

// All copies, none where no pack holds it. The first is the one to read: an
// object's needs end because each is read where its depth is least. Damaged
// ones are last: they may have been mended.
Result<std::vector<PackPlace>> FindPackFile(const IndexReader& index,
                                            const Digest& digest);
Result<std::vector<PackPlace>> FindPackObject(const IndexReader& index,
                                              const Digest& digest);

// What its record said; kNotFound where there is no such pack.
Result<PackContents> ListPackContents(const IndexReader& index,
                                      uint64_t number);
// What cannot be read of a pack, as far as is known.
Result<PackDamage> FindDamage(const IndexReader& index, uint64_t number);
Result<bool> HasDamage(const IndexReader& index);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_PACK_TABLE_H_
