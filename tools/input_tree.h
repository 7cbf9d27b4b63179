// InputTree: the regular files that a path names: itself, or everything below
// a folder.
//
// Links to regular files are followed (the snapshots of a hub's cache are
// such); links to folders are not, so that no walk is endless. These, dangling
// links and whatever else is neither file nor folder are left out and listed.
// A folder without files leaves no trace in a container.

#ifndef INGOT_TOOLS_INPUT_TREE_H_
#define INGOT_TOOLS_INPUT_TREE_H_

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/manifest.h"
#include "codec/result.h"

namespace ingot {

// What identifies a file while names point elsewhere.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};
std::optional<FileIdentity> IdentityOf(const std::string& path);
std::optional<FileIdentity> IdentityOf(int fd);

struct InputFile {
  std::string path;  // to open it
  std::string name;  // in the container: relative, of a lone file the last part
  FileIdentity identity;
  uint64_t size = 0;
  uint32_t mode = 0;  // permission bits
  FileTime mtime;
};

struct InputTree {
  bool is_folder = false;
  std::vector<InputFile> files;      // by name, byte by byte
  std::vector<std::string> folders;  // itself first, parents before children
  std::vector<std::string> skipped;  // "PATH: why"

  uint64_t TotalBytes() const;
};

// Why an entry of a folder with this name is left out, and all below it; empty
// where it is not.
using LeaveOut = std::function<std::string(std::string_view name)>;

// Files in `excluded` (the output, for one) are left out silently, what
// `leave_out` names is listed.
Result<InputTree> ScanInput(const std::string& path,
                            const std::vector<FileIdentity>& excluded,
                            const LeaveOut& leave_out = nullptr);

// Names in a folder but "." and "..", in no order.
Result<std::vector<std::string>> ListFolder(const std::string& path);

// kConflict where a file has changed since the scan.
Status CheckFileUnchanged(const InputFile& file);
Status CheckUnchanged(const InputTree& tree);

// Removes the files, unless they have changed since the scan, and then the
// folders that this leaves empty.
Status RemoveInput(const InputTree& tree);

}  // namespace ingot

#endif  // INGOT_TOOLS_INPUT_TREE_H_
