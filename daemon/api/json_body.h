// ReadText, ReadJson: a request's body as text and as JSON, and what is done with
// JSON elsewhere.
//
// Thread-safety: a coroutine of the exchange; functions without state.

#ifndef INGOT_DAEMON_API_JSON_BODY_H_
#define INGOT_DAEMON_API_JSON_BODY_H_

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "codec/result.h"
#include "daemon/api/json_text.h"
#include "daemon/http/exchange.h"

namespace ingot::api {

inline constexpr uint64_t kMaxJsonBytes = 4 << 20;

// The body as it is; kResourceExhausted for one that is too long.
boost::asio::awaitable<Result<std::string>> ReadText(http::Exchange& exchange);

// The same, and kInvalidArgument for what is no object.
boost::asio::awaitable<Result<nlohmann::json>> ReadJson(
    http::Exchange& exchange);

// As text; what is not UTF-8 is replaced.
std::string EncodeJson(const nlohmann::json& value);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_JSON_BODY_H_
