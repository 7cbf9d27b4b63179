// ContainerPull: what a pull does to have files as containers of the server's,
// where that moves fewer bytes than the files themselves.
//
// A container is asked for without the objects that this machine has: those of
// the models that the caller names, of files that the pull replaces, and of
// other files in the output folder that the server calls bases. They are hashed
// once, when the first container is on offer. A server learns their digests so,
// and nothing else.
//
// A container is trusted no more than a file is: it must have the file's digest
// and length in its index, may name no files of this machine, and gives no more
// bytes than the file has. That they are the right ones is compared by whoever
// has the file's digest.
//
// Thread-safety: Add when nothing else runs; all else from any thread. One
// container is decoded at a time, by all cores, with the memory that `ingot
// decompress` takes.

#ifndef INGOT_TOOLS_HUB_CONTAINER_PULL_H_
#define INGOT_TOOLS_HUB_CONTAINER_PULL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "formats/base_models.h"
#include "tools/hub/content_id.h"
#include "tools/hub/transfer.h"

namespace ingot {

// How a file is to come: as this container, which lacks these objects.
struct ContainerPlan {
  ContainerOffer offer;
  std::shared_ptr<const std::vector<std::string>> have;
  // What a pull keeps the container's bytes under.
  ContentId kept;
};

class ContainerPull {
 public:
  // `bases`: paths as of --base.
  static Result<std::unique_ptr<ContainerPull>> Create(
      const std::vector<std::string>& bases);

  // A file of the output folder that will be replaced.
  void AddReplaced(std::string path);
  // One that is complete, and used where it is said to be a base.
  void AddComplete(std::string path, const std::string& sha256);

  // Whether and how a file is to come as a container; nothing where it had
  // better come as it is. Errors say no more than that, but kUnavailable,
  // kDeadlineExceeded and kCancelled, with which all ways end.
  Result<std::optional<ContainerPlan>> Look(Transfer* transfer,
                                            const std::string& commit,
                                            const std::string& path,
                                            const ContentId& id);

  // Calls `write` for all bytes of the file in a container at `path`, in their
  // order; they may be wrong.
  Status Restore(const std::string& path, const ContentId& id,
                 const std::function<Status(ByteSpan)>& write);

 private:
  ContainerPull() : bases_({.threads = 0}) {}

  // What this machine has, of use for one file. mutex_ is held.
  Result<std::vector<std::string>> Have(Transfer* transfer,
                                        const std::string& commit,
                                        const std::string& path);

  std::atomic<bool> unknown_ = false;  // the server has no containers
  std::mutex mutex_;                   // guards what follows
  BaseModels bases_;
  bool has_bases_ = false;
  std::vector<std::string> replaced_;  // that are to be added to bases_
  std::multimap<std::string, std::string> complete_;  // paths by digest
  std::vector<std::string> digests_;  // of the objects of bases_
  size_t hashed_objects_ = 0;
};

// Whether nothing can go on after such an error, whatever way is taken.
bool EndsAllTransfers(const Error& error);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_CONTAINER_PULL_H_
