// The rows of locks, as the journal's records say.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_LOCK_TABLE_H_
#define INGOT_DAEMON_STORE_LOCK_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/lock.h"
#include "daemon/store/lock_records.h"

namespace ingot::store {

struct LockInfo {
  uint64_t number = 0;
  uint64_t time = 0;  // since when; milliseconds since 1970
  Lock lock;
  bool operator==(const LockInfo&) const = default;
};

// kNotFound: no such repository; kConflict: the path is locked, or the number
// taken. `time` is the batch's.
Status Apply(const LockedRecord& record, uint64_t time, IndexWriter* index);
// kNotFound: no such lock.
Status Apply(const UnlockedRecord& record, IndexWriter* index);
// Ends all locks of a repository.
Status EndLocks(uint64_t repository, IndexWriter* index);

Result<std::optional<LockInfo>> FindLock(const IndexReader& index,
                                         uint64_t repository, uint64_t number);
Result<std::optional<LockInfo>> FindLock(const IndexReader& index,
                                         uint64_t repository,
                                         std::string_view path);
// By number: at most `limit`, those behind `after`.
Result<std::vector<LockInfo>> ListLocks(const IndexReader& index,
                                        uint64_t repository, uint64_t after,
                                        size_t limit);
// At most `limit` are counted.
Result<size_t> CountLocks(const IndexReader& index, uint64_t repository,
                          size_t limit);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_LOCK_TABLE_H_
