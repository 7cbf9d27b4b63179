// The records of the journal about locks (STORE.md, "Records").
//
// Read() leaves its reader behind the record; kCorruption where the bytes
// break a rule.
//
// Thread-safety: values.

#ifndef INGOT_DAEMON_STORE_LOCK_RECORDS_H_
#define INGOT_DAEMON_STORE_LOCK_RECORDS_H_

#include <cstdint>

#include "codec/base/byte_reader.h"
#include "codec/base/byte_writer.h"
#include "codec/result.h"
#include "daemon/store/lock.h"

namespace ingot::store {

struct LockedRecord {
  static constexpr uint16_t kType = 15;
  uint64_t repository = 0;
  uint64_t number = 0;
  Lock lock;

  void Write(ByteWriter* writer) const;
  static Result<LockedRecord> Read(ByteReader* reader);
  bool operator==(const LockedRecord&) const = default;
};

struct UnlockedRecord {
  static constexpr uint16_t kType = 16;
  uint64_t repository = 0;
  uint64_t number = 0;

  void Write(ByteWriter* writer) const;
  static Result<UnlockedRecord> Read(ByteReader* reader);
  bool operator==(const UnlockedRecord&) const = default;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_LOCK_RECORDS_H_
