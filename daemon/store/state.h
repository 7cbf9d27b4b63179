// What each record of the journal makes of the index's rows: the one place
// that knows all tables.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_STORE_STATE_H_
#define INGOT_DAEMON_STORE_STATE_H_

#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/journal_state.h"

namespace ingot::store {

// The records of a batch, one after the other. kConflict or kNotFound where
// one cannot follow those before it, kUnsupported for types that this program
// does not know, kCorruption for payloads that break a rule.
Status ApplyRecords(const JournalBatch& batch, IndexWriter* index);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STATE_H_
