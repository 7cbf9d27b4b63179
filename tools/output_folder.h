// OutputFolder: where the files of a container go, without ever leaving it.
//
// Paths come from the container and are not trusted: they must be relative and
// plain (IsSafeRelativePath), and every folder on the way must be a real one;
// a symbolic link there, even one that points back inside, is refused. Against
// somebody who changes the folder at the same time there is no promise.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_OUTPUT_FOLDER_H_
#define INGOT_TOOLS_OUTPUT_FOLDER_H_

#include <memory>
#include <span>
#include <string>

#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/sink.h"

namespace ingot {

class OutputFolder {
 public:
  // `path` may be a link to a folder, or not exist yet: its parent must.
  OutputFolder(std::string path, bool overwrite);

  // Whether `name` can be created; changes nothing. kConflict for what stands
  // in the way, kCorruption for a name that no container should hold.
  Status Check(const std::string& name) const;

  // Makes the folder itself.
  Status Make() const;

  // Makes the folders on the way to the file `name`.
  Status MakeFoldersOf(const std::string& name) const;

  // Makes them and begins the file.
  Result<std::unique_ptr<Sink>> CreateFile(const FileInfo& info) const;

  // "<folder>/<name>"
  std::string PathOf(const std::string& name) const;

 private:
  const std::string path_;
  const bool overwrite_;
};

// Refuses names that cannot exist together: "a" twice, "a" beside "a/b".
// kCorruption names them. REQUIRES: each passes OutputFolder::Check.
Status CheckDistinct(std::span<const std::string> names);

// CreateFileSink with a word about -f where the file exists.
Result<std::unique_ptr<Sink>> CreateOutputFile(const std::string& path,
                                               const FileSinkOptions& options);

// Options for a file that is to get info's mode; nobody who may not read the
// result may read it while it is written.
FileSinkOptions SinkOptionsFor(const FileInfo& info, bool overwrite);

// Gives a committed file the permissions (no setuid, setgid or sticky bits) and
// the time that `info` has.
Status RestoreMetadata(const std::string& path, const FileInfo& info);

}  // namespace ingot

#endif  // INGOT_TOOLS_OUTPUT_FOLDER_H_
