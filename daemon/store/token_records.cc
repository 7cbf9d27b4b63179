#include "daemon/store/token_records.h"

#include <string>

#include "daemon/store/repository.h"

namespace ingot::store {

void TokenCreatedRecord::Write(ByteWriter* writer) const {
  writer->WriteVarint(number);
  writer->WriteU8(static_cast<uint8_t>(token.scope));
  WriteAlgorithm(writer);
  writer->WriteBytes(token.secret.bytes);
  writer->WriteVarint(token.expires);
  writer->WriteString(token.name);
  writer->WriteString(token.space);
  writer->WriteString(token.repository);
}

Result<TokenCreatedRecord> TokenCreatedRecord::Read(ByteReader* reader) {
  TokenCreatedRecord record;
  INGOT_ASSIGN(record.number, ReadNumber(reader));
  INGOT_ASSIGN(const uint8_t scope, reader->ReadU8());
  if (scope < 1 || scope > 3) {
    return reader->Corrupt("scope of a token " + std::to_string(scope));
  }
  Token& token = record.token;
  token.scope = static_cast<TokenScope>(scope);
  INGOT_TRY(ReadAlgorithm(reader));
  INGOT_ASSIGN(token.secret, ReadDigest(reader));
  INGOT_ASSIGN(token.expires, reader->ReadVarint());
  for (std::string* part : {&token.name, &token.space, &token.repository}) {
    INGOT_ASSIGN(*part, reader->ReadString(kMaxNameBytes));
    if (!IsNamePart(*part)) return reader->Corrupt("name in a token");
  }
  return record;
}

}  // namespace ingot::store
