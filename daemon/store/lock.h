// Lock: a path of a repository that one token's owner is about to change.
//
// Thread-safety: a value.

#ifndef INGOT_DAEMON_STORE_LOCK_H_
#define INGOT_DAEMON_STORE_LOCK_H_

#include <cstdint>
#include <string>

namespace ingot::store {

struct Lock {
  std::string path;
  uint64_t token = 0;  // its number; 0: the store had none
  std::string owner;   // the token's name, for people; may be empty
  bool operator==(const Lock&) const = default;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_LOCK_H_
