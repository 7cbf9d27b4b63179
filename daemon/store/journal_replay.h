// Reading a journal: what every opening begins with (STORE.md, "Opening").
//
// Changes nothing. Memory: one group at a time, at most 16 MiB, whatever the
// segments say.

#ifndef INGOT_DAEMON_STORE_JOURNAL_REPLAY_H_
#define INGOT_DAEMON_STORE_JOURNAL_REPLAY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "codec/result.h"
#include "daemon/store/journal_format.h"
#include "daemon/store/journal_state.h"
#include "daemon/store/storage.h"

namespace ingot::store {

// What the writer goes on from.
struct JournalEnd {
  SegmentEnd segment;        // what the next header calls the one before
  JournalMark mark;          // of the last group
  uint64_t time = 0;         // the last group's
  uint64_t next_number = 1;  // larger than any segment's that was seen
  // Segments whose creation was cut short: to be removed once the next
  // segment exists.
  std::vector<std::string> remains;
};

// Tells `state` of the groups behind its mark. Segments that end before the
// mark are not read, only their headers. kCorruption where a rule is broken,
// where the journal does not reach the mark, and where the group that ends
// there is another; `state` may have been told of batches by then. A batch
// that it refuses is corruption, too, if it cannot follow; other errors of the
// state are handed on.
Result<JournalEnd> ReplayJournal(const Storage& storage, JournalState* state);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_JOURNAL_REPLAY_H_
