#include "daemon/store/file_storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "daemon/store/keys.h"

namespace ingot::store {
namespace {

constexpr off_t kWriteBehindBytes = off_t{8} << 20;
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return fd_; }

 private:
  int fd_;
};

Result<Descriptor> OpenDescriptor(const std::string& path, int flags) {
  Descriptor file(
      open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (file.get() < 0) return ErrnoError(path, errno);
  return file;
}

// Not repeated after an error: the pages that could not be written may count
// as clean from then on, and a second call would report success.
Status SyncDescriptor(int fd, const std::string& path) {
  int result;
  do {
    result = fsync(fd);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return ErrnoError(path + ": sync", errno);
  return {};
}

Status SyncFolder(const std::string& path) {
  INGOT_ASSIGN(const Descriptor folder,
               OpenDescriptor(path, O_RDONLY | O_DIRECTORY));
  return SyncDescriptor(folder.get(), path);
}

// The folders of `path` up to `root`, whose entries name it.
Status SyncNames(const std::string& path, const std::string& root) {
  std::string folder = path;
  while (folder != root) {
    folder = std::filesystem::path(folder).parent_path();
    INGOT_TRY(SyncFolder(folder));
  }
  return {};
}

class LocalFile final : public AppendFile {
 public:
  LocalFile(Descriptor file, std::string path, std::string root)
      : file_(std::move(file)),
        path_(std::move(path)),
        root_(std::move(root)) {}

  Status Append(ByteSpan bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = write(file_.get(), bytes.data(), bytes.size());
      if (n < 0) {
        if (errno == EINTR) continue;
        return ErrnoError(path_ + ": write", errno);
      }
      bytes = bytes.subspan(static_cast<size_t>(n));
      size_ += n;
    }
    StartWriting();
    return {};
  }

  Status Sync() override {
    INGOT_TRY(SyncDescriptor(file_.get(), path_));
    if (name_synced_) return {};
    INGOT_TRY(SyncNames(path_, root_));
    name_synced_ = true;
    return {};
  }

 private:
  // Has the system begin with what will have to be on disk at the next Sync.
  // Errors are for Sync to report.
  void StartWriting() {
    if (size_ - started_ < kWriteBehindBytes) return;
    (void)sync_file_range(file_.get(), started_, size_ - started_,
                          SYNC_FILE_RANGE_WRITE);
    started_ = size_;
  }

  Descriptor file_;
  std::string path_;
  std::string root_;
  bool name_synced_ = false;
  off_t size_ = 0;
  off_t started_ = 0;  // bytes whose writing was begun
};

class FileStorage final : public Storage {
 public:
  FileStorage(std::string root, Descriptor lock)
      : root_(std::move(root)), lock_(std::move(lock)) {}

  Result<std::unique_ptr<AppendFile>> Create(std::string_view key) override {
    INGOT_ASSIGN(const std::string path, PathOf(key));
    const std::string folder = std::filesystem::path(path).parent_path();
    if (folder != root_ && mkdir(folder.c_str(), kFolderMode) != 0 &&
        errno != EEXIST) {
      return ErrnoError(folder, errno);
    }
    INGOT_ASSIGN(Descriptor file,
                 OpenDescriptor(path, O_WRONLY | O_CREAT | O_EXCL));
    return std::unique_ptr<AppendFile>(
        std::make_unique<LocalFile>(std::move(file), path, root_));
  }

  Result<std::unique_ptr<Source>> Open(std::string_view key) const override {
    INGOT_ASSIGN(const std::string path, PathOf(key));
    return OpenFileSource(path);
  }

  Status Sync(std::string_view key) override {
    INGOT_ASSIGN(const std::string path, PathOf(key));
    INGOT_ASSIGN(const Descriptor file, OpenDescriptor(path, O_RDONLY));
    INGOT_TRY(SyncDescriptor(file.get(), path));
    return SyncNames(path, root_);
  }

  Result<std::vector<StoredFile>> List(std::string_view folder) const override {
    INGOT_ASSIGN(const std::string path, PathOf(folder));
    std::vector<StoredFile> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(path.c_str()),
                                                      &closedir);
    if (entries == nullptr) {
      if (errno == ENOENT) return found;
      return ErrnoError(path, errno);
    }
    errno = 0;
    while (const dirent* entry = readdir(entries.get())) {
      struct stat info;
      if (fstatat(dirfd(entries.get()), entry->d_name, &info,
                  AT_SYMLINK_NOFOLLOW) != 0) {
        return ErrnoError(path + "/" + entry->d_name, errno);
      }
      if (S_ISREG(info.st_mode)) {
        found.push_back({std::string(folder) + "/" + entry->d_name,
                         static_cast<uint64_t>(info.st_size)});
      }
      errno = 0;
    }
    if (errno != 0) return ErrnoError(path, errno);
    std::sort(
        found.begin(), found.end(),
        [](const StoredFile& a, const StoredFile& b) { return a.key < b.key; });
    return found;
  }

  Status Remove(std::string_view key) override {
    INGOT_ASSIGN(const std::string path, PathOf(key));
    if (unlink(path.c_str()) != 0) return ErrnoError(path, errno);
    return {};
  }

  Result<uint64_t> FreeBytes() const override {
    struct statvfs info;
    if (statvfs(root_.c_str(), &info) != 0) return ErrnoError(root_, errno);
    return uint64_t{info.f_bavail} * info.f_frsize;
  }

 private:
  Result<std::string> PathOf(std::string_view key) const {
    INGOT_TRY(CheckKey(key));
    return root_ + "/" + std::string(key);
  }

  const std::string root_;
  const Descriptor lock_;
};

}  // namespace

Result<std::unique_ptr<Storage>> OpenFileStorage(const std::string& folder) {
  std::error_code failure;
  // Absolute first: of a relative path that does not begin with what exists,
  // the canonical form is relative, and has no folder to be synced.
  const std::filesystem::path absolute =
      std::filesystem::absolute(folder, failure);
  if (failure) return ErrnoError(folder, failure.value());
  const std::string root =
      std::filesystem::weakly_canonical(absolute, failure).string();
  if (failure) return ErrnoError(folder, failure.value());
  if (mkdir(root.c_str(), kFolderMode) == 0) {
    INGOT_TRY(SyncFolder(std::filesystem::path(root).parent_path()));
  } else if (errno != EEXIST) {
    return ErrnoError(root, errno);
  }
  INGOT_ASSIGN(
      Descriptor lock,
      OpenDescriptor(root + "/" + std::string(kLockKey), O_RDWR | O_CREAT));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoError(root, errno);
    return Error{ErrorKind::kConflict,
                 root + ": another process has this store open"};
  }
  return std::unique_ptr<Storage>(
      std::make_unique<FileStorage>(root, std::move(lock)));
}

}  // namespace ingot::store
