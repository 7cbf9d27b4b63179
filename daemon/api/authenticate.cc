#include "daemon/api/authenticate.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/auth/credentials.h"

namespace ingot::api {

using boost::asio::awaitable;

Result<auth::Principal> Authenticate(const http::Request& request,
                                     const store::Tokens& tokens) {
  const std::optional<std::string_view> header =
      request.Header("Authorization");
  if (!header) {
    INGOT_ASSIGN(const bool any, tokens.Any());
    return auth::Principal{.right = any ? auth::Right::kNothing
                                        : auth::Right::kAdmin};
  }
  INGOT_ASSIGN(const std::string secret, auth::SecretOf(*header));
  INGOT_ASSIGN(const auto found, tokens.Find(secret));
  if (!found) {
    return Error{ErrorKind::kPermissionDenied,
                 "Invalid credentials in Authorization header"};
  }
  return auth::Principal{.token = found->number,
                         .right = static_cast<auth::Right>(found->token.scope),
                         .space = found->token.space,
                         .repository = found->token.repository};
}

awaitable<Status> RespondUnauthorized(http::Exchange& exchange,
                                      const Error& error) {
  if (error.kind != ErrorKind::kPermissionDenied) {
    return RespondError(exchange, error);
  }
  return RespondError(exchange, 401, error.message,
                      {{"WWW-Authenticate", "Basic realm=\"ingot\""}});
}

awaitable<Status> RespondForbidden(http::Exchange& exchange,
                                   const auth::Principal& who) {
  if (who.token == 0) {
    return RespondUnauthorized(
        exchange, {ErrorKind::kPermissionDenied, "a token is needed"});
  }
  return RespondError(exchange, 403, "the token does not allow this");
}

}  // namespace ingot::api
