#include "daemon/api/authenticate.h"

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <utility>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/auth/credentials.h"

namespace ingot::api {

using boost::asio::awaitable;

// Pages of others that a browser shows here send Origin, or, having had a name
// point to this machine, a Host that is not its own.
bool IsOfThisMachine(const http::Request& request) {
  if (request.is_local) return true;
  for (const char* name : {"Origin", "Forwarded", "X-Forwarded-For"}) {
    if (request.Header(name)) return false;
  }
  if (!request.peer.is_loopback()) return false;
  std::string_view name = request.Header("Host").value_or("localhost");
  const size_t port =
      name.find(':', name.starts_with('[') ? name.find(']') : 0);
  name = name.substr(0, port);
  if (name.starts_with('[') && name.ends_with(']')) {
    name = name.substr(1, name.size() - 2);
  }
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(std::string(name), failed);
  return name == "localhost" || (!failed && address.is_loopback());
}

Result<auth::Principal> Authenticate(const http::Request& request,
                                     const store::Tokens& tokens) {
  if (request.is_local) return auth::Principal{.right = auth::Right::kAdmin};
  const std::optional<std::string_view> header =
      request.Header("Authorization");
  std::optional<store::TokenInfo> found;
  Result<std::string> secret = std::string();
  if (header) secret = auth::SecretOf(*header);
  if (header && secret.ok()) {
    INGOT_ASSIGN(found, tokens.Find(*secret));
  }
  if (!found) {
    INGOT_ASSIGN(const bool any, tokens.Any());
    // Without tokens credentials say nothing: many clients send those that they
    // have for another server.
    if (!header || !any) {
      return auth::Principal{.right = any || !IsOfThisMachine(request)
                                          ? auth::Right::kNothing
                                          : auth::Right::kAdmin};
    }
    if (!secret.ok()) return secret.error();
    return Error{ErrorKind::kPermissionDenied,
                 "Invalid credentials in Authorization header"};
  }
  request.notes.token = found->number;
  return auth::Principal{.token = found->number,
                         .right = static_cast<auth::Right>(found->token.scope),
                         .space = found->token.space,
                         .repository = found->token.repository,
                         .name = found->token.name};
}

awaitable<Status> RespondUnauthorized(http::Exchange& exchange,
                                      const Error& error) {
  if (error.kind != ErrorKind::kPermissionDenied) {
    return RespondError(exchange, error);
  }
  return RespondError(exchange, 401, error.message,
                      {{"WWW-Authenticate", kChallenge}});
}

awaitable<Status> RespondForbidden(http::Exchange& exchange,
                                   const auth::Principal& who) {
  if (who.token == 0) {
    return RespondUnauthorized(
        exchange, {ErrorKind::kPermissionDenied, "a token is needed"});
  }
  return RespondError(exchange, 403, "the token does not allow this");
}

awaitable<std::optional<auth::Principal>> FindPrincipal(
    http::Exchange& exchange, const store::Tokens& tokens) {
  Result<auth::Principal> who = Authenticate(exchange.request(), tokens);
  if (who.ok()) co_return std::move(*who);
  co_await RespondUnauthorized(exchange, who.error());
  co_return std::nullopt;
}

}  // namespace ingot::api
