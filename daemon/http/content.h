// RespondContent: bytes that somebody may ask for in parts (RFC 9110, 13 and
// 14).
//
// The bytes are read by workers, ahead of what is sent (read_ahead.h), so that
// a source may decode them or wait for a disk.
//
// Thread-safety: a coroutine of the exchange. The source is read by several
// threads at once.

#ifndef INGOT_DAEMON_HTTP_CONTENT_H_
#define INGOT_DAEMON_HTTP_CONTENT_H_

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "codec/source.h"
#include "daemon/http/exchange.h"
#include "daemon/http/workers.h"

namespace ingot::http {

struct Content {
  std::shared_ptr<const Source> source;
  std::string etag;  // without quotes; the same bytes, the same tag
  std::string type = "application/octet-stream";
  Headers headers = {};  // further ones, of every answer
};

// Answers GET and HEAD: 200; 206 for Range, with If-Range; 304 for
// If-None-Match; 416 where no range lies within. A read that fails ends the
// connection, since the status has been sent.
boost::asio::awaitable<Status> RespondContent(Exchange& exchange,
                                              Workers* workers,
                                              Content content);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_CONTENT_H_
