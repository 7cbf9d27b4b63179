#include "daemon/auth/base64.h"

#include <openssl/evp.h>

#include <algorithm>

#include "codec/bytes.h"

namespace ingot::auth {

std::optional<std::vector<std::byte>> DecodeBase64(std::string_view text) {
  // What stands for padding is decoded as zeros. Only what OpenSSL would pass
  // over, and what is no padding, is left to be refused here.
  const size_t end = std::min(text.find('='), text.size());
  const size_t padding = text.size() - end;
  if (text.size() % 4 != 0 || padding > 2 ||
      text.substr(end).find_first_not_of('=') != std::string_view::npos ||
      text.find_first_of(" \t\r\n-") != std::string_view::npos) {
    return std::nullopt;
  }
  std::vector<std::byte> decoded(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(AsU8(decoded.data()), AsU8(AsBytes(text).data()),
                      static_cast<int>(text.size()));
  if (size != static_cast<int>(decoded.size())) return std::nullopt;
  decoded.resize(decoded.size() - padding);
  return decoded;
}

}  // namespace ingot::auth
