#include "tools/hub/pull_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "tools/hub/repository_file_name.h"
#include "tools/input_tree.h"

namespace ingot {
namespace {

// DIGEST.part, DIGEST.state, DIGEST.copy.
bool IsKeptByPull(const std::string& name) {
  const size_t dot = name.find('.');
  if (dot == std::string::npos) return false;
  const std::string suffix = name.substr(dot);
  return (IsLowerHex(name.substr(0, dot), 64) ||
          IsLowerHex(name.substr(0, dot), 40)) &&
         (suffix == ".part" || suffix == ".state" || suffix == ".copy");
}

std::string KeptPath(const std::string& folder) {
  return folder + "/" + std::string(kPullFolder);
}

}  // namespace

bool PullFolder::Exists(const std::string& folder) {
  struct stat info;
  return lstat(KeptPath(folder).c_str(), &info) == 0;
}

Result<std::unique_ptr<PullFolder>> PullFolder::Open(
    const std::string& folder) {
  std::string path = KeptPath(folder);
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return ErrnoError(path, errno);
  }
  OpenFile lock(
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!lock.ok()) {
    if (errno != ENOTDIR && errno != ELOOP) return ErrnoError(path, errno);
    return Error{ErrorKind::kConflict,
                 path + ": expected a folder, found something else or a link"};
  }
  struct stat info;
  // Without links: a pull that has just ended has removed it.
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 ||
      fstat(lock.get(), &info) != 0 || info.st_nlink == 0) {
    return Error{ErrorKind::kConflict,
                 path + ": another pull into this folder is under way"};
  }
  return std::unique_ptr<PullFolder>(
      new PullFolder(std::move(path), std::move(lock)));
}

Result<uint64_t> PullFolder::FreeBytes() const {
  struct statvfs info;
  if (fstatvfs(lock_.get(), &info) != 0) return ErrnoError(path_, errno);
  return uint64_t{info.f_bavail} * info.f_frsize;
}

Result<uint64_t> PullFolder::UsedBytes() const {
  INGOT_ASSIGN(const std::vector<std::string> names, ListFolder(path_));
  uint64_t bytes = 0;
  for (const std::string& name : names) {
    struct stat info;
    if (fstatat(lock_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
      bytes += static_cast<uint64_t>(info.st_blocks) * 512;
    }
  }
  return bytes;
}

void PullFolder::Remove() {
  const Result<std::vector<std::string>> names = ListFolder(path_);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (IsKeptByPull(name)) unlink((path_ + "/" + name).c_str());
  }
  rmdir(path_.c_str());
}

}  // namespace ingot
