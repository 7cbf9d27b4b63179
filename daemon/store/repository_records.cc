#include "daemon/store/repository_records.h"

#include <algorithm>
#include <utility>

namespace ingot::store {
namespace {

void WriteRepository(const Repository& repository, ByteWriter* writer) {
  writer->WriteU8(static_cast<uint8_t>(repository.name.kind));
  WriteFlag(repository.is_private, writer);
  writer->WriteString(repository.name.space);
  writer->WriteString(repository.name.name);
}

Result<Repository> ReadRepository(ByteReader* reader) {
  Repository repository;
  INGOT_ASSIGN(const uint8_t kind, reader->ReadU8());
  if (kind < 1 || kind > 3) {
    return reader->Corrupt("kind of repository " + std::to_string(kind));
  }
  repository.name.kind = static_cast<RepositoryKind>(kind);
  INGOT_ASSIGN(repository.is_private, ReadFlag(reader));
  for (std::string* part : {&repository.name.space, &repository.name.name}) {
    INGOT_ASSIGN(*part, reader->ReadString(kMaxNameBytes));
    if (!IsNamePart(*part)) return reader->Corrupt("name of a repository");
  }
  if (repository.name.name.empty()) return reader->Corrupt("empty name");
  return repository;
}

template <typename RepositoryRecord>
Result<RepositoryRecord> ReadNamed(ByteReader* reader) {
  RepositoryRecord record;
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  INGOT_ASSIGN(record.repository, ReadRepository(reader));
  return record;
}

template <typename GrantRecord>
Result<GrantRecord> ReadGrant(ByteReader* reader) {
  GrantRecord record;
  INGOT_ASSIGN(record.repository, ReadNumber(reader));
  INGOT_TRY(ReadAlgorithm(reader));
  INGOT_ASSIGN(record.file, ReadDigest(reader));
  return record;
}

template <typename GrantRecord>
void WriteGrant(const GrantRecord& record, ByteWriter* writer) {
  writer->WriteVarint(record.repository);
  WriteAlgorithm(writer);
  writer->WriteBytes(record.file.bytes);
}

}  // namespace

void RepositoryCreatedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(number);
  WriteRepository(repository, writer);
}

Result<RepositoryCreatedRecord> RepositoryCreatedRecord::Read(
    ByteReader* reader) {
  return ReadNamed<RepositoryCreatedRecord>(reader);
}

void RepositoryChangedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(number);
  WriteRepository(repository, writer);
}

Result<RepositoryChangedRecord> RepositoryChangedRecord::Read(
    ByteReader* reader) {
  return ReadNamed<RepositoryChangedRecord>(reader);
}

void GitObjectRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(repository);
  writer->WriteU8(static_cast<uint8_t>(object.type));
  writer->WriteBytes(object.bytes);
}

Result<GitObjectRecord> GitObjectRecord::Read(ByteReader* reader) {
  GitObjectRecord record;
  INGOT_ASSIGN(record.repository, ReadNumber(reader));
  INGOT_ASSIGN(const uint8_t type, reader->ReadU8());
  if (type < 1 || type > 3) {
    return reader->Corrupt("type of git object " + std::to_string(type));
  }
  record.object.type = static_cast<GitType>(type);
  if (reader->remaining() > kMaxGitObjectBytes) {
    return reader->Corrupt("git object of more than " +
                           std::to_string(kMaxGitObjectBytes) + " bytes");
  }
  INGOT_ASSIGN(const ByteSpan bytes, reader->ReadBytes(reader->remaining()));
  record.object.bytes.assign(bytes.begin(), bytes.end());
  return record;
}

void RefChangedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(repository);
  writer->WriteString(name);
  for (const std::optional<GitId>* id : {&before, &after}) {
    WriteFlag(id->has_value(), writer);
    if (*id) writer->WriteBytes((*id)->bytes);
  }
}

Result<RefChangedRecord> RefChangedRecord::Read(ByteReader* reader) {
  RefChangedRecord record;
  INGOT_ASSIGN(record.repository, ReadNumber(reader));
  INGOT_ASSIGN(record.name, reader->ReadString(kMaxRefNameBytes));
  if (!IsRefName(record.name)) return reader->Corrupt("name of a ref");
  for (std::optional<GitId>* id : {&record.before, &record.after}) {
    INGOT_ASSIGN(const bool there, ReadFlag(reader));
    if (!there) continue;
    id->emplace();
    INGOT_ASSIGN(const ByteSpan bytes, reader->ReadBytes(sizeof(GitId)));
    std::ranges::copy(bytes, (*id)->bytes.begin());
  }
  return record;
}

void GrantedRecord::Write(ByteWriter* writer) const {
  WriteGrant(*this, writer);
}

Result<GrantedRecord> GrantedRecord::Read(ByteReader* reader) {
  return ReadGrant<GrantedRecord>(reader);
}

void GrantEndedRecord::Write(ByteWriter* writer) const {
  WriteGrant(*this, writer);
  if (granted_by) writer->WriteVarint(*granted_by);
}

Result<GrantEndedRecord> GrantEndedRecord::Read(ByteReader* reader) {
  INGOT_ASSIGN(auto record, ReadGrant<GrantEndedRecord>(reader));
  if (reader->remaining() > 0) {
    INGOT_ASSIGN(record.granted_by, reader->ReadVarint());
  }
  return record;
}

}  // namespace ingot::store
