// ReadJson: a request's body as JSON.
//
// Thread-safety: a coroutine of the exchange.

#ifndef INGOT_DAEMON_API_JSON_BODY_H_
#define INGOT_DAEMON_API_JSON_BODY_H_

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "codec/result.h"
#include "daemon/http/exchange.h"

namespace ingot::api {

inline constexpr uint64_t kMaxJsonBytes = 4 << 20;

// kResourceExhausted for one that is too long, kInvalidArgument for what is no
// object.
boost::asio::awaitable<Result<nlohmann::json>> ReadJson(
    http::Exchange& exchange);

// A string member; empty where there is none.
std::string TextOf(const nlohmann::json& object, const char* member);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_JSON_BODY_H_
