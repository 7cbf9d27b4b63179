#include "daemon/store/file_records.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "codec/reference_source.h"

namespace ingot::store {
namespace {

void WriteEntries(const std::vector<PackEntry>& entries, ByteWriter* writer) {
  writer->WriteVarint(entries.size());
  for (const PackEntry& entry : entries) {
    writer->WriteBytes(entry.id.digest.bytes);
    writer->WriteVarint(entry.id.length);
    writer->WriteVarint(entry.depth);
    writer->WriteVarint(entry.needs.size());
    for (const Digest& needed : entry.needs) writer->WriteBytes(needed.bytes);
  }
}

Result<std::vector<PackEntry>> ReadEntries(ByteReader* reader) {
  constexpr uint64_t kDigestBytes = sizeof(Digest);
  INGOT_ASSIGN(const uint64_t count,
               reader->ReadVarint(reader->remaining() / (kDigestBytes + 3),
                                  "number of entries"));
  std::vector<PackEntry> entries(count);
  for (PackEntry& entry : entries) {
    INGOT_ASSIGN(entry.id.digest, ReadDigest(reader));
    INGOT_ASSIGN(entry.id.length, reader->ReadVarint());
    INGOT_ASSIGN(entry.depth, reader->ReadVarint(kMaxDepth, "depth"));
    INGOT_ASSIGN(const uint64_t needs,
                 reader->ReadVarint(reader->remaining() / kDigestBytes,
                                    "number of needed objects"));
    entry.needs.resize(needs);
    for (Digest& needed : entry.needs) {
      INGOT_ASSIGN(needed, ReadDigest(reader));
    }
    if (std::adjacent_find(entry.needs.begin(), entry.needs.end(),
                           std::greater_equal<>()) != entry.needs.end()) {
      return reader->Corrupt("needed objects are not in order");
    }
  }
  return entries;
}

}  // namespace

void StagedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(number);
  writer->WriteVarint(length);
  WriteAlgorithm(writer);
  writer->WriteBytes(digest.bytes);
}

Result<StagedRecord> StagedRecord::Read(ByteReader* reader) {
  StagedRecord record;
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  INGOT_ASSIGN(record.length, reader->ReadVarint());
  INGOT_TRY(ReadAlgorithm(reader));
  INGOT_ASSIGN(record.digest, ReadDigest(reader));
  return record;
}

void PackContents::Write(ByteWriter* writer) const {
  WriteAlgorithm(writer);
  WriteEntries(files, writer);
  WriteEntries(objects, writer);
}

Result<PackContents> PackContents::Read(ByteReader* reader) {
  PackContents contents;
  INGOT_TRY(ReadAlgorithm(reader));
  INGOT_ASSIGN(contents.files, ReadEntries(reader));
  INGOT_ASSIGN(contents.objects, ReadEntries(reader));
  return contents;
}

void PackSealedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(number);
  writer->WriteVarint(length);
  contents.Write(writer);
}

Result<PackSealedRecord> PackSealedRecord::Read(ByteReader* reader) {
  PackSealedRecord record;
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  INGOT_ASSIGN(record.length, reader->ReadVarint());
  INGOT_ASSIGN(record.contents, PackContents::Read(reader));
  return record;
}

}  // namespace ingot::store
