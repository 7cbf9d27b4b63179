#include "codec/sink.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ingot {
namespace {

class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::vector<std::byte>* bytes)
      : bytes_(bytes), start_(bytes->size()) {}

  Status Write(ByteSpan bytes) override {
    bytes_->insert(bytes_->end(), bytes.begin(), bytes.end());
    return {};
  }

  bool CanRewind() const override { return true; }
  Status Rewind(uint64_t position) override {
    if (position > bytes_->size() - start_) {
      return InvalidArgument("(memory): rewind to " + std::to_string(position) +
                             ", past the end");
    }
    bytes_->resize(start_ + position);
    return {};
  }

 private:
  std::vector<std::byte>* bytes_;
  size_t start_;
};

class DescriptorSink final : public Sink {
 public:
  DescriptorSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

  Status Write(ByteSpan bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n >= 0) {
        bytes = bytes.subspan(static_cast<size_t>(n));
        position_ += static_cast<uint64_t>(n);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        // Somebody who shares the pipe made it non-blocking.
        pollfd ready = {.fd = fd_, .events = POLLOUT, .revents = 0};
        poll(&ready, 1, -1);
      } else if (errno != EINTR) {
        const int saved = errno;
        return ErrnoError(
            name_ + ": write at offset " + std::to_string(position_), saved);
      }
    }
    return {};
  }

 private:
  int fd_;
  std::string name_;
  uint64_t position_ = 0;
};

}  // namespace

Status Sink::Rewind(uint64_t) {
  return InvalidArgument("this output cannot be rewound");
}

std::unique_ptr<Sink> MakeMemorySink(std::vector<std::byte>* bytes) {
  return std::make_unique<MemorySink>(bytes);
}

std::unique_ptr<Sink> MakeDescriptorSink(int fd, std::string name) {
  return std::make_unique<DescriptorSink>(fd, std::move(name));
}

}  // namespace ingot
