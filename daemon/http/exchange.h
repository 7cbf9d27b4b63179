// Exchange: one request and its response.
//
// Thread-safety: one coroutine at a time, on the connection's executor.

#ifndef INGOT_DAEMON_HTTP_EXCHANGE_H_
#define INGOT_DAEMON_HTTP_EXCHANGE_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "daemon/http/target.h"

namespace ingot::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// What is found out about a request while it is answered, for the log.
struct RequestNotes {
  std::string_view route;  // the pattern of the router that answers
  uint64_t token = 0;      // the number of the one that came with it
  std::string cause;       // of an internal error, which clients are not told
};

struct Request {
  std::string method;
  Target target;
  Headers headers;
  std::string id;  // as its response says in X-Request-Id
  // Whether it came by the socket that only the daemon's own user can open.
  bool is_local = false;
  bool is_encrypted = false;
  std::string_view public_url;    // ServerOptions::public_url
  boost::asio::ip::address peer;  // where it did not
  // No part of what was asked, and written by whoever answers it.
  mutable RequestNotes notes;

  // The first header of that name, whatever its case.
  std::optional<std::string_view> Header(std::string_view name) const;
};

struct ResponseHead {
  unsigned status = 200;
  Headers headers;  // but Content-Length, Transfer-Encoding and Connection
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;
  // Whether the server is about to end.
  virtual bool draining() const = 0;
  // How much of a long body is to be held at once, so that all of the server's
  // exchanges together hold about ServerOptions::buffer_memory: from 16 KiB to
  // 1 MiB. From any thread.
  virtual size_t piece_bytes() const = 0;

  // The next bytes of the body, at most 64 KiB, valid until the next call;
  // none at its end. `limit` is of the whole body: kResourceExhausted beyond
  // it. After an error the connection can only be given up.
  virtual boost::asio::awaitable<Result<ByteSpan>> ReadBody(uint64_t limit) = 0;

  // The whole response. Called once, unless Start is.
  virtual boost::asio::awaitable<Status> Respond(ResponseHead head,
                                                 std::string body) = 0;
  // A response in pieces: of `length` bytes, or chunked where that is not
  // known. For HEAD nothing that is written is sent.
  virtual boost::asio::awaitable<Status> Start(
      ResponseHead head, std::optional<uint64_t> length) = 0;
  virtual boost::asio::awaitable<Status> Write(ByteSpan bytes) = 0;
  // For HEAD: as if `length` bytes had been written.
  virtual Status Skip(uint64_t length) = 0;
  virtual boost::asio::awaitable<Status> Finish() = 0;
};

// Answers requests. What it leaves unanswered, or throws, is 500.
using Handler = std::function<boost::asio::awaitable<void>(Exchange&)>;

// JSON with the message, and the status that API.md gives the kind.
boost::asio::awaitable<Status> RespondError(Exchange& exchange, Error error);
// The same with a status of the caller's choice, and further headers.
boost::asio::awaitable<Status> RespondError(Exchange& exchange, unsigned status,
                                            std::string message,
                                            Headers headers = {});
// `json`: an encoded value.
boost::asio::awaitable<Status> RespondJson(Exchange& exchange,
                                           std::string json);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_EXCHANGE_H_
