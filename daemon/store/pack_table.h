// The rows of packs: which there are, what they hold and who needs it, as the
// journal's records say.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_PACK_TABLE_H_
#define INGOT_DAEMON_STORE_PACK_TABLE_H_

#include <cstdint>
#include <optional>
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
  bool operator==(const PackPlace&) const = default;
};

// kConflict: the number is taken, an entry is there twice or was said to have
// another length. kNotFound: no pack holds an object that an entry needs, or
// not at a depth below its own.
Status Apply(const PackSealedRecord& record, IndexWriter* index);
// kNotFound where there is no such pack, kConflict where it is retired.
Status Apply(const PackRetiredRecord& record, IndexWriter* index);
// kConflict where the pack is not retired, where another one needs a copy of an
// object that only this one holds, or where it has the last copy of a file that
// is granted.
Status Apply(const PackRemovedRecord& record, IndexWriter* index);

// Nothing where there is no such pack. By number.
Result<std::optional<PackInfo>> FindPack(const IndexReader& index,
                                         uint64_t number);
Result<std::vector<PackInfo>> ListPacks(const IndexReader& index);

// All copies, none where no pack holds it. The first is the one to read: an
// object's needs end because each is read where its depth is least.
Result<std::vector<PackPlace>> FindPackFile(const IndexReader& index,
                                            const Digest& digest);
Result<std::vector<PackPlace>> FindPackObject(const IndexReader& index,
                                              const Digest& digest);

// What its record said; kNotFound where there is no such pack.
Result<PackContents> ListPackContents(const IndexReader& index,
                                      uint64_t number);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_PACK_TABLE_H_
