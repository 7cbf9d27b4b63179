// RespondContent: bytes that somebody may ask for in parts (RFC 9110, 13 and
// 14).
//
// Thread-safety: a coroutine of the exchange.

#ifndef INGOT_DAEMON_HTTP_CONTENT_H_
#define INGOT_DAEMON_HTTP_CONTENT_H_

#include <boost/asio/awaitable.hpp>
#include <string>

#include "codec/source.h"
#include "daemon/http/exchange.h"

namespace ingot::http {

struct Content {
  const Source* source;
  std::string etag;  // without quotes; the same bytes, the same tag
  std::string type = "application/octet-stream";
};

// Answers GET and HEAD: 200; 206 for Range, with If-Range; 304 for
// If-None-Match; 416 where no range lies within. A read that fails ends the
// connection, since the status has been sent.
boost::asio::awaitable<Status> RespondContent(Exchange& exchange,
                                              Content content);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_CONTENT_H_
