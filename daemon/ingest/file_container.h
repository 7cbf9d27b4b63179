// AssembleFile: a packed file as a container of its own, of blocks as they are
// stored.
//
// The container holds the file, its objects in it, and before it the objects
// that those are coded against, and so on, each copy the one of least depth. So
// depths fall, and whoever has the container has all that decoding it takes.
//
// Thread-safety: functions without state; they may be called from any thread,
// and the Source may be read from any.

#ifndef INGOT_DAEMON_INGEST_FILE_CONTAINER_H_
#define INGOT_DAEMON_INGEST_FILE_CONTAINER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "codec/container_assembler.h"
#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

// Whether an object that another one is coded against may be made known.
using ObjectFilter = std::function<Result<bool>(const Digest& object)>;

// What an object is stored as: its copy to be read, and what that needs.
struct StoredObject {
  store::PackPlace place;
  std::vector<Digest> needs;
};

// Finds objects and what they need, and remembers the packs' contents that it
// looked at last.
//
// Thread-safety: one thread at a time.
class ObjectFinder {
 public:
  // `store` must outlive it.
  explicit ObjectFinder(store::Store* store) : store_(store) {}

  // The copy of least depth, below `limit`. kNotFound where there is none.
  Result<StoredObject> Find(const Digest& object, unsigned limit);
  // Whether `filter` is true of all that the object needs, and what those need,
  // and so on, but for what is behind objects in `have`. Appends to *order what
  // is not in there, each behind what it needs, and once to *seen.
  Result<bool> Needs(const Digest& object, unsigned limit,
                     const ObjectFilter& filter, const std::set<Digest>& have,
                     std::set<Digest>* seen, std::vector<Digest>* order);

 private:
  store::Store* const store_;
  std::map<uint64_t, store::PackContents> contents_;
};

struct FileContainerQuery {
  Digest file;
  std::string path;       // what the container calls the file
  std::set<Digest> have;  // objects that need not be in it
  ObjectFilter may_know;
};

// kNotFound where no pack holds the file, or something that is needed may not
// be known or is not there.
Result<ContainerAssembler::Assembled> AssembleFile(
    store::Store* store, StoredObjects* objects,
    const FileContainerQuery& query);

// What the distinct objects of a file take, and the objects that they need,
// directly or not. kNotFound as above.
struct FileStorage {
  uint64_t bytes = 0;
  std::vector<Digest> bases;
};
Result<FileStorage> MeasureFile(store::Store* store, StoredObjects* objects,
                                const Digest& file,
                                const ObjectFilter& may_know);

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_FILE_CONTAINER_H_
