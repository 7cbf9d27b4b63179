// Session: one connection, and the exchanges on it.
//
// Thread-safety: Run on the socket's executor, Cancel from any thread.

#ifndef INGOT_DAEMON_HTTP_SESSION_H_
#define INGOT_DAEMON_HTTP_SESSION_H_

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <memory>
#include <optional>

#include "daemon/http/connection.h"
#include "daemon/http/exchange.h"
#include "daemon/http/server.h"

namespace ingot::http {

// What all sessions of a server share, and outlives them.
struct SessionContext {
  ServerOptions options;
  Handler handler;
  std::atomic<bool> draining = false;
};

class Session {
 public:
  virtual ~Session() = default;
  // Until the connection is closed.
  virtual boost::asio::awaitable<void> Run() = 0;
  // Closes the connection: at once, or only if no request is running.
  virtual void Cancel(bool only_idle) = 0;
};

// `peer`: none where the connection came by ServerOptions::socket.
std::shared_ptr<Session> MakeSession(
    Connection::Socket socket, std::optional<boost::asio::ip::address> peer,
    SessionContext* context);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_SESSION_H_
