#include "daemon/store/records.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/reference_source.h"

namespace ingot::store {
namespace {

// SHA-256; the algorithm is stated once for all that follow in a payload.
void WriteAlgorithm(ByteWriter* writer) { writer->WriteU8(kSha256Algorithm); }

void Write(const StagedRecord& record, ByteWriter* writer) {
  writer->WriteVarint(record.number);
  writer->WriteVarint(record.length);
  WriteAlgorithm(writer);
  writer->WriteBytes(record.digest.bytes);
}

void WriteContents(const PackContents& contents, ByteWriter* writer) {
  WriteAlgorithm(writer);
  for (const auto* entries : {&contents.files, &contents.objects}) {
    writer->WriteVarint(entries->size());
    for (const PackEntry& entry : *entries) {
      writer->WriteBytes(entry.id.digest.bytes);
      writer->WriteVarint(entry.id.length);
      writer->WriteVarint(entry.depth);
      writer->WriteVarint(entry.needs.size());
      for (const Digest& needed : entry.needs) {
        writer->WriteBytes(needed.bytes);
      }
    }
  }
}

void Write(const PackSealedRecord& record, ByteWriter* writer) {
  writer->WriteVarint(record.number);
  writer->WriteVarint(record.length);
  WriteContents(record.contents, writer);
}

// Unstaged, retired, removed.
template <typename NumberRecord>
void Write(const NumberRecord& record, ByteWriter* writer) {
  writer->WriteVarint(record.number);
}

Result<uint64_t> ReadFileNumber(ByteReader* reader) {
  INGOT_ASSIGN(const uint64_t number, reader->ReadVarint());
  if (number == 0 || number > kMaxFileNumber) {
    return reader->Corrupt("file number " + std::to_string(number));
  }
  return number;
}

Status ReadAlgorithm(ByteReader* reader) {
  INGOT_ASSIGN(const uint8_t algorithm, reader->ReadU8());
  if (algorithm == kSha256Algorithm) return {};
  return reader->Corrupt("digest algorithm " + std::to_string(algorithm) +
                         ": expected 1, SHA-256");
}

Result<Digest> ReadDigest(ByteReader* reader) {
  Digest digest;
  INGOT_ASSIGN(const ByteSpan bytes, reader->ReadBytes(digest.bytes.size()));
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
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

Result<PackContents> ReadContents(ByteReader* reader) {
  PackContents contents;
  INGOT_TRY(ReadAlgorithm(reader));
  INGOT_ASSIGN(contents.files, ReadEntries(reader));
  INGOT_ASSIGN(contents.objects, ReadEntries(reader));
  return contents;
}

Result<Record> ReadStaged(ByteReader* reader) {
  StagedRecord record;
  INGOT_ASSIGN(record.number, ReadFileNumber(reader));
  INGOT_ASSIGN(record.length, reader->ReadVarint());
  INGOT_TRY(ReadAlgorithm(reader));
  INGOT_ASSIGN(record.digest, ReadDigest(reader));
  return Record(record);
}

Result<Record> ReadPackSealed(ByteReader* reader) {
  PackSealedRecord record;
  INGOT_ASSIGN(record.number, ReadFileNumber(reader));
  INGOT_ASSIGN(record.length, reader->ReadVarint());
  INGOT_ASSIGN(record.contents, ReadContents(reader));
  return Record(std::move(record));
}

template <typename NumberRecord>
Result<Record> ReadNumber(ByteReader* reader) {
  INGOT_ASSIGN(const uint64_t number, ReadFileNumber(reader));
  return Record(NumberRecord{number});
}

Result<Record> Read(uint16_t type, ByteReader* reader) {
  switch (type) {
    case StagedRecord::kType:
      return ReadStaged(reader);
    case UnstagedRecord::kType:
      return ReadNumber<UnstagedRecord>(reader);
    case PackSealedRecord::kType:
      return ReadPackSealed(reader);
    case PackRetiredRecord::kType:
      return ReadNumber<PackRetiredRecord>(reader);
    case PackRemovedRecord::kType:
      return ReadNumber<PackRemovedRecord>(reader);
    default:
      return Unsupported("record type " + std::to_string(type) +
                         ": written by a later version of this program");
  }
}

}  // namespace

std::vector<std::byte> EncodePackContents(const PackContents& contents) {
  std::vector<std::byte> bytes;
  ByteWriter writer(&bytes);
  WriteContents(contents, &writer);
  return bytes;
}

Result<PackContents> ParsePackContents(ByteSpan bytes, std::string_view name) {
  ByteReader reader(bytes, name);
  INGOT_ASSIGN(PackContents contents, ReadContents(&reader));
  INGOT_TRY(reader.ExpectDone());
  return contents;
}

JournalRecord EncodeRecord(const Record& record) {
  JournalRecord encoded;
  ByteWriter writer(&encoded.payload);
  std::visit(
      [&](const auto& typed) {
        encoded.type = typed.kType;
        Write(typed, &writer);
      },
      record);
  return encoded;
}

Result<Record> ParseRecord(const JournalRecordView& record,
                           std::string_view name) {
  ByteReader reader(record.payload, name);
  INGOT_ASSIGN(Record parsed, Read(record.type, &reader));
  INGOT_TRY(reader.ExpectDone());
  return parsed;
}

}  // namespace ingot::store
