// The records of the journal: what each type means and how it is written
// (STORE.md, "Records").
//
// Thread-safety: functions and values only.

#ifndef INGOT_DAEMON_STORE_RECORDS_H_
#define INGOT_DAEMON_STORE_RECORDS_H_

#include <cstdint>
#include <string_view>
#include <variant>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/journal_format.h"
#include "daemon/store/journal_replay.h"

namespace ingot::store {

// Of files in records; so that there is always a next one.
inline constexpr uint64_t kMaxFileNumber = UINT64_MAX / 2;

// An upload that is whole and durable.
struct StagedRecord {
  static constexpr uint16_t kType = 1;
  uint64_t number;  // of the file
  uint64_t length;  // bytes
  Digest digest;
  bool operator==(const StagedRecord&) const = default;
};

// A staged file that is no longer needed.
struct UnstagedRecord {
  static constexpr uint16_t kType = 2;
  uint64_t number;
  bool operator==(const UnstagedRecord&) const = default;
};

using Record = std::variant<StagedRecord, UnstagedRecord>;

JournalRecord EncodeRecord(const Record& record);
// kUnsupported for a type that this program does not know, kCorruption for a
// payload that breaks a rule; `name` is the input's, for messages.
Result<Record> ParseRecord(const JournalRecordView& record,
                           std::string_view name);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_RECORDS_H_
