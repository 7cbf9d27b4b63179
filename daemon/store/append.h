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

// Makes `records` true together. Errors as Journal::Append's.
Status AppendRecords(Journal* journal, std::span<const Record> records);
inline Status AppendRecord(Journal* journal, const Record& record) {
  return AppendRecords(journal, std::span(&record, 1));
}

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_APPEND_H_
