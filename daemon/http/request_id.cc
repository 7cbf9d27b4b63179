#include "daemon/http/request_id.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace ingot::http {

std::string MakeRequestId() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 16> bytes = {};
  // Ids are no secrets: without entropy they are merely not unique.
  (void)RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  std::string id;
  id.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    id += kDigits[byte >> 4];
    id += kDigits[byte & 15];
  }
  return id;
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
