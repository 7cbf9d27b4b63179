// Access: what somebody may do.
//
// Thread-safety: values and functions.

#ifndef INGOT_DAEMON_AUTH_ACCESS_H_
#define INGOT_DAEMON_AUTH_ACCESS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::auth {

// Each right includes those before it.
enum class Right : uint8_t { kNothing = 0, kRead = 1, kWrite = 2, kAdmin = 3 };

// Somebody, as far as a request says who.
struct Principal {
  uint64_t token = 0;  // its number; 0: anonymous
  Right right = Right::kNothing;
  std::string space = {};       // the only namespace; empty: all
  std::string repository = {};  // the only name in it; empty: all
  std::string name = {};        // the token's, for people; may be empty
};

// Whether `who` may do what needs `right` to a repository. Reading what is
// public needs none.
inline bool MayAccess(const Principal& who, Right right, std::string_view space,
                      std::string_view repository, bool is_public) {
  if (right == Right::kRead && is_public) return true;
  return who.right >= right && (who.space.empty() || who.space == space) &&
         (who.repository.empty() || who.repository == repository);
}

// The same for the daemon as a whole: tokens of a namespace or a repository
// have no rights there.
inline bool MayAdminister(const Principal& who) {
  return who.right == Right::kAdmin && who.space.empty() &&
         who.repository.empty();
}

}  // namespace ingot::auth

#endif  // INGOT_DAEMON_AUTH_ACCESS_H_
