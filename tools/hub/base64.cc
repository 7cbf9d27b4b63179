#include "tools/hub/base64.h"

#include <openssl/evp.h>

#include "codec/bytes.h"

namespace ingot {

std::string Base64(std::string_view bytes) {
  // OpenSSL ends it with a NUL.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(text.data()),
      AsU8(AsBytes(bytes).data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

}  // namespace ingot
