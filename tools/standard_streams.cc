#include "tools/standard_streams.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "codec/sink.h"

namespace ingot {

Status RefuseTerminal() {
  if (isatty(STDOUT_FILENO) != 1) return {};
  return InvalidArgument(std::string(kStdoutName) +
                         ": a terminal, expected a file or a pipe for binary "
                         "output (-o OUT, or > OUT)");
}

Result<size_t> ReadSome(int fd, const std::string& name, MutableByteSpan out) {
  for (;;) {
    const ssize_t got = read(fd, out.data(), out.size());
    if (got >= 0) return static_cast<size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd ready = {.fd = fd, .events = POLLIN, .revents = 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      const int saved = errno;
      return ErrnoError(name + ": read", saved);
    }
  }
}

Status Print(std::string_view text) {
  return MakeDescriptorSink(STDOUT_FILENO, std::string(kStdoutName))
      ->Write(AsBytes(text));
}

}  // namespace ingot
