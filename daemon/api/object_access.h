// ObjectAccess: which files and objects somebody may read now, whoever could
// when they were packed (API.md, "Who may know of bases").
//
// A digest is no permission: a file may be read where it is granted to a
// repository that may be read, an object where one of the packs that hold it
// has a file which may be read and of which it is a part. That is found out
// pack by pack, and remembered; beyond 64 packs or a million parts nothing may
// be read. So an ObjectAccess serves one request.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_API_OBJECT_ACCESS_H_
#define INGOT_DAEMON_API_OBJECT_ACCESS_H_

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "codec/digest.h"
#include "codec/manifest.h"
#include "codec/result.h"
#include "daemon/auth/access.h"
#include "daemon/ingest/stored_objects.h"
#include "daemon/store/store.h"

namespace ingot::api {

class ObjectAccess {
 public:
  // Both must outlive it.
  ObjectAccess(store::Store* store, ingest::StoredObjects* objects,
               auth::Principal who)
      : store_(store), objects_(objects), who_(std::move(who)) {}

  // Repositories that may be read and are granted the file.
  Result<std::vector<store::RepositoryInfo>> RepositoriesOf(
      const Digest& file) const;
  Result<bool> MayReadObject(const Digest& object);
  // Files that may be read and hold the object, among those of its packs.
  Result<std::vector<ObjectId>> FilesWith(const Digest& object);

 private:
  // Files of a pack that may be read, by the objects that they are made of.
  using FilesOfObjects = std::map<Digest, std::set<ObjectId>>;

  Result<const FilesOfObjects*> LoadPack(uint64_t pack);

  store::Store* const store_;
  ingest::StoredObjects* const objects_;
  const auth::Principal who_;
  std::map<uint64_t, FilesOfObjects> packs_;
  size_t parts_ = 0;  // of files in those
};

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_OBJECT_ACCESS_H_
