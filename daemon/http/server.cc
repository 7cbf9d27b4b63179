#include "daemon/http/server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/http/session.h"

namespace ingot::http {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(ServerOptions options, Handler handler)
      : context_{.options = std::move(options), .handler = std::move(handler)} {
  }

  Status Listen();
  void Run();
  bool Drain();
  void Stop();

  uint16_t port() const { return port_; }
  size_t connections() const { return context_.options.load->connections; }

 private:
  Status ListenLocally(const std::string& path);
  awaitable<void> Accept();
  awaitable<void> AcceptLocally();
  // No descriptors, or the client has gone: others may do better soon.
  awaitable<void> Pause();
  // Serves a connection, unless there are too many.
  template <typename Socket>
  void Begin(Socket socket, std::optional<asio::ip::address> peer);
  // False where there are too many connections, which does not keep out those
  // that come by the socket.
  bool Admit(const asio::ip::address& address, bool is_local,
             const std::shared_ptr<Session>& session);
  void Leave(const asio::ip::address& address,
             const std::shared_ptr<Session>& session);
  void CancelAll(bool only_idle);

  SessionContext context_;
  asio::io_context io_;
  tcp::acceptor acceptor_{io_};
  Local::acceptor local_acceptor_{io_};
  uint16_t port_ = 0;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;
  std::condition_variable left_;
  std::set<std::shared_ptr<Session>> sessions_;
  std::map<asio::ip::address, size_t> by_address_;
};

Status HttpServer::Impl::Listen() {
  const ServerOptions& options = context_.options;
  error_code code;
  const auto address = asio::ip::make_address(options.address, code);
  if (code) {
    return InvalidArgument(options.address + ": not an IP address");
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), code);
  if (!code) acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor_.bind(endpoint, code);
  if (!code) acceptor_.listen(asio::socket_base::max_listen_connections, code);
  if (code) {
    return Error{ErrorKind::kUnavailable, options.address + ":" +
                                              std::to_string(options.port) +
                                              ": " + code.message()};
  }
  port_ = acceptor_.local_endpoint().port();
  return options.socket.empty() ? Status() : ListenLocally(options.socket);
}

Status HttpServer::Impl::ListenLocally(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return InvalidArgument(path + ": too long for a Unix socket");
  }
  unlink(path.c_str());
  error_code code;
  local_acceptor_.open(Local(), code);
  if (!code) local_acceptor_.bind(Local::endpoint(path), code);
  // Nobody can connect before it is listened on.
  if (!code && chmod(path.c_str(), 0600) != 0) return ErrnoError(path, errno);
  if (!code) {
    local_acceptor_.listen(asio::socket_base::max_listen_connections, code);
  }
  if (code) {
    return Error{ErrorKind::kUnavailable, path + ": " + code.message()};
  }
  return {};
}

void HttpServer::Impl::Run() {
  asio::co_spawn(io_, Accept(), asio::detached);
  if (local_acceptor_.is_open()) {
    asio::co_spawn(io_, AcceptLocally(), asio::detached);
  }
  for (int t = 0; t < context_.options.threads; ++t) {
    threads_.emplace_back([this] { io_.run(); });
  }
}

awaitable<void> HttpServer::Impl::Accept() {
  while (!context_.draining) {
    auto [code, socket] =
        co_await acceptor_.async_accept(asio::make_strand(io_), kToken);
    if (code == asio::error::operation_aborted) co_return;
    if (code) {
      co_await Pause();
      continue;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto address = socket.remote_endpoint(ignored).address();
    Begin(std::move(socket), address);
  }
}

awaitable<void> HttpServer::Impl::AcceptLocally() {
  while (!context_.draining) {
    auto [code, socket] =
        co_await local_acceptor_.async_accept(asio::make_strand(io_), kToken);
    if (code == asio::error::operation_aborted) co_return;
    if (code) {
      co_await Pause();
    } else {
      Begin(std::move(socket), std::nullopt);
    }
  }
}

awaitable<void> HttpServer::Impl::Pause() {
  asio::steady_timer timer(io_, std::chrono::milliseconds(50));
  co_await timer.async_wait(kToken);
}

template <typename Socket>
void HttpServer::Impl::Begin(Socket socket,
                             std::optional<asio::ip::address> peer) {
  static constexpr std::string_view kBusy =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n";
  const auto executor = socket.get_executor();
  const int handle = socket.native_handle();
  // All that come by the socket are one address's.
  const bool is_local = !peer;
  const asio::ip::address address = peer.value_or(asio::ip::address());
  auto session = MakeSession(std::move(socket), std::move(peer), &context_);
  if (!Admit(address, is_local, session)) {
    // Before a handshake nobody would understand.
    if (is_local || !context_.options.tls) {
      (void)::send(handle, kBusy.data(), kBusy.size(),
                   MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    return;
  }
  asio::co_spawn(executor, session->Run(),
                 [this, address, session](std::exception_ptr) {
                   Leave(address, session);
                 });
}

bool HttpServer::Impl::Admit(const asio::ip::address& address, bool is_local,
                             const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  const auto found = by_address_.find(address);
  const size_t same = found == by_address_.end() ? 0 : found->second;
  if (!is_local && (sessions_.size() >= context_.options.max_connections ||
                    same >= context_.options.max_connections_per_address)) {
    ++context_.options.load->refused;
    return false;
  }
  ++by_address_[address];
  sessions_.insert(session);
  context_.options.load->connections = sessions_.size();
  return true;
}

void HttpServer::Impl::Leave(const asio::ip::address& address,
                             const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
  context_.options.load->connections = sessions_.size();
  const auto found = by_address_.find(address);
  if (--found->second == 0) by_address_.erase(found);
  left_.notify_all();
}

void HttpServer::Impl::CancelAll(bool only_idle) {
  const std::lock_guard lock(mutex_);
  for (const auto& session : sessions_) session->Cancel(only_idle);
}

bool HttpServer::Impl::Drain() {
  context_.draining = true;
  asio::post(io_, [this] {
    error_code ignored;
    acceptor_.close(ignored);
    local_acceptor_.close(ignored);
  });
  CancelAll(/*only_idle=*/true);
  std::unique_lock lock(mutex_);
  return left_.wait_for(lock, context_.options.drain_timeout,
                        [&] { return sessions_.empty(); });
}

void HttpServer::Impl::Stop() {
  context_.draining = true;
  CancelAll(/*only_idle=*/false);
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(ServerOptions options,
                                                      Handler handler) {
  auto impl = std::make_shared<Impl>(std::move(options), std::move(handler));
  INGOT_TRY(impl->Listen());
  impl->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::~HttpServer() { impl_->Stop(); }
uint16_t HttpServer::port() const { return impl_->port(); }
size_t HttpServer::connections() const { return impl_->connections(); }
bool HttpServer::Drain() { return impl_->Drain(); }
void HttpServer::Stop() { impl_->Stop(); }

}  // namespace ingot::http
