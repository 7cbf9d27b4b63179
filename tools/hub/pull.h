// Pull: files of a commit of a repository become files of a folder.
//
// The commit is looked up once, at the beginning: what others push meanwhile
// does not mix in. Files that are there with the right digest stay as they
// are. Others are fetched several at once, large ones in several ranges at
// once, into the folder's own .ingot-pull, compared with their digests, made
// durable and moved to their names. A pull that ends early, however it ends,
// leaves there what it has, and the next one into that folder goes on.
//
// A large file comes as a container where that is shorter (container_pull.h),
// and is decoded here. Where anything is wrong with it the file comes as it is.
//
// Nothing that the server says of names and sizes is trusted: names never lead
// out of the folder or through links, nothing longer than promised is taken,
// and what has another digest never gets its name.
//
// Thread-safety: a function without state; starts threads of its own.

#ifndef INGOT_TOOLS_HUB_PULL_H_
#define INGOT_TOOLS_HUB_PULL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/result.h"
#include "tools/hub/content_id.h"
#include "tools/hub/http_client.h"
#include "tools/hub/repository_id.h"

namespace ingot {

struct PullOptions {
  RepositoryId repository;
  std::string revision = "main";
  std::vector<std::string> paths;  // files or folders of it; empty: all
  std::string folder;              // is made where it is missing
  bool replace = false;            // files that are there and differ
  bool native = true;              // containers, where they are shorter
  std::vector<std::string> bases;  // models that this machine has
  int jobs = 4;                    // requests at once
  bool quiet = false;
};

struct PulledFile {
  std::string name;
  ContentId id;
  bool was_there = false;
  std::optional<uint64_t> container_bytes = {};  // it came as one of so many
};

struct PullReport {
  std::string commit;
  std::vector<PulledFile> files;
  uint64_t resumed_bytes = 0;      // what pulls before this one had fetched
  std::vector<std::string> notes;  // what a person may want to know
};

// `http` without `cancelled`, and with `traffic`. kConflict where something is
// in the way, or another pull into the folder is under way.
Result<PullReport> Pull(const PullOptions& options, const HttpOptions& http);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_PULL_H_
