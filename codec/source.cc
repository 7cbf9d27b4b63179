#include "codec/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace ingot {
namespace {

Error PastEnd(const Source& source, uint64_t offset, uint64_t length) {
  return Corruption(source.name() + ": truncated: expected " +
                    std::to_string(length) + " bytes at offset " +
                    std::to_string(offset) + ", the file has " +
                    std::to_string(source.size()));
}

class MemorySource final : public Source {
 public:
  MemorySource(ByteSpan bytes, std::string name)
      : bytes_(bytes), name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return bytes_.size(); }

  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
      return PastEnd(*this, offset, out.size());
    }
    if (!out.empty()) {
      std::memcpy(out.data(), bytes_.data() + offset, out.size());
    }
    return {};
  }

 private:
  ByteSpan bytes_;
  std::string name_;
};

class FileSource final : public Source {
 public:
  FileSource(int fd, uint64_t size, std::string name)
      : fd_(fd), size_(size), name_(std::move(name)) {}
  ~FileSource() override { close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }

  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (offset > size_ || out.size() > size_ - offset) {
      return PastEnd(*this, offset, out.size());
    }
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = pread(fd_, out.data() + done, out.size() - done,
                              static_cast<off_t>(offset + done));
      if (n < 0) {
        if (errno == EINTR) continue;
        return ErrnoError(name_ + ": read at offset " +
                              std::to_string(offset + done),
                          errno);
      }
      if (n == 0) return PastEnd(*this, offset, out.size());
      done += static_cast<size_t>(n);
    }
    return {};
  }

 private:
  int fd_;
  uint64_t size_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Source> MakeMemorySource(ByteSpan bytes, std::string name) {
  return std::make_unique<MemorySource>(bytes, std::move(name));
}

Result<std::unique_ptr<Source>> OpenFileSource(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not hang; it is refused just below.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoError(path, errno);
  struct stat info;
  if (fstat(fd, &info) != 0) {
    const int saved = errno;
    close(fd);
    return ErrnoError(path, saved);
  }
  if (!S_ISREG(info.st_mode)) {
    close(fd);
    return InvalidArgument(path + ": not a regular file");
  }
  return std::unique_ptr<Source>(std::make_unique<FileSource>(
      fd, static_cast<uint64_t>(info.st_size), path));
}

Result<Digest> HashRange(const Source& source, uint64_t offset,
                         uint64_t length) {
  constexpr uint64_t kPiece = uint64_t{4} << 20;
  Hasher hasher;
  std::vector<std::byte> buffer;
  for (uint64_t done = 0; done < length; done += buffer.size()) {
    buffer.resize(std::min(kPiece, length - done));
    INGOT_TRY(source.ReadAt(offset + done, buffer));
    hasher.Update(buffer);
  }
  return hasher.Finish();
}

}  // namespace ingot
