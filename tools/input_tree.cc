#include "tools/input_tree.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace ingot {
namespace {

std::string LastPart(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

InputFile MakeFile(std::string path, std::string name,
                   const struct stat& info) {
  return {
      .path = std::move(path),
      .name = std::move(name),
      .identity = {.device = info.st_dev, .inode = info.st_ino},
      .size = static_cast<uint64_t>(info.st_size),
      .mode = info.st_mode & 0777,
      .mtime = {.seconds = info.st_mtim.tv_sec,
                .nanoseconds = static_cast<uint32_t>(info.st_mtim.tv_nsec)}};
}

class Scanner {
 public:
  Scanner(const std::vector<FileIdentity>& excluded, const LeaveOut& leave_out,
          InputTree* tree)
      : excluded_(excluded), leave_out_(leave_out), tree_(tree) {}

  // `prefix` is the folder's name in the container with a '/' behind it.
  // Folders wait in a list rather than on the stack: there may be many levels.
  Status Scan(const std::string& root) {
    std::vector<std::pair<std::string, std::string>> waiting = {{root, ""}};
    while (!waiting.empty()) {
      const auto [path, prefix] = std::move(waiting.back());
      waiting.pop_back();
      tree_->folders.push_back(path);
      INGOT_ASSIGN(const std::vector<std::string> names, ListFolder(path));
      for (const std::string& name : names) {
        const std::string child =
            path.ends_with('/') ? path + name : path + "/" + name;
        const std::string why = leave_out_ ? leave_out_(name) : "";
        if (!why.empty()) {
          Skip(child, why);
          continue;
        }
        struct stat info;
        if (lstat(child.c_str(), &info) != 0) return ErrnoError(child, errno);
        if (S_ISDIR(info.st_mode)) {
          waiting.emplace_back(child, prefix + name + "/");
        } else {
          AddEntry(child, prefix + name, info);
        }
      }
    }
    return {};
  }

 private:
  void AddEntry(const std::string& path, std::string name, struct stat info) {
    const bool link = S_ISLNK(info.st_mode);
    if (link && stat(path.c_str(), &info) != 0) {
      return Skip(path, "a link to nothing");
    }
    if (S_ISREG(info.st_mode)) {
      InputFile file = MakeFile(path, std::move(name), info);
      if (std::find(excluded_.begin(), excluded_.end(), file.identity) ==
          excluded_.end()) {
        tree_->files.push_back(std::move(file));
      }
    } else if (S_ISDIR(info.st_mode)) {
      Skip(path, "a link to a folder");
    } else {
      Skip(path, "neither a file nor a folder");
    }
  }

  void Skip(const std::string& path, const std::string& why) {
    tree_->skipped.push_back(path + ": skipped: " + why);
  }

  const std::vector<FileIdentity>& excluded_;
  const LeaveOut& leave_out_;
  InputTree* const tree_;
};

}  // namespace

Result<std::vector<std::string>> ListFolder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()),
                                                   closedir);
  if (folder == nullptr) return ErrnoError(path, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* const entry = readdir(folder.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return ErrnoError(path, errno);
  return names;
}

std::optional<FileIdentity> IdentityOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileIdentity{.device = info.st_dev, .inode = info.st_ino};
}

std::optional<FileIdentity> IdentityOf(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) return std::nullopt;
  return FileIdentity{.device = info.st_dev, .inode = info.st_ino};
}

uint64_t InputTree::TotalBytes() const {
  uint64_t total = 0;
  for (const InputFile& file : files) total += file.size;
  return total;
}

Result<InputTree> ScanInput(const std::string& path,
                            const std::vector<FileIdentity>& excluded,
                            const LeaveOut& leave_out) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoError(path, errno);
  InputTree tree;
  if (S_ISDIR(info.st_mode)) {
    tree.is_folder = true;
    INGOT_TRY(Scanner(excluded, leave_out, &tree).Scan(path));
    std::sort(
        tree.files.begin(), tree.files.end(),
        [](const InputFile& a, const InputFile& b) { return a.name < b.name; });
    std::sort(tree.folders.begin(), tree.folders.end());
  } else if (S_ISREG(info.st_mode)) {
    tree.files.push_back(MakeFile(path, LastPart(path), info));
  } else {
    return Error{ErrorKind::kIo,
                 path + ": expected a regular file, a folder or -"};
  }
  return tree;
}

Status CheckFileUnchanged(const InputFile& file) {
  struct stat info;
  if (stat(file.path.c_str(), &info) != 0) {
    return ErrnoError(file.path, errno);
  }
  const InputFile now = MakeFile(file.path, file.name, info);
  if (now.identity == file.identity && now.size == file.size &&
      now.mtime == file.mtime) {
    return {};
  }
  return Error{ErrorKind::kConflict, file.path + ": changed while it was read"};
}

Status CheckUnchanged(const InputTree& tree) {
  for (const InputFile& file : tree.files) INGOT_TRY(CheckFileUnchanged(file));
  return {};
}

Status RemoveInput(const InputTree& tree) {
  // All are compared before one goes.
  if (Status status = CheckUnchanged(tree); !status.ok()) {
    return WithContext("input kept: ", std::move(status).error());
  }
  for (const InputFile& file : tree.files) {
    if (unlink(file.path.c_str()) != 0) return ErrnoError(file.path, errno);
  }
  for (auto folder = tree.folders.rbegin(); folder != tree.folders.rend();
       ++folder) {
    // Not empty: something was skipped. No folder: the input was a link to one.
    if (rmdir(folder->c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST &&
        errno != ENOTDIR) {
      return ErrnoError(*folder, errno);
    }
  }
  return {};
}

}  // namespace ingot
