#include "tools/chain_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "tools/chain_manifest.h"
#include "tools/input_tree.h"

namespace ingot {
namespace {

// The name of the file that a file Sink was to create (codec/sink.h), where
// `file` is its temporary name; else nothing.
std::optional<std::string> TargetOf(const std::string& file) {
  constexpr std::string_view kMark = ".ingot-";
  constexpr size_t kRandomLetters = 6;
  constexpr size_t kTail = kMark.size() + kRandomLetters;
  if (!file.starts_with('.') || file.size() <= kTail) return std::nullopt;
  const size_t end = file.size() - kTail;
  if (file.substr(end, kMark.size()) != kMark) return std::nullopt;
  return file.substr(1, end - 1);
}

}  // namespace

ChainFolder::~ChainFolder() {
  if (fd_ >= 0) close(fd_);
}

Status ChainFolder::Open(const std::string& path) {
  path_ = path;
  const bool made = mkdir(path.c_str(), 0777) == 0;
  if (!made && errno != EEXIST) return ErrnoError(path, errno);
  fd_ = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) return ErrnoError(path, errno);
  // Its name must outlast a crash, too: inputs may be removed.
  if (made) INGOT_TRY(SyncParent());
  while (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Error{ErrorKind::kConflict,
                   path + ": another process adds to this chain"};
    }
    if (errno != EINTR) return ErrnoError(path + ": lock it", errno);
  }
  return {};
}

Status ChainFolder::SyncParent() const {
  const int parent = openat(fd_, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return ErrnoError(path_ + "/..", errno);
  // Some file systems know no fsync of folders.
  const bool synced = fsync(parent) == 0 || errno == EINVAL;
  const int saved = errno;
  close(parent);
  if (synced) return {};
  return ErrnoError(path_ + ": fsync of its folder", saved);
}

Result<std::optional<std::string>> ChainFolder::RemoveLeftovers(
    bool is_chain) const {
  std::optional<std::string> other;
  INGOT_ASSIGN(const std::vector<std::string> names, ListFolder(path_));
  for (const std::string& name : names) {
    const std::optional<std::string> target = TargetOf(name);
    const bool ours =
        target && (*target == kChainManifestName ||
                   (is_chain && target->ends_with(kContainerSuffix)));
    if (!ours) {
      other = name;
    } else if (unlinkat(fd_, name.c_str(), 0) != 0 && errno != ENOENT) {
      return ErrnoError(path_ + "/" + name, errno);
    }
  }
  return other;
}

}  // namespace ingot
