#include "daemon/store/grant_table.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "daemon/store/index_keys.h"
#include "daemon/store/pack_table.h"
#include "daemon/store/repository_table.h"
#include "daemon/store/staged_table.h"

namespace ingot::store {
namespace {

IndexKey FilesOf(uint64_t repository) {
  return IndexKey(IndexTable::kGrantsByRepository).Add(repository);
}
IndexKey RepositoriesOf(const Digest& file) {
  return IndexKey(IndexTable::kGrantsByFile).Add(file);
}

// Whether there is something to point to, in whatever state.
Result<bool> HasCopy(const IndexReader& index, const Digest& file) {
  INGOT_ASSIGN(const auto staged, FindStaged(index, file));
  if (staged && !staged->damaged) return true;
  INGOT_ASSIGN(const std::vector<PackPlace> packed, FindPackFile(index, file));
  return std::ranges::any_of(
      packed, [](const PackPlace& place) { return !place.damaged; });
}

Result<uint64_t> ParseTime(std::string_view value) {
  ByteReader reader(AsBytes(value), "index, grants");
  return reader.ReadVarint();
}

void DeleteGrant(uint64_t repository, const Digest& file, IndexWriter* index) {
  index->Delete(FilesOf(repository).Add(file));
  index->Delete(RepositoriesOf(file).Add(repository));
}

}  // namespace

Status Apply(const GrantedRecord& record, uint64_t time, IndexWriter* index) {
  INGOT_TRY(ExpectRepository(*index, record.repository));
  INGOT_ASSIGN(const bool has_copy, HasCopy(*index, record.file));
  if (!has_copy) {
    return Error{ErrorKind::kNotFound,
                 ToHex(record.file) + ": neither staged nor packed"};
  }
  std::vector<std::byte> value;
  ByteWriter(&value).WriteVarint(time);
  index->Put(FilesOf(record.repository).Add(record.file), AsText(value));
  index->Put(RepositoriesOf(record.file).Add(record.repository), {});
  return {};
}

Status Apply(const GrantEndedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(const std::optional<uint64_t> granted,
               GrantedAt(*index, record.repository, record.file));
  if (!granted) {
    return Error{ErrorKind::kNotFound, ToHex(record.file) + ": not granted"};
  }
  if (record.granted_by && *granted > *record.granted_by) {
    return Error{ErrorKind::kConflict,
                 ToHex(record.file) + ": was granted again"};
  }
  DeleteGrant(record.repository, record.file, index);
  return {};
}

Status EndGrants(uint64_t repository, IndexWriter* index) {
  INGOT_ASSIGN(const std::vector<Digest> files,
               ListGranted(*index, repository, SIZE_MAX));
  for (const Digest& file : files) DeleteGrant(repository, file, index);
  return {};
}

Result<std::vector<uint64_t>> ListGrantsOf(const IndexReader& index,
                                           const Digest& file) {
  std::vector<uint64_t> repositories;
  INGOT_TRY(index.Scan(RepositoriesOf(file),
                       [&](std::string_view key, std::string_view) {
                         repositories.push_back(LastNumber(key));
                         return Result<bool>(true);
                       }));
  return repositories;
}

Result<bool> HasGrants(const IndexReader& index, const Digest& file) {
  return index.HasRows(RepositoriesOf(file));
}

Result<std::vector<Digest>> ListGranted(const IndexReader& index,
                                        uint64_t repository, size_t limit,
                                        uint64_t until) {
  std::vector<Digest> files;
  if (limit == 0) return files;
  INGOT_TRY(index.Scan(
      FilesOf(repository),
      [&](std::string_view key, std::string_view value) -> Result<bool> {
        INGOT_ASSIGN(const uint64_t time, ParseTime(value));
        if (time <= until) files.push_back(LastDigest(key));
        return files.size() < limit;
      }));
  return files;
}

Result<std::optional<uint64_t>> GrantedAt(const IndexReader& index,
                                          uint64_t repository,
                                          const Digest& file) {
  INGOT_ASSIGN(const auto row, index.Get(FilesOf(repository).Add(file)));
  if (!row) return std::optional<uint64_t>();
  INGOT_ASSIGN(const uint64_t time, ParseTime(*row));
  return std::optional(time);
}

Result<bool> IsGrantedWithoutCopy(const IndexReader& index, const Digest& file,
                                  WholeCopies* packed) {
  INGOT_ASSIGN(const bool granted, HasGrants(index, file));
  if (!granted) return false;
  INGOT_ASSIGN(const auto staged, FindStaged(index, file));
  if (staged && !staged->damaged) return false;
  INGOT_ASSIGN(const bool has_copy, packed->HasFile(file));
  return !has_copy;
}

}  // namespace ingot::store
