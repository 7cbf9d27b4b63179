// The records of the journal about tokens (STORE.md, "Records").
//
// Read() leaves its reader behind the record; kCorruption where the bytes
// break a rule.
//
// Thread-safety: values.

#ifndef INGOT_DAEMON_STORE_TOKEN_RECORDS_H_
#define INGOT_DAEMON_STORE_TOKEN_RECORDS_H_

#include <cstdint>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/result.h"
#include "daemon/store/record_fields.h"
#include "daemon/store/token.h"

namespace ingot::store {

struct TokenCreatedRecord {
  static constexpr uint16_t kType = 13;
  uint64_t number = 0;
  Token token;

  void Write(ByteWriter* writer) const;
  static Result<TokenCreatedRecord> Read(ByteReader* reader);
  bool operator==(const TokenCreatedRecord&) const = default;
};

using TokenRevokedRecord = NumberRecord<14>;

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_TOKEN_RECORDS_H_
