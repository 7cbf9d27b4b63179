#include "daemon/store/index_keys.h"

#include <algorithm>

#include "codec/bytes.h"

namespace ingot::store {

IndexKey& IndexKey::Add(uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes_.push_back(static_cast<char>(number >> shift));
  }
  return *this;
}

IndexKey& IndexKey::Add(uint8_t byte) {
  bytes_.push_back(static_cast<char>(byte));
  return *this;
}

IndexKey& IndexKey::Add(const Digest& digest) {
  bytes_.append(AsText(digest.bytes));
  return *this;
}

IndexKey& IndexKey::Add(std::string_view text) {
  bytes_.append(text);
  return *this;
}

uint64_t LastNumber(std::string_view key) {
  uint64_t number = 0;
  for (const char byte : key.substr(key.size() - sizeof(number))) {
    number = number << 8 | static_cast<uint8_t>(byte);
  }
  return number;
}

Digest LastDigest(std::string_view key) {
  Digest digest;
  const ByteSpan bytes = AsBytes(key).last(digest.bytes.size());
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

}  // namespace ingot::store
