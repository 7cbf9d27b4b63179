#include "daemon/store/index_keys.h"

#include "codec/bytes.h"

namespace ingot::store {

IndexKey& IndexKey::Add(uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes_.push_back(static_cast<char>(number >> shift));
  }
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

}  // namespace ingot::store
