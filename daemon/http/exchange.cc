#include "daemon/http/exchange.h"

#include <boost/beast/core/string.hpp>
#include <nlohmann/json.hpp>

namespace ingot::http {
namespace {

using boost::asio::awaitable;

unsigned StatusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return 400;
    case ErrorKind::kPermissionDenied:
      return 403;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kDeadlineExceeded:
      return 408;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kUnsupported:
      return 501;
    case ErrorKind::kUnavailable:
    case ErrorKind::kCancelled:
      return 503;
    case ErrorKind::kResourceExhausted:
      return 507;
    case ErrorKind::kCorruption:
    case ErrorKind::kIo:
      return 500;
  }
  return 500;
}

}  // namespace

std::optional<std::string_view> Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (boost::beast::iequals(key, name)) return value;
  }
  return std::nullopt;
}

awaitable<Status> RespondError(Exchange& exchange, Error error) {
  const unsigned status = StatusOf(error.kind);
  std::string message = std::move(error.message);
  if (status == 500) {
    // Paths and offsets of files are nobody's business but the log's.
    exchange.request().notes.cause = std::move(message);
    message = "internal error";
  }
  return RespondError(exchange, status, std::move(message));
}

awaitable<Status> RespondError(Exchange& exchange, unsigned status,
                               std::string message, Headers headers) {
  const nlohmann::json body = {{"error", message}};
  headers.emplace_back("Content-Type", "application/json");
  return exchange.Respond(
      {.status = status, .headers = std::move(headers)},
      body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
          "\n");
}

awaitable<Status> RespondJson(Exchange& exchange, std::string json) {
  return exchange.Respond({.headers = {{"Content-Type", "application/json"}}},
                          std::move(json));
}

}  // namespace ingot::http
