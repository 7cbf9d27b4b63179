#include "daemon/store/staged_table.h"

#include <set>
#include <string>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "daemon/store/grant_table.h"
#include "daemon/store/index_keys.h"
#include "daemon/store/keys.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/record_fields.h"

namespace ingot::store {
namespace {

IndexKey NumberKey(uint64_t number) {
  return IndexKey(IndexTable::kStagedNumbers).Add(number);
}

IndexKey DigestKey(const Digest& digest) {
  return IndexKey(IndexTable::kStagedDigests).Add(digest);
}

Result<StagedFile> ParseRow(std::string_view value) {
  ByteReader reader(AsBytes(value), "index, staged files");
  StagedFile file;
  INGOT_ASSIGN(file.time, reader.ReadVarint());
  INGOT_ASSIGN(file.damaged, ReadFlag(&reader));
  INGOT_ASSIGN(static_cast<StagedRecord&>(file), StagedRecord::Read(&reader));
  return file;
}

void PutFile(const StagedFile& file, IndexWriter* index) {
  std::vector<std::byte> value;
  ByteWriter writer(&value);
  writer.WriteVarint(file.time);
  WriteFlag(file.damaged, &writer);
  file.Write(&writer);
  index->Put(NumberKey(file.number), AsText(value));
  index->Put(DigestKey(file.digest), AsText(value));
}

Result<std::optional<StagedFile>> Find(const IndexReader& index,
                                       const IndexKey& key) {
  INGOT_ASSIGN(const std::optional<std::string> value, index.Get(key));
  if (!value) return std::optional<StagedFile>();
  INGOT_ASSIGN(const StagedFile file, ParseRow(*value));
  return std::optional(file);
}

}  // namespace

Status Apply(const StagedRecord& record, uint64_t time, IndexWriter* index) {
  // Numbers need not be in order: uploads overlap.
  INGOT_ASSIGN(const auto same_number, FindStaged(*index, record.number));
  if (same_number) {
    return Error{
        ErrorKind::kConflict,
        NumberedKey(kStagedFolder, record.number) + ": is staged already"};
  }
  INGOT_ASSIGN(const auto same_digest, FindStaged(*index, record.digest));
  if (same_digest && !same_digest->damaged) {
    return Error{ErrorKind::kConflict,
                 ToHex(record.digest) + ": is staged already"};
  }
  if (same_digest) index->Delete(NumberKey(same_digest->number));
  PutFile({record, time}, index);
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
  const std::set<uint64_t> none;
  WholeCopies packed(index, &none);
  INGOT_ASSIGN(const bool needed,
               IsGrantedWithoutCopy(*index, staged->digest, &packed));
  if (!needed) return {};
  return Error{ErrorKind::kConflict,
               ToHex(staged->digest) + ": the last copy of what is granted"};
}

Status Apply(const StagedDamagedRecord& record, IndexWriter* index) {
  INGOT_ASSIGN(auto staged, FindStaged(*index, record.number));
  if (!staged) {
    return Error{ErrorKind::kNotFound,
                 NumberedKey(kStagedFolder, record.number) + ": not staged"};
  }
  staged->damaged = true;
  PutFile(*staged, index);
  return {};
}

Result<std::optional<StagedFile>> FindStaged(const IndexReader& index,
                                             const Digest& digest) {
  return Find(index, DigestKey(digest));
}

Result<std::optional<StagedFile>> FindStaged(const IndexReader& index,
                                             uint64_t number) {
  return Find(index, NumberKey(number));
}

Result<std::vector<StagedFile>> ListStaged(const IndexReader& index) {
  std::vector<StagedFile> files;
  INGOT_TRY(
      index.Scan(IndexKey(IndexTable::kStagedNumbers),
                 [&](std::string_view, std::string_view value) -> Result<bool> {
                   INGOT_ASSIGN(const StagedFile file, ParseRow(value));
                   files.push_back(file);
                   return true;
                 }));
  return files;
}

}  // namespace ingot::store
