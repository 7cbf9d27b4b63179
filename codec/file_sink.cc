// The Sink that writes files, and the registry of temporary names that signal
// handlers clean up.

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "codec/sink.h"

namespace ingot {
namespace {

// One temporary file. A signal handler may look at a slot at any moment, so
// that slots are fixed memory and change hands by their state alone.
struct TemporarySlot {
  enum State : int { kFree, kOwned, kLive, kRemoved };

  std::atomic<int> state = kFree;
  int folder = -1;
  char name[256] = {};
};
static_assert(std::atomic<int>::is_always_lock_free);

// More than anybody opens at once; a file without a slot is written all the
// same and stays behind after a signal.
constinit std::array<TemporarySlot, 64> temporary_slots;

TemporarySlot* RegisterTemporary(int folder, const std::string& name) {
  for (TemporarySlot& slot : temporary_slots) {
    int expected = TemporarySlot::kFree;
    if (name.size() < sizeof(slot.name) &&
        slot.state.compare_exchange_strong(expected, TemporarySlot::kOwned)) {
      slot.folder = folder;
      std::memcpy(slot.name, name.c_str(), name.size() + 1);
      slot.state.store(TemporarySlot::kLive);
      return &slot;
    }
  }
  return nullptr;
}

void UnregisterTemporary(TemporarySlot* slot) {
  if (slot == nullptr) return;
  // A slot that the handler took stays taken: the process is about to end.
  int expected = TemporarySlot::kLive;
  slot->state.compare_exchange_strong(expected, TemporarySlot::kFree);
}

std::string RandomSuffix() {
  constexpr std::string_view kAlphabet =
      "abcdefghijklmnopqrstuvwxyz234567";  // 32 letters
  std::array<unsigned char, 6> random{};
  // Where there is no randomness, O_EXCL still keeps names apart.
  if (getrandom(random.data(), random.size(), 0) !=
      static_cast<ssize_t>(random.size())) {
    static std::atomic<unsigned> counter = 0;
    const unsigned value =
        counter.fetch_add(1) ^ (static_cast<unsigned>(getpid()) << 8);
    std::memcpy(random.data(), &value, sizeof(value));
  }
  std::string suffix;
  for (const unsigned char byte : random) suffix += kAlphabet[byte % 32];
  return suffix;
}

int RetryFsync(int fd) {
  int result;
  do {
    result = fsync(fd);
  } while (result != 0 && errno == EINTR);
  return result;
}

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

class FileSink final : public Sink {
 public:
  FileSink(Descriptor folder, std::string path, std::string name,
           bool overwrite)
      : folder_(std::move(folder)),
        path_(std::move(path)),
        name_(std::move(name)),
        overwrite_(overwrite) {}

  ~FileSink() override {
    if (fd_ >= 0) close(fd_);
    if (!temporary_.empty()) Abandon();
  }

  Status Open(uint32_t mode) {
    constexpr int kAttempts = 100;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      // Cut, so that prefix and suffix fit any file system's limit.
      std::string candidate =
          "." + name_.substr(0, 200) + ".ingot-" + RandomSuffix();
      // Registered first: a signal must not find an unregistered file.
      slot_ = RegisterTemporary(folder_.get(), candidate);
      fd_ = openat(folder_.get(), candidate.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                   static_cast<mode_t>(mode));
      if (fd_ >= 0) {
        temporary_ = std::move(candidate);
        return {};
      }
      const int saved = errno;
      UnregisterTemporary(slot_);
      if (saved != EEXIST && saved != EINTR) {
        return ErrnoError(path_ + ": create a temporary file beside it", saved);
      }
    }
    return ErrnoError(path_ + ": create a temporary file beside it", EEXIST);
  }

  // Of the file that is to be replaced, if there is one.
  Status CopyPermissions() {
    struct stat target;
    struct stat own;
    if (fstatat(folder_.get(), name_.c_str(), &target, 0) != 0) {
      return errno == ENOENT ? Status() : Fail("read its permissions", errno);
    }
    if (fstat(fd_, &own) != 0) return Fail("read its permissions", errno);
    // Whoever may not give files away keeps the new one.
    if ((target.st_uid != own.st_uid || target.st_gid != own.st_gid) &&
        fchown(fd_, target.st_uid, target.st_gid) != 0 && errno != EPERM) {
      return Fail("set its owner", errno);
    }
    if (fchmod(fd_, target.st_mode & 0777) != 0) {
      return Fail("set its permissions", errno);
    }
    return {};
  }

  Status Write(ByteSpan bytes) override {
    INGOT_TRY(CheckUsable());
    while (!bytes.empty()) {
      const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(),
                               static_cast<off_t>(position_));
      if (n < 0) {
        if (errno == EINTR) continue;
        return Fail("write at offset " + std::to_string(position_), errno);
      }
      bytes = bytes.subspan(static_cast<size_t>(n));
      position_ += static_cast<uint64_t>(n);
    }
    StartWriteBack();
    return {};
  }

