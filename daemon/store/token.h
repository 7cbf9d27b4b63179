// Token: what lets a client do something, as the store keeps it. Its secret is
// known to the client alone; the store has the secret's SHA-256.
//
// Thread-safety: a value.

#ifndef INGOT_DAEMON_STORE_TOKEN_H_
#define INGOT_DAEMON_STORE_TOKEN_H_

#include <cstdint>
#include <string>

#include "codec/digest.h"

namespace ingot::store {

// Each includes those before it.
enum class TokenScope : uint8_t { kRead = 1, kWrite = 2, kAdmin = 3 };

struct Token {
  std::string name;  // for people
  Digest secret;     // SHA-256 of the secret
  TokenScope scope = TokenScope::kRead;
  std::string space = {};       // the only namespace; empty: all
  std::string repository = {};  // the only name in it; empty: all
  uint64_t expires = 0;         // milliseconds since 1970; 0: never
  bool operator==(const Token&) const = default;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_TOKEN_H_
