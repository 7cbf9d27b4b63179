#include "daemon/store/locks.h"

#include <string>
#include <utility>

#include "daemon/store/append.h"
#include "daemon/store/git_tree.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/repository.h"

namespace ingot::store {

Result<std::unique_ptr<Locks>> Locks::Open(Journal* journal,
                                           const Index* index) {
  INGOT_ASSIGN(const uint64_t largest, LargestNumber(*index, kLockNumbers));
  return std::unique_ptr<Locks>(new Locks(journal, index, largest + 1));
}

Result<LockInfo> Locks::Create(uint64_t repository, const Lock& lock) {
  const auto parts = SplitPath(lock.path);
  if (!parts.ok()) return parts.error();
  if (!IsNamePart(lock.owner)) {
    return InvalidArgument("lock: '" + lock.owner + "': not a token's name");
  }
  // Not a rule of the journal: another version may have another limit.
  INGOT_ASSIGN(const size_t count, CountLocks(*index_, repository, kMaxLocks));
  if (count >= kMaxLocks) {
    return Error{ErrorKind::kResourceExhausted,
                 "the repository has " + std::to_string(count) + " locks"};
  }
  const uint64_t number = next_number_++;
  INGOT_TRY(AppendRecord(journal_, LockedRecord{repository, number, lock}));
  INGOT_ASSIGN(std::optional<LockInfo> info, Find(repository, number));
  if (info) return std::move(*info);
  // It has been removed already.
  return LockInfo{number, journal_->now(), lock};
}

Status Locks::Remove(uint64_t repository, uint64_t number) {
  return AppendRecord(journal_, UnlockedRecord{repository, number});
}

Result<std::optional<LockInfo>> Locks::Find(uint64_t repository,
                                            uint64_t number) const {
  return FindLock(*index_, repository, number);
}

Result<std::optional<LockInfo>> Locks::Find(uint64_t repository,
                                            std::string_view path) const {
  return FindLock(*index_, repository, path);
}

Result<std::vector<LockInfo>> Locks::List(uint64_t repository, uint64_t after,
                                          size_t limit) const {
  return ListLocks(*index_, repository, after, limit);
}

}  // namespace ingot::store
