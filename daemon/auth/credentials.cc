#include "daemon/auth/credentials.h"

#include <openssl/evp.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <optional>
#include <vector>

#include "codec/bytes.h"

namespace ingot::auth {
namespace {

constexpr size_t kMaxBytes = 1024;

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > kMaxBytes) return std::nullopt;
  const ByteSpan bytes = AsBytes(text);
  std::vector<std::byte> decoded(text.size() / 4 * 3 + 1);
  const int size = EVP_DecodeBlock(AsU8(decoded.data()), AsU8(bytes.data()),
                                   static_cast<int>(bytes.size()));
  if (size < 0) return std::nullopt;
  // What stands for padding is decoded as zeros.
  const size_t padding = text.size() - std::min(text.find('='), text.size());
  if (padding > 2) return std::nullopt;
  decoded.resize(static_cast<size_t>(size) - padding);
  return std::string(AsText(decoded));
}

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
  const std::optional<std::string> pair = DecodeBase64(rest);
  if (!pair) return refused;
  const size_t colon = pair->find(':');
  if (colon == std::string::npos) return refused;
  return pair->substr(colon + 1);
}

}  // namespace ingot::auth