  bool CanRewind() const override { return true; }
  Status Rewind(uint64_t position) override {
    INGOT_TRY(CheckUsable());
    if (position > position_) {
      return InvalidArgument(path_ + ": rewind to " + std::to_string(position) +
                             ", past the end");
    }
    while (ftruncate(fd_, static_cast<off_t>(position)) != 0) {
      if (errno != EINTR) return Fail("truncate", errno);
    }
    position_ = position;
    if (started_ > position) started_ = position;
    return {};
  }

  Status Commit() override {
    INGOT_TRY(CheckUsable());
    if (RetryFsync(fd_) != 0) return Fail("fsync", errno);
    if (MoveIntoPlace() != 0) {
      if (errno == EEXIST) {
        failure_ =
            Error{ErrorKind::kConflict, path_ + ": the file exists already"};
        return *failure_;
      }
      return Fail("rename", errno);
    }
    UnregisterTemporary(slot_);
    temporary_.clear();
    // Some file systems know no fsync of folders.
    if (RetryFsync(folder_.get()) != 0 && errno != EINVAL) {
      return Fail("fsync of its folder", errno);
    }
    return {};
  }

 private:
  // Write-back of what is complete starts early, so that Commit's fsync has
  // little left to wait for.
  void StartWriteBack() {
    constexpr uint64_t kStep = uint64_t{8} << 20;
    if (position_ - started_ < kStep) return;
    // A hint: real failures come back from fsync.
    sync_file_range(fd_, static_cast<off_t>(started_),
                    static_cast<off_t>(position_ - started_),
                    SYNC_FILE_RANGE_WRITE);
    started_ = position_;
  }

  // 0, or -1 and errno; EEXIST where the target exists and must not go.
  int MoveIntoPlace() {
    const int folder = folder_.get();
    const char* from = temporary_.c_str();
    const char* to = name_.c_str();
    if (overwrite_) return renameat(folder, from, folder, to);
    if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    // This file system cannot: a hard link refuses an existing name too.
    if (linkat(folder, from, folder, to, 0) != 0) return -1;
    unlinkat(folder, from, 0);
    return 0;
  }

  void Abandon() {
    unlinkat(folder_.get(), temporary_.c_str(), 0);
    UnregisterTemporary(slot_);
    temporary_.clear();
  }

  Status CheckUsable() const {
    if (failure_.has_value()) return *failure_;
    if (temporary_.empty()) {
      return InvalidArgument(path_ + ": already committed");
    }
    return {};
  }

  // Remembers the error: a file with a hole in it must never be committed.
  Error Fail(const std::string& action, int errno_value) {
    failure_ = ErrnoError(path_ + ": " + action, errno_value);
    return *failure_;
  }

  const Descriptor folder_;
  const std::string path_;
  const std::string name_;
  const bool overwrite_;
  std::string temporary_;  // empty before Open and after Commit
  TemporarySlot* slot_ = nullptr;
  int fd_ = -1;
  uint64_t position_ = 0;
  uint64_t started_ = 0;  // up to here write-back has been started
  std::optional<Error> failure_;
};

// Refuses early what Commit would refuse late, and what a rename would ruin:
// folders and devices.
Status CheckTarget(int folder, const std::string& path, const std::string& name,
                   bool overwrite) {
  struct stat info;
  const int flags = overwrite ? 0 : AT_SYMLINK_NOFOLLOW;
  if (fstatat(folder, name.c_str(), &info, flags) != 0) {
    if (errno == ENOENT) return {};
    return ErrnoError(path, errno);
  }
  if (!overwrite) {
    return Error{ErrorKind::kConflict, path + ": the file exists already"};
  }
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument(path + ": not a regular file");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Sink>> CreateFileSink(const std::string& path,
                                             const FileSinkOptions& options) {
  const size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  std::string folder_path = slash == std::string::npos ? "."
                            : slash == 0               ? "/"
                                                       : path.substr(0, slash);
  if (name.empty() || name == "." || name == "..") {
    return InvalidArgument(path + ": expected the name of a file");
  }
  Descriptor folder(
      open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) {
    return ErrnoError(path + ": open its folder", errno);
  }
  INGOT_TRY(CheckTarget(folder.get(), path, name, options.overwrite));
  auto sink = std::make_unique<FileSink>(std::move(folder), path,
                                         std::move(name), options.overwrite);
  INGOT_TRY(sink->Open(options.mode));
  if (options.keep_permissions) INGOT_TRY(sink->CopyPermissions());
  return std::unique_ptr<Sink>(std::move(sink));
}

void RemoveTemporaryFilesFromSignalHandler() {
  const int saved = errno;
  for (TemporarySlot& slot : temporary_slots) {
    int expected = TemporarySlot::kLive;
    if (slot.state.compare_exchange_strong(expected, TemporarySlot::kRemoved)) {
      unlinkat(slot.folder, slot.name, 0);
    }
  }
  errno = saved;
}

}  // namespace ingot
