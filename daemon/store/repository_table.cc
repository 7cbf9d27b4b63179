#include "daemon/store/repository_table.h"

#include <algorithm>
#include <utility>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "daemon/store/grant_table.h"
#include "daemon/store/index_keys.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/lock_table.h"

namespace ingot::store {
namespace {

constexpr std::string_view kRows = "index, repositories";

IndexKey RepositoryKey(uint64_t number) {
  return IndexKey(IndexTable::kRepositories).Add(number);
}
// Names hold no zero byte, so that one never is the beginning of another.
IndexKey NameKey(const RepositoryName& name) {
  return IndexKey(IndexTable::kRepositoryNames)
      .Add(static_cast<uint8_t>(name.kind))
      .Add(name.space)
      .Add(std::string_view("\0", 1))
      .Add(name.name);
}
IndexKey ObjectsKey(uint64_t repository) {
  return IndexKey(IndexTable::kGitObjects).Add(repository);
}
IndexKey ObjectKey(uint64_t repository, const GitId& id) {
  return ObjectsKey(repository).Add(AsText(id.bytes));
}
IndexKey RefsKey(uint64_t repository) {
  return IndexKey(IndexTable::kRefs).Add(repository);
}

Error NoRepository(const std::string& name) {
  return {ErrorKind::kNotFound, "repository " + name + ": not found"};
}

Error IsTaken(const RepositoryName& name) {
  return {ErrorKind::kConflict,
          "repository " + name.space + "/" + name.name + ": exists already"};
}

void PutRepository(const RepositoryInfo& info, IndexWriter* index) {
  std::vector<std::byte> row;
  ByteWriter writer(&row);
  writer.WriteVarint(info.created);
  RepositoryCreatedRecord{info.number, info.repository}.Write(&writer);
  index->Put(RepositoryKey(info.number), AsText(row));
  std::vector<std::byte> number;
  ByteWriter(&number).WriteVarint(info.number);
  index->Put(NameKey(info.repository.name), AsText(number));
}

Result<GitId> ParseId(std::string_view value) {
  ByteReader reader(AsBytes(value), kRows);
  GitId id;
  INGOT_ASSIGN(const ByteSpan bytes, reader.ReadBytes(id.bytes.size()));
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

Result<uint64_t> ParseNumber(std::string_view value) {
  ByteReader reader(AsBytes(value), kRows);
  return reader.ReadVarint();
}

}  // namespace

Status Apply(const RepositoryCreatedRecord& record, uint64_t time,
             IndexWriter* index) {
  INGOT_ASSIGN(const auto same_number, FindRepository(*index, record.number));
  INGOT_ASSIGN(const auto same_name,
               FindRepository(*index, record.repository.name));
  if (same_number || same_name) return IsTaken(record.repository.name);
  PutRepository({record.number, record.repository, time}, index);
  return RaiseLargestNumber(kRepositoryNumbers, record.number, index);
}

Status Apply(const RepositoryChangedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(std::optional<RepositoryInfo> info,
               FindRepository(*index, record.number));
  if (!info) return NoRepository(std::to_string(record.number));
  INGOT_ASSIGN(const auto same_name,
               FindRepository(*index, record.repository.name));
  if (same_name && same_name->number != record.number) {
    return IsTaken(record.repository.name);
  }
  index->Delete(NameKey(info->repository.name));
  info->repository = record.repository;
  PutRepository(*info, index);
  return {};
}

Status Apply(const RepositoryDeletedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(const std::optional<RepositoryInfo> info,
               FindRepository(*index, record.number));
  if (!info) return NoRepository(std::to_string(record.number));
  INGOT_TRY(index->DeleteRows(ObjectsKey(record.number)));
  INGOT_TRY(index->DeleteRows(RefsKey(record.number)));
  INGOT_TRY(EndGrants(record.number, index));
  INGOT_TRY(EndLocks(record.number, index));
  index->Delete(NameKey(info->repository.name));
  index->Delete(RepositoryKey(record.number));
  return {};
}

Status Apply(const GitObjectRecord& record, IndexWriter* index) {
  INGOT_TRY(ExpectRepository(*index, record.repository));
  std::vector<std::byte> row;
  ByteWriter writer(&row);
  writer.WriteU8(static_cast<uint8_t>(record.object.type));
  writer.WriteBytes(record.object.bytes);
  index->Put(ObjectKey(record.repository, IdOf(record.object)), AsText(row));
  return {};
}

Status Apply(const RefChangedRecord& record, IndexWriter* index) {
  INGOT_TRY(ExpectRepository(*index, record.repository));
  INGOT_ASSIGN(const std::optional<GitId> now,
               FindRef(*index, record.repository, record.name));
  const auto text = [](const std::optional<GitId>& id) {
    return id ? ToHex(id->bytes) : std::string("nothing");
  };
  if (now != record.before) {
    return Error{ErrorKind::kConflict, "ref " + record.name + ": is " +
                                           text(now) + ", expected " +
                                           text(record.before)};
  }
  const IndexKey key = RefsKey(record.repository).Add(record.name);
  if (!record.after) {
    index->Delete(key);
    return {};
  }
  INGOT_ASSIGN(const std::optional<GitObject> commit,
               FindGitObject(*index, record.repository, *record.after));
  if (!commit || commit->type != GitType::kCommit) {
    return Error{ErrorKind::kNotFound,
                 "commit " + text(record.after) + ": not in the repository"};
  }
  index->Put(key, AsText(record.after->bytes));
  return {};
}

Status ExpectRepository(const IndexReader& index, uint64_t number) {
  INGOT_ASSIGN(const auto row, index.Get(RepositoryKey(number)));
  return row ? Status() : NoRepository(std::to_string(number));
}

Result<std::optional<RepositoryInfo>> FindRepository(const IndexReader& index,
                                                     uint64_t number) {
  INGOT_ASSIGN(const std::optional<std::string> row,
               index.Get(RepositoryKey(number)));
  if (!row) return std::optional<RepositoryInfo>();
  ByteReader reader(AsBytes(*row), kRows);
  RepositoryInfo info = {.number = number, .repository = {}};
  INGOT_ASSIGN(info.created, reader.ReadVarint());
  INGOT_ASSIGN(RepositoryCreatedRecord record,
               RepositoryCreatedRecord::Read(&reader));
  info.repository = std::move(record.repository);
  return std::optional(std::move(info));
}

Result<std::optional<RepositoryInfo>> FindRepository(
    const IndexReader& index, const RepositoryName& name) {
  INGOT_ASSIGN(const std::optional<std::string> row, index.Get(NameKey(name)));
  if (!row) return std::optional<RepositoryInfo>();
  INGOT_ASSIGN(const uint64_t number, ParseNumber(*row));
  return FindRepository(index, number);
}

Result<std::vector<RepositoryInfo>> ListRepositories(
    const IndexReader& index, RepositoryKind kind,
    const std::optional<std::string>& space, const RepositoryName& after,
    size_t limit) {
  IndexKey prefix(IndexTable::kRepositoryNames);
  prefix.Add(static_cast<uint8_t>(kind));
  if (space) prefix.Add(*space).Add(std::string_view("\0", 1));
  std::vector<uint64_t> numbers;
  if (limit == 0) return std::vector<RepositoryInfo>();
  INGOT_TRY(index.ScanAfter(
      prefix, NameKey(after),
      [&](std::string_view, std::string_view value) -> Result<bool> {
        INGOT_ASSIGN(const uint64_t number, ParseNumber(value));
        numbers.push_back(number);
        return numbers.size() < limit;
      }));
  std::vector<RepositoryInfo> found;
  for (const uint64_t number : numbers) {
    INGOT_ASSIGN(auto info, FindRepository(index, number));
    // None: it was deleted after its name had been read.
    if (info) found.push_back(std::move(*info));
  }
  return found;
}

Result<std::optional<GitObject>> FindGitObject(const IndexReader& index,
                                               uint64_t repository,
                                               const GitId& id) {
  INGOT_ASSIGN(const std::optional<std::string> row,
               index.Get(ObjectKey(repository, id)));
  if (!row) return std::optional<GitObject>();
  ByteReader reader(AsBytes(*row), kRows);
  INGOT_ASSIGN(const uint8_t type, reader.ReadU8());
  INGOT_ASSIGN(const ByteSpan bytes, reader.ReadBytes(reader.remaining()));
  return std::optional(
      GitObject{static_cast<GitType>(type), {bytes.begin(), bytes.end()}});
}

Result<std::optional<GitId>> FindRef(const IndexReader& index,
                                     uint64_t repository,
                                     std::string_view name) {
  INGOT_ASSIGN(const std::optional<std::string> row,
               index.Get(RefsKey(repository).Add(name)));
  if (!row) return std::optional<GitId>();
  INGOT_ASSIGN(const GitId id, ParseId(*row));
  return std::optional(id);
}

Result<std::map<std::string, GitId>> ListRefs(const IndexReader& index,
                                              uint64_t repository) {
  const IndexKey prefix = RefsKey(repository);
  const size_t skipped = std::string_view(prefix).size();
  std::map<std::string, GitId> refs;
  INGOT_TRY(index.Scan(
      prefix,
      [&](std::string_view key, std::string_view value) -> Result<bool> {
        INGOT_ASSIGN(const GitId id, ParseId(value));
        refs.emplace(key.substr(skipped), id);
        return true;
      }));
  return refs;
}

}  // namespace ingot::store
