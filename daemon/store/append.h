// AppendRecords: from typed records to the journal.
//
// Thread-safety: as Journal::Append.

#ifndef INGOT_DAEMON_STORE_APPEND_H_
#define INGOT_DAEMON_STORE_APPEND_H_

#include <span>

#include "codec/result.h"
#include "daemon/store/journal.h"
#include "daemon/store/records.h"

namespace ingot::store {

// Whether an append failed since the record cannot follow those before it, so
// that nothing happened: somebody else was first.
inline bool IsRefusal(const Status& appended) {
  return !appended.ok() && (appended.error().kind == ErrorKind::kConflict ||
                            appended.error().kind == ErrorKind::kNotFound);
}

// Makes `records` true together. Errors as Journal::Append's.
Status AppendRecords(Journal* journal, std::span<const Record> records);
inline Status AppendRecord(Journal* journal, const Record& record) {
  return AppendRecords(journal, std::span(&record, 1));
}

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_APPEND_H_
