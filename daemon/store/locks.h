// Locks: which paths of repositories somebody is about to change (STORE.md,
// "Locks").
//
// Thread-safety: may be used from several threads at once. What changes
// something waits for the disk.

#ifndef INGOT_DAEMON_STORE_LOCKS_H_
#define INGOT_DAEMON_STORE_LOCKS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/journal.h"
#include "daemon/store/lock_table.h"

namespace ingot::store {

// Of one repository, about.
inline constexpr size_t kMaxLocks = 10'000;

class Locks {
 public:
  // Both must outlive the Locks.
  static Result<std::unique_ptr<Locks>> Open(Journal* journal,
                                             const Index* index);
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;

  // kInvalidArgument for a path or a name that STORE.md does not allow,
  // kConflict where the path is locked, kNotFound where there is no such
  // repository, kResourceExhausted where it has too many locks.
  Result<LockInfo> Create(uint64_t repository, const Lock& lock);
  // kNotFound where there is none.
  Status Remove(uint64_t repository, uint64_t number);

  Result<std::optional<LockInfo>> Find(uint64_t repository,
                                       uint64_t number) const;
  Result<std::optional<LockInfo>> Find(uint64_t repository,
                                       std::string_view path) const;
  // By number: at most `limit`, those behind `after`.
  Result<std::vector<LockInfo>> List(uint64_t repository, uint64_t after,
                                     size_t limit) const;

 private:
  Locks(Journal* journal, const Index* index, uint64_t next_number)
      : journal_(journal), index_(index), next_number_(next_number) {}

  Journal* const journal_;
  const Index* const index_;
  std::atomic<uint64_t> next_number_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_LOCKS_H_
