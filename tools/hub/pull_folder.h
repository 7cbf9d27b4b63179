// PullFolder: where a pull keeps what it has of files that are not complete:
// FOLDER/.ingot-pull, one pull at a time.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_HUB_PULL_FOLDER_H_
#define INGOT_TOOLS_HUB_PULL_FOLDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "codec/result.h"
#include "tools/hub/partial_file.h"

namespace ingot {

class PullFolder {
 public:
  // Makes it in `folder`, which exists, and locks it. kConflict where another
  // pull has it, or something else has its name.
  static Result<std::unique_ptr<PullFolder>> Open(const std::string& folder);

  static bool Exists(const std::string& folder);

  const std::string& path() const { return path_; }
  // What may be written, and what the files in it take already.
  Result<uint64_t> FreeBytes() const;
  Result<uint64_t> UsedBytes() const;

  // Removes all that pulls keep in it, and itself.
  void Remove();

 private:
  PullFolder(std::string path, OpenFile lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const OpenFile lock_;  // the folder itself
};

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_PULL_FOLDER_H_
