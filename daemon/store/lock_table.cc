#include "daemon/store/lock_table.h"

#include <string>
#include <utility>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "daemon/store/index_keys.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/repository_table.h"

namespace ingot::store {
namespace {

constexpr std::string_view kRows = "index, locks";

IndexKey LocksKey(uint64_t repository) {
  return IndexKey(IndexTable::kLocks).Add(repository);
}
IndexKey LockKey(uint64_t repository, uint64_t number) {
  return LocksKey(repository).Add(number);
}
IndexKey PathsKey(uint64_t repository) {
  return IndexKey(IndexTable::kLockedPaths).Add(repository);
}

// Its time, and its record's payload.
Result<LockInfo> ParseLock(std::string_view row) {
  ByteReader reader(AsBytes(row), kRows);
  LockInfo info;
  INGOT_ASSIGN(info.time, reader.ReadVarint());
  INGOT_ASSIGN(LockedRecord record, LockedRecord::Read(&reader));
  info.number = record.number;
  info.lock = std::move(record.lock);
  return info;
}

}  // namespace

Status Apply(const LockedRecord& record, uint64_t time, IndexWriter* index) {
  INGOT_TRY(ExpectRepository(*index, record.repository));
  INGOT_ASSIGN(const auto same_number,
               FindLock(*index, record.repository, record.number));
  INGOT_ASSIGN(
      const auto same_path,
      FindLock(*index, record.repository, std::string_view(record.lock.path)));
  if (same_number || same_path) {
    return Error{ErrorKind::kConflict, record.lock.path + ": is locked"};
  }
  std::vector<std::byte> row;
  ByteWriter writer(&row);
  writer.WriteVarint(time);
  record.Write(&writer);
  index->Put(LockKey(record.repository, record.number), AsText(row));
  std::vector<std::byte> number;
  ByteWriter(&number).WriteVarint(record.number);
  index->Put(PathsKey(record.repository).Add(record.lock.path), AsText(number));
  return RaiseLargestNumber(kLockNumbers, record.number, index);
}

Status Apply(const UnlockedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(const auto found,
               FindLock(*index, record.repository, record.number));
  if (!found) {
    return Error{ErrorKind::kNotFound,
                 "lock " + std::to_string(record.number) + ": not found"};
  }
  index->Delete(LockKey(record.repository, record.number));
  index->Delete(PathsKey(record.repository).Add(found->lock.path));
  return {};
}

Status EndLocks(uint64_t repository, IndexWriter* index) {
  INGOT_TRY(index->DeleteRows(LocksKey(repository)));
  return index->DeleteRows(PathsKey(repository));
}

Result<std::optional<LockInfo>> FindLock(const IndexReader& index,
                                         uint64_t repository, uint64_t number) {
  INGOT_ASSIGN(const std::optional<std::string> row,
               index.Get(LockKey(repository, number)));
  if (!row) return std::optional<LockInfo>();
  INGOT_ASSIGN(LockInfo info, ParseLock(*row));
  return std::optional(std::move(info));
}

Result<std::optional<LockInfo>> FindLock(const IndexReader& index,
                                         uint64_t repository,
                                         std::string_view path) {
  INGOT_ASSIGN(const std::optional<std::string> row,
               index.Get(PathsKey(repository).Add(path)));
  if (!row) return std::optional<LockInfo>();
  ByteReader reader(AsBytes(*row), kRows);
  INGOT_ASSIGN(const uint64_t number, reader.ReadVarint());
  return FindLock(index, repository, number);
}

Result<std::vector<LockInfo>> ListLocks(const IndexReader& index,
                                        uint64_t repository, uint64_t after,
                                        size_t limit) {
  std::vector<LockInfo> locks;
  if (limit == 0) return locks;
  INGOT_TRY(index.ScanAfter(
      LocksKey(repository), LockKey(repository, after),
      [&](std::string_view, std::string_view row) -> Result<bool> {
        INGOT_ASSIGN(LockInfo info, ParseLock(row));
        locks.push_back(std::move(info));
        return locks.size() < limit;
      }));
  return locks;
}

Result<size_t> CountLocks(const IndexReader& index, uint64_t repository,
                          size_t limit) {
  size_t count = 0;
  INGOT_TRY(
      index.Scan(LocksKey(repository), [&](std::string_view, std::string_view) {
        return Result<bool>(++count < limit);
      }));
  return count;
}

}  // namespace ingot::store
