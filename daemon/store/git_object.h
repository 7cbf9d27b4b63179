// Git's objects: what a repository's history is made of, under the ids that
// git gives them (gitformat-pack(5); the id is the SHA-1 of a header and the
// bytes).
//
// Thread-safety: values and functions.

#ifndef INGOT_DAEMON_STORE_GIT_OBJECT_H_
#define INGOT_DAEMON_STORE_GIT_OBJECT_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/digest.h"

namespace ingot::store {

struct GitId {
  std::array<std::byte, 20> bytes{};
  auto operator<=>(const GitId&) const = default;
};

using ingot::ToHex;
inline std::string ToHex(const GitId& id) { return ingot::ToHex(id.bytes); }
// The same the other way; nothing for anything but 40 lower-case hexadecimal
// digits.
std::optional<GitId> GitIdOfHex(std::string_view text);

enum class GitType : uint8_t { kCommit = 1, kTree = 2, kBlob = 3 };

inline constexpr size_t kMaxGitObjectBytes = 1 << 20;

struct GitObject {
  GitType type = GitType::kBlob;
  std::vector<std::byte> bytes;  // without git's header
  bool operator==(const GitObject&) const = default;
};

GitId IdOf(GitType type, ByteSpan bytes);
inline GitId IdOf(const GitObject& object) {
  return IdOf(object.type, object.bytes);
}

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_GIT_OBJECT_H_
