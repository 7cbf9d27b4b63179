#include "daemon/store/lock_records.h"

#include "daemon/store/git_tree.h"
#include "daemon/store/record_fields.h"
#include "daemon/store/repository.h"

namespace ingot::store {

void LockedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(repository);
  writer->WriteVarint(number);
  writer->WriteVarint(lock.token);
  writer->WriteString(lock.owner);
  writer->WriteString(lock.path);
}

Result<LockedRecord> LockedRecord::Read(ByteReader* reader) {
  LockedRecord record;
  INGOT_ASSIGN(record.repository, ReadNumber(reader));
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  INGOT_ASSIGN(record.lock.token, reader->ReadVarint());
  INGOT_ASSIGN(record.lock.owner, reader->ReadString(kMaxNameBytes));
  if (record.lock.token > kMaxNumber || !IsNamePart(record.lock.owner)) {
    return reader->Corrupt("owner of a lock");
  }
  INGOT_ASSIGN(record.lock.path, reader->ReadString(kMaxPathBytes));
  if (!SplitPath(record.lock.path).ok()) {
    return reader->Corrupt("path of a lock");
  }
  return record;
}

void UnlockedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(repository);
  writer->WriteVarint(number);
}

Result<UnlockedRecord> UnlockedRecord::Read(ByteReader* reader) {
  UnlockedRecord record;
  INGOT_ASSIGN(record.repository, ReadNumber(reader));
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  return record;
}

}  // namespace ingot::store
