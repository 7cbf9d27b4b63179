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

// Numbers in rising order: how many, and each.
void WriteRising(const std::vector<uint64_t>& numbers, ByteWriter* writer) {
  writer->WriteVarint(numbers.size());
  for (const uint64_t number : numbers) writer->WriteVarint(number);
}

Result<std::vector<uint64_t>> ReadRising(ByteReader* reader) {
  INGOT_ASSIGN(const uint64_t count,
               reader->ReadVarint(reader->remaining(), "number of entries"));
  std::vector<uint64_t> numbers(count);
  for (uint64_t& number : numbers) {
    INGOT_ASSIGN(number, reader->ReadVarint());
    if (&number != numbers.data() && number <= *(&number - 1)) {
      return reader->Corrupt("entries are not in order");
    }
  }
  return numbers;
}

}  // namespace

void StagedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(number);
  writer->WriteVarint(length);
  WriteAlgorithm(writer);
  writer->WriteBytes(digest.bytes);
  if (checked) WriteFlag(true, writer);
}

Result<StagedRecord> StagedRecord::Read(ByteReader* reader) {
  StagedRecord record;
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  INGOT_ASSIGN(record.length, reader->ReadVarint());
  INGOT_TRY(ReadAlgorithm(reader));
  INGOT_ASSIGN(record.digest, ReadDigest(reader));
  if (reader->remaining() > 0) {
    INGOT_ASSIGN(record.checked, ReadFlag(reader));
    if (!record.checked) return reader->Corrupt("a flag that says nothing");
  }
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

void PackRemovedRecord::Write(ByteWriter* writer) const {
  for (const uint64_t number : numbers) writer->WriteVarint(number);
}

Result<PackRemovedRecord> PackRemovedRecord::Read(ByteReader* reader) {
  PackRemovedRecord record;
  do {
    INGOT_ASSIGN(const uint64_t number, ReadNumber(reader));
    if (!record.numbers.empty() && number <= record.numbers.back()) {
      return reader->Corrupt("packs are not in order");
    }
    record.numbers.push_back(number);
  } while (reader->remaining() > 0);
  return record;
}

void PackDamage::Write(ByteWriter* writer) const {
  WriteFlag(all, writer);
  if (all) return;
  WriteRising(files, writer);
  WriteRising(objects, writer);
}

Result<PackDamage> PackDamage::Read(ByteReader* reader) {
  PackDamage damage;
  INGOT_ASSIGN(damage.all, ReadFlag(reader));
  if (damage.all) return damage;
  INGOT_ASSIGN(damage.files, ReadRising(reader));
  INGOT_ASSIGN(damage.objects, ReadRising(reader));
  return damage;
}

void PackDamagedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(number);
  damage.Write(writer);
}

Result<PackDamagedRecord> PackDamagedRecord::Read(ByteReader* reader) {
  PackDamagedRecord record;
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  INGOT_ASSIGN(record.damage, PackDamage::Read(reader));
  return record;
}

}  // namespace ingot::store
