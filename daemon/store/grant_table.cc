#include "daemon/store/grant_table.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

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

Result<bool> HasCopy(const IndexReader& index, const Digest& file) {
  INGOT_ASSIGN(const auto staged, FindStaged(index, file));
  if (staged) return true;
  INGOT_ASSIGN(const std::vector<PackPlace> packed, FindPackFile(index, file));
  return !packed.empty();
}

void DeleteGrant(uint64_t repository, const Digest& file, IndexWriter* index) {
  index->Delete(FilesOf(repository).Add(file));
  index->Delete(RepositoriesOf(file).Add(repository));
}

}  // namespace

Status Apply(const GrantedRecord& record, IndexWriter* index) {
  INGOT_TRY(ExpectRepository(*index, record.repository));
  INGOT_ASSIGN(const bool has_copy, HasCopy(*index, record.file));
  if (!has_copy) {
    return Error{ErrorKind::kNotFound,
                 ToHex(record.file) + ": neither staged nor packed"};
  }
  index->Put(FilesOf(record.repository).Add(record.file), {});
  index->Put(RepositoriesOf(record.file).Add(record.repository), {});
  return {};
}

Status Apply(const GrantEndedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(const bool granted,
               IsGranted(*index, record.repository, record.file));
  if (!granted) {
    return Error{ErrorKind::kNotFound, ToHex(record.file) + ": not granted"};
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

Result<std::vector<Digest>> ListGranted(const IndexReader& index,
                                        uint64_t repository, size_t limit) {
  std::vector<Digest> files;
  if (limit == 0) return files;
  INGOT_TRY(index.Scan(FilesOf(repository),
                       [&](std::string_view key, std::string_view) {
                         files.push_back(LastDigest(key));
                         return Result<bool>(files.size() < limit);
                       }));
  return files;
}

Result<bool> IsGranted(const IndexReader& index, uint64_t repository,
                       const Digest& file) {
  INGOT_ASSIGN(const auto row, index.Get(FilesOf(repository).Add(file)));
  return row.has_value();
}

Status ExpectCopyIfGranted(const IndexReader& index, const Digest& file) {
  INGOT_ASSIGN(const bool has_copy, HasCopy(index, file));
  if (has_copy) return {};
  INGOT_ASSIGN(const bool granted, index.HasRows(RepositoriesOf(file)));
  if (!granted) return {};
  return Error{ErrorKind::kConflict,
               ToHex(file) + ": the last copy of what is granted"};
}

}  // namespace ingot::store
