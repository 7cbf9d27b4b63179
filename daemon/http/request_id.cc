#include "daemon/http/request_id.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "codec/bytes.h"
#include "codec/digest.h"

namespace ingot::http {

std::string MakeRequestId() {
  std::array<std::byte, 16> bytes = {};
  // Ids are no secrets: without entropy they are merely not unique.
  (void)RAND_bytes(AsU8(bytes.data()), static_cast<int>(bytes.size()));
  return ToHex(bytes);
}

bool IsRequestId(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, allowed);
}

}  // namespace ingot::http
