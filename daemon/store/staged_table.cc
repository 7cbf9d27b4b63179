#include "daemon/store/staged_table.h"

#include <string>

#include "daemon/store/grant_table.h"
#include "daemon/store/index_keys.h"
#include "daemon/store/keys.h"
#include "daemon/store/largest_number.h"

namespace ingot::store {
namespace {

IndexKey NumberKey(uint64_t number) {
  return IndexKey(IndexTable::kStagedNumbers).Add(number);
}

IndexKey DigestKey(const Digest& digest) {
  return IndexKey(IndexTable::kStagedDigests).Add(digest);
}

// Values are payloads of staged records.
Result<StagedRecord> ParseRow(std::string_view value) {
  ByteReader reader(AsBytes(value), "index, staged files");
  return StagedRecord::Read(&reader);
}

Result<std::optional<StagedRecord>> Find(const IndexReader& index,
                                         const IndexKey& key) {
  INGOT_ASSIGN(const std::optional<std::string> value, index.Get(key));
  if (!value) return std::optional<StagedRecord>();
  INGOT_ASSIGN(const StagedRecord record, ParseRow(*value));
  return std::optional(record);
}

}  // namespace

Status Apply(const StagedRecord& record, IndexWriter* index) {
  // Numbers need not be in order: uploads overlap.
  INGOT_ASSIGN(const auto same_number, FindStaged(*index, record.number));
  if (same_number) {
    return Error{
        ErrorKind::kConflict,
        NumberedKey(kStagedFolder, record.number) + ": is staged already"};
  }
  INGOT_ASSIGN(const auto same_digest, FindStaged(*index, record.digest));
  if (same_digest) {
    return Error{ErrorKind::kConflict,
                 ToHex(record.digest) + ": is staged already"};
  }
  const std::string row = RowOf(record);
  index->Put(NumberKey(record.number), row);
  index->Put(DigestKey(record.digest), row);
  return RaiseLargestNumber(kStagedFolder, record.number, index);
}

Status Apply(const UnstagedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(const auto staged, FindStaged(*index, record.number));
  if (!staged) {
    return Error{ErrorKind::kNotFound,
                 NumberedKey(kStagedFolder, record.number) + ": not staged"};
  }
  index->Delete(NumberKey(record.number));
  index->Delete(DigestKey(staged->digest));
  return ExpectCopyIfGranted(*index, staged->digest);
}

Result<std::optional<StagedRecord>> FindStaged(const IndexReader& index,
                                               const Digest& digest) {
  return Find(index, DigestKey(digest));
}

Result<std::optional<StagedRecord>> FindStaged(const IndexReader& index,
                                               uint64_t number) {
  return Find(index, NumberKey(number));
}

Result<std::vector<StagedRecord>> ListStaged(const IndexReader& index) {
  std::vector<StagedRecord> records;
  INGOT_TRY(
      index.Scan(IndexKey(IndexTable::kStagedNumbers),
                 [&](std::string_view, std::string_view value) -> Result<bool> {
                   INGOT_ASSIGN(const StagedRecord record, ParseRow(value));
                   records.push_back(record);
                   return true;
                 }));
  return records;
}

}  // namespace ingot::store
