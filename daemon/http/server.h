// HttpServer: HTTP/1.1 over TCP, with TLS or without, each connection a
// coroutine (API.md, "The server").
//
// Thread-safety: all functions from one thread at a time; the handler is
// called from several threads at once, with one connection's requests one
// after the other.

#ifndef INGOT_DAEMON_HTTP_SERVER_H_
#define INGOT_DAEMON_HTTP_SERVER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "codec/result.h"
#include "daemon/http/exchange.h"
#include "daemon/http/tls.h"

namespace ingot::http {

// How a request went.
struct RequestReport {
  const Request* request;
  unsigned status;                     // 0: no response was begun
  bool complete;                       // whether all of the response was sent
  uint64_t received;                   // bytes of the request's body
  uint64_t sent;                       // bytes of the response's body
  std::chrono::duration<double> time;  // from the head's last byte
};

// What a server has to do, kept up to date by it.
struct ServerLoad {
  std::atomic<size_t> connections = 0;
  std::atomic<size_t> requests = 0;   // that are being answered
  std::atomic<uint64_t> refused = 0;  // connections, since there were too many
  std::atomic<uint64_t> failed_handshakes = 0;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any that is free
  // Of a Unix socket to be listened on, too, with mode 0600; empty: none. What
  // is there is replaced, so that it must be nobody's who still listens.
  std::string socket = {};
  std::shared_ptr<const Tls> tls = nullptr;  // of what comes over TCP
  // "https://hub.example.org", as clients call this server; empty: as each
  // request says (target.h, ParseOrigin).
  std::string public_url = {};
  int threads = 2;
  size_t max_connections = 1024;
  size_t max_connections_per_address = 256;
  // About as many bytes are held of all files that are being sent, and as many
  // of those that come.
  size_t buffer_memory = size_t{128} << 20;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds io_timeout{30'000};
  std::chrono::milliseconds drain_timeout{30'000};
  uint64_t min_body_rate = 1024;  // bytes a second, once io_timeout is over
  // Is told of every request, those refused included, when it is over. From
  // several threads at once; must neither wait nor throw.
  std::function<void(const RequestReport&)> report = nullptr;
  std::shared_ptr<ServerLoad> load = std::make_shared<ServerLoad>();
};

class HttpServer {
 public:
  // kInvalidArgument for an address that is none; kUnavailable where it cannot
  // be listened on.
  static Result<std::unique_ptr<HttpServer>> Start(ServerOptions options,
                                                   Handler handler);
  // Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  size_t connections() const;
  // Accepts no more connections, closes idle ones, and waits until the others
  // have answered their requests, but no longer than drain_timeout. True where
  // all have.
  bool Drain();
  // Closes all connections. No handler runs afterwards, though coroutines that
  // wait for something stay until the server is destroyed.
  void Stop();

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  const std::shared_ptr<Impl> impl_;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_SERVER_H_
