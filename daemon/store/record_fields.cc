#include "daemon/store/record_fields.h"

#include <algorithm>
#include <string>

namespace ingot::store {

Result<uint64_t> ReadNumber(ByteReader* reader) {
  INGOT_ASSIGN(const uint64_t number, reader->ReadVarint());
  if (number == 0 || number > kMaxNumber) {
    return reader->Corrupt("number " + std::to_string(number));
  }
  return number;
}

void WriteFlag(bool flag, ByteWriter* writer) { writer->WriteU8(flag ? 1 : 0); }

Result<bool> ReadFlag(ByteReader* reader) {
  INGOT_ASSIGN(const uint8_t flag, reader->ReadU8());
  if (flag <= 1) return flag == 1;
  return reader->Corrupt("expected 0 or 1");
}

void WriteAlgorithm(ByteWriter* writer) { writer->WriteU8(kSha256Algorithm); }

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

}  // namespace ingot::store
