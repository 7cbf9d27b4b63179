#include "tools/output_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <set>
#include <utility>

namespace ingot {
namespace {

constexpr uint32_t kPermissions = 0777;

class Folder {
 public:
  explicit Folder(int fd) : fd_(fd) {}
  ~Folder() {
    if (fd_ >= 0) close(fd_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

  // Goes on to the folder `name` in this one, which must not be a link; false
  // and errno where there is none.
  bool Enter(const std::string& name) {
    const int next = openat(fd_, name.c_str(),
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) return false;
    close(fd_);
    fd_ = next;
    return true;
  }

 private:
  int fd_;
};

int OpenRoot(const std::string& path) {
  return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

Error InTheWay(const std::string& path, int errno_value) {
  if (errno_value == ELOOP || errno_value == ENOTDIR) {
    return {ErrorKind::kConflict,
            path + ": expected a folder, found something else or a link"};
  }
  return ErrnoError(path, errno_value);
}

Status CheckName(const std::string& folder, const std::string& name) {
  if (name.size() >= PATH_MAX) {
    return ErrnoError(folder + ": a path of the container", ENAMETOOLONG);
  }
  if (IsSafeRelativePath(name)) return {};
  return Corruption(folder + ": path \"" + name +
                    "\" in the container: expected a relative one without "
                    "empty, \".\" or \"..\" parts");
}

}  // namespace

OutputFolder::OutputFolder(std::string path, bool overwrite)
    : path_(std::move(path)), overwrite_(overwrite) {}

std::string OutputFolder::PathOf(const std::string& name) const {
  return path_.ends_with('/') ? path_ + name : path_ + "/" + name;
}

Status OutputFolder::Check(const std::string& name) const {
  INGOT_TRY(CheckName(path_, name));
  Folder folder(OpenRoot(path_));
  if (!folder.ok()) {
    if (errno == ENOENT) return {};
    return InTheWay(path_, errno);
  }
  size_t begin = 0;
  for (size_t slash = name.find('/'); slash != std::string::npos;
       begin = slash + 1, slash = name.find('/', begin)) {
    if (!folder.Enter(name.substr(begin, slash - begin))) {
      if (errno == ENOENT) return {};
      return InTheWay(PathOf(name.substr(0, slash)), errno);
    }
  }
  struct stat info;
  if (fstatat(folder.get(), name.c_str() + begin, &info, AT_SYMLINK_NOFOLLOW) !=
      0) {
    if (errno == ENOENT) return {};
    return ErrnoError(PathOf(name), errno);
  }
  if (!overwrite_) {
    return Error{ErrorKind::kConflict,
                 PathOf(name) + ": exists already (-f replaces it)"};
  }
  // The new file takes a link's place; what the link points to stays.
  if (S_ISREG(info.st_mode) ||
      (S_ISLNK(info.st_mode) &&
       (fstatat(folder.get(), name.c_str() + begin, &info, 0) != 0 ||
        S_ISREG(info.st_mode)))) {
    return {};
  }
  return Error{ErrorKind::kConflict, PathOf(name) + ": not a regular file"};
}

Status OutputFolder::Make() const {
  if (mkdir(path_.c_str(), 0777) == 0) return {};
  const int saved = errno;
  if (saved == EEXIST && Folder(OpenRoot(path_)).ok()) return {};
  return InTheWay(path_, saved == EEXIST ? ENOTDIR : saved);
}

Status OutputFolder::MakeFoldersOf(const std::string& name) const {
  INGOT_TRY(CheckName(path_, name));
  Folder folder(OpenRoot(path_));
  if (!folder.ok()) return InTheWay(path_, errno);
  size_t begin = 0;
  for (size_t slash = name.find('/'); slash != std::string::npos;
       begin = slash + 1, slash = name.find('/', begin)) {
    const std::string part = name.substr(begin, slash - begin);
    if (mkdirat(folder.get(), part.c_str(), 0777) != 0 && errno != EEXIST) {
      return ErrnoError(PathOf(name.substr(0, slash)), errno);
    }
    if (!folder.Enter(part)) {
      return InTheWay(PathOf(name.substr(0, slash)), errno);
    }
  }
  return {};
}

Result<std::unique_ptr<Sink>> OutputFolder::CreateFile(
    const FileInfo& info) const {
  INGOT_TRY(MakeFoldersOf(info.path));
  return CreateFileSink(PathOf(info.path), SinkOptionsFor(info, overwrite_));
}

Status CheckDistinct(std::span<const std::string> names) {
  std::set<std::string_view> known;
  for (const std::string& name : names) {
    if (!known.insert(name).second) {
      return Corruption("path \"" + name + "\" twice");
    }
  }
  for (const std::string_view name : names) {
    for (size_t slash = name.find('/'); slash != std::string_view::npos;
         slash = name.find('/', slash + 1)) {
      if (known.contains(name.substr(0, slash))) {
        return Corruption("path \"" + std::string(name) +
                          "\" lies below a file");
      }
    }
  }
  return {};
}

Result<std::unique_ptr<Sink>> CreateOutputFile(const std::string& path,
                                               const FileSinkOptions& options) {
  Result<std::unique_ptr<Sink>> sink = CreateFileSink(path, options);
  if (sink.ok() || sink.error().kind != ErrorKind::kConflict) return sink;
  return Error{ErrorKind::kConflict,
               sink.error().message + " (-f replaces it)"};
}

FileSinkOptions SinkOptionsFor(const FileInfo& info, bool overwrite) {
  return {.overwrite = overwrite,
          .mode = info.mode ? *info.mode & kPermissions : 0666};
}

Status RestoreMetadata(const std::string& path, const FileInfo& info) {
  if (info.mode && chmod(path.c_str(), *info.mode & kPermissions) != 0) {
    return ErrnoError(path + ": set its permissions", errno);
  }
  // Other values of the nanoseconds mean things of their own to utimensat.
  if (info.mtime && info.mtime->nanoseconds < 1'000'000'000) {
    const struct timespec times[2] = {
        {.tv_sec = 0, .tv_nsec = UTIME_OMIT},
        {.tv_sec = info.mtime->seconds,
         .tv_nsec = static_cast<long>(info.mtime->nanoseconds)}};
    if (utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoError(path + ": set its time", errno);
    }
  }
  return {};
}

}  // namespace ingot
