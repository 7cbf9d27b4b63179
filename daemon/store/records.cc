#include "daemon/store/records.h"

#include <algorithm>
#include <string>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"

namespace ingot::store {
namespace {

void Write(const StagedRecord& record, ByteWriter* writer) {
  writer->WriteVarint(record.number);
  writer->WriteVarint(record.length);
  writer->WriteU8(kSha256Algorithm);
  writer->WriteBytes(record.digest.bytes);
}

void Write(const UnstagedRecord& record, ByteWriter* writer) {
  writer->WriteVarint(record.number);
}

Result<uint64_t> ReadFileNumber(ByteReader* reader) {
  INGOT_ASSIGN(const uint64_t number, reader->ReadVarint());
  if (number == 0 || number > kMaxFileNumber) {
    return reader->Corrupt("file number " + std::to_string(number));
  }
  return number;
}

Result<Digest> ReadDigest(ByteReader* reader) {
  INGOT_ASSIGN(const uint8_t algorithm, reader->ReadU8());
  if (algorithm != kSha256Algorithm) {
    return reader->Corrupt("digest algorithm " + std::to_string(algorithm) +
                           ": expected 1, SHA-256");
  }
  Digest digest;
  INGOT_ASSIGN(const ByteSpan bytes, reader->ReadBytes(digest.bytes.size()));
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

Result<Record> ReadStaged(ByteReader* reader) {
  StagedRecord record;
  INGOT_ASSIGN(record.number, ReadFileNumber(reader));
  INGOT_ASSIGN(record.length, reader->ReadVarint());
  INGOT_ASSIGN(record.digest, ReadDigest(reader));
  return Record(record);
}

Result<Record> ReadUnstaged(ByteReader* reader) {
  INGOT_ASSIGN(const uint64_t number, ReadFileNumber(reader));
  return Record(UnstagedRecord{number});
}

Result<Record> Read(uint16_t type, ByteReader* reader) {
  switch (type) {
    case StagedRecord::kType:
      return ReadStaged(reader);
    case UnstagedRecord::kType:
      return ReadUnstaged(reader);
    default:
      return Unsupported("record type " + std::to_string(type) +
                         ": written by a later version of this program");
  }
}

}  // namespace

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
