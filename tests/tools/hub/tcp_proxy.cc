#include "tests/tools/hub/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/tools/hub/scripted_server.h"

namespace ingot {
namespace {

int ConnectToLoopback(uint16_t port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) == 0) {
    return connection;
  }
  close(connection);
  return -1;
}

}  // namespace

TcpProxy::TcpProxy(uint16_t server, TcpProxyOptions options)
    : server_(server),
      options_(std::move(options)),
      socket_(ListenOnLoopback(&port_)) {
  accepting_ = std::thread([this] { Accept(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  shutdown(socket_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
  close(socket_);
}

void TcpProxy::Accept() {
  while (!stopping_) {
    const int client = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    threads_.emplace_back([this, client] { Forward(client); });
  }
}

bool TcpProxy::Pass(int from, int to, bool from_server) {
  std::array<char, 65536> buffer;
  size_t most = buffer.size();
  if (from_server) {
    const std::lock_guard lock(mutex_);
    most = std::min<uint64_t>(most, options_.limit - passed_);
  }
  if (most == 0) {
    const std::lock_guard lock(at_limit_);
    return false;
  }
  const ssize_t got = recv(from, buffer.data(), most, 0);
  if (got <= 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<size_t>(got));
  if (!from_server && options_.look) options_.look(bytes);
  if (!SendAll(to, bytes)) return false;
  if (!from_server) return true;
  bool reached = false;
  std::unique_lock called(at_limit_, std::defer_lock);
  {
    const std::lock_guard lock(mutex_);
    reached = passed_ < options_.limit;
    passed_ = std::min(options_.limit, passed_ + bytes.size());
    reached = reached && passed_ == options_.limit;
    if (reached) called.lock();
  }
  if (reached && options_.at_limit) options_.at_limit();
  return true;
}

void TcpProxy::Forward(int client) {
  const int server = ConnectToLoopback(server_);
  while (server >= 0 && !stopping_) {
    bool open;
    {
      const std::lock_guard lock(mutex_);
      open = passed_ < options_.limit;
    }
    std::array<pollfd, 2> ends = {
        pollfd{.fd = client, .events = POLLIN, .revents = 0},
        // Held up; but that the server goes is seen all the same.
        pollfd{.fd = server,
               .events = static_cast<short>(open ? POLLIN : POLLRDHUP),
               .revents = 0}};
    if (poll(ends.data(), ends.size(), 20) <= 0) continue;
    if (ends[0].revents != 0 && !Pass(client, server, false)) break;
    if (ends[1].revents != 0 && (!open || !Pass(server, client, true))) break;
  }
  if (server >= 0) close(server);
  close(client);
}

}  // namespace ingot
