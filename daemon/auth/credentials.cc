#include "daemon/auth/credentials.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>

#include "codec/bytes.h"
#include "daemon/auth/base64.h"

namespace ingot::auth {
namespace {

constexpr size_t kMaxBytes = 1024;

}  // namespace

Result<std::string> SecretOf(std::string_view authorization) {
  const Error refused = {ErrorKind::kPermissionDenied,
                         "Authorization: expected 'Bearer TOKEN' or 'Basic' "
                         "with the token as password"};
  const size_t space = authorization.find(' ');
  if (space == std::string_view::npos || authorization.size() > kMaxBytes) {
    return refused;
  }
  const std::string_view scheme = authorization.substr(0, space);
  const std::string_view rest = authorization.substr(std::min(
      authorization.find_first_not_of(' ', space), authorization.size()));
  if (rest.empty()) return refused;
  if (boost::beast::iequals(scheme, "bearer")) return std::string(rest);
  if (!boost::beast::iequals(scheme, "basic")) return refused;
  const auto decoded = DecodeBase64(rest);
  if (!decoded) return refused;
  const std::string_view pair = AsText(*decoded);
  const size_t colon = pair.find(':');
  if (colon == std::string_view::npos) return refused;
  return std::string(pair.substr(colon + 1));
}

}  // namespace ingot::auth
