// Parts that several records share, and their rules.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_RECORD_FIELDS_H_
#define INGOT_DAEMON_STORE_RECORD_FIELDS_H_

#include <cstdint>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/digest.h"
#include "codec/result.h"

namespace ingot::store {

// Of files and repositories; so that there is always a next one.
inline constexpr uint64_t kMaxNumber = UINT64_MAX / 2;

// 1 to kMaxNumber, a varint.
Result<uint64_t> ReadNumber(ByteReader* reader);

// A record that says no more than which file, repository or token it is about.
template <uint16_t Type>
struct NumberRecord {
  static constexpr uint16_t kType = Type;
  uint64_t number;

  void Write(ByteWriter* writer) const { writer->WriteVarint(number); }
  static Result<NumberRecord> Read(ByteReader* reader) {
    INGOT_ASSIGN(const uint64_t read, ReadNumber(reader));
    return NumberRecord{read};
  }
  bool operator==(const NumberRecord&) const = default;
};

// One byte, 0 or 1.
void WriteFlag(bool flag, ByteWriter* writer);
Result<bool> ReadFlag(ByteReader* reader);

// The algorithm of the digests that follow in a record: SHA-256.
void WriteAlgorithm(ByteWriter* writer);
Status ReadAlgorithm(ByteReader* reader);

// The bytes alone.
Result<Digest> ReadDigest(ByteReader* reader);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_RECORD_FIELDS_H_
