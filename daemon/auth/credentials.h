// Credentials: the secret that a request carries (RFC 6750, RFC 7617).
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_AUTH_CREDENTIALS_H_
#define INGOT_DAEMON_AUTH_CREDENTIALS_H_

#include <string>
#include <string_view>

#include "codec/result.h"

namespace ingot::auth {

// Of an Authorization header: a bearer token, or the password of a user whose
// name is not looked at. kPermissionDenied for what is neither.
Result<std::string> SecretOf(std::string_view authorization);

}  // namespace ingot::auth

#endif  // INGOT_DAEMON_AUTH_CREDENTIALS_H_
