// Repository: what a repository is called and who may read it.
//
// Thread-safety: a value.

#ifndef INGOT_DAEMON_STORE_REPOSITORY_H_
#define INGOT_DAEMON_STORE_REPOSITORY_H_

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::store {

inline constexpr size_t kMaxNameBytes = 96;
inline constexpr size_t kMaxRefNameBytes = 255;

enum class RepositoryKind : uint8_t { kModel = 1, kDataset = 2, kSpace = 3 };

// Unique in a store.
struct RepositoryName {
  RepositoryKind kind = RepositoryKind::kModel;
  std::string space;  // namespace; may be empty
  std::string name;
  auto operator<=>(const RepositoryName&) const = default;
};

struct Repository {
  RepositoryName name;
  bool is_private = true;
  bool operator==(const Repository&) const = default;
};

// At most kMaxNameBytes of A-Z a-z 0-9 . _ -, and not "." or "..": fit for a
// namespace and, where not empty, for a name.
inline bool IsNamePart(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return text.size() <= kMaxNameBytes && text != "." && text != ".." &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// 1 to kMaxRefNameBytes bytes, none of them a control character or a space.
inline bool IsRefName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRefNameBytes &&
         std::ranges::all_of(text, [](char byte) {
           return static_cast<unsigned char>(byte) > ' ' && byte != 0x7F;
         });
}

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_REPOSITORY_H_
