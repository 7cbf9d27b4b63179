// Authenticate: from a request to who sent it.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_API_AUTHENTICATE_H_
#define INGOT_DAEMON_API_AUTHENTICATE_H_

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "codec/result.h"
#include "daemon/auth/access.h"
#include "daemon/http/exchange.h"
#include "daemon/store/tokens.h"

namespace ingot::api {

// What asks for credentials.
inline constexpr const char* kChallenge = "Basic realm=\"ingot\"";

// Whether a request is from a program of this machine, as far as can be seen:
// not passed on by a proxy, and not by a page that a browser shows here.
bool IsOfThisMachine(const http::Request& request);

// Who sent a request. While there is no token, programs of this machine have
// all rights, and the daemon listens on loopback only. Those that came by the
// store owner's socket always have them. kPermissionDenied for
// credentials that are none, unknown, revoked or expired: one message for all.
Result<auth::Principal> Authenticate(const http::Request& request,
                                     const store::Tokens& tokens);

// 401, asking for credentials; 403 where those that came are not enough.
boost::asio::awaitable<Status> RespondUnauthorized(http::Exchange& exchange,
                                                   const Error& error);
boost::asio::awaitable<Status> RespondForbidden(http::Exchange& exchange,
                                                const auth::Principal& who);

// Who sent the exchange's request. Nothing: its credentials are refused, which
// has been answered.
boost::asio::awaitable<std::optional<auth::Principal>> FindPrincipal(
    http::Exchange& exchange, const store::Tokens& tokens);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_AUTHENTICATE_H_
