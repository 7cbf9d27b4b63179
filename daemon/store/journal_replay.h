// Reading a journal: what every opening begins with (STORE.md, "Opening").
//
// Changes nothing. Memory: one group at a time, at most 16 MiB, whatever the
// segments say.

#ifndef INGOT_DAEMON_STORE_JOURNAL_REPLAY_H_
#define INGOT_DAEMON_STORE_JOURNAL_REPLAY_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "daemon/store/journal_format.h"
#include "daemon/store/storage.h"

namespace ingot::store {

// A record of the journal, as long as the reader is being called.
struct JournalRecordView {
  uint16_t type;
  ByteSpan payload;
};

struct JournalBatch {
  uint64_t position;
  uint64_t time;  // milliseconds since 1970, never less than the one before
  std::span<const JournalRecordView> records;
};

// Called with the batches in order of position. An error ends the reading and
// is handed on.
using JournalReader = std::function<Status(const JournalBatch&)>;

// What the writer goes on from.
struct JournalEnd {
  SegmentEnd segment;           // what the next header calls the one before
  uint64_t next_position = 1;
  uint64_t time = 0;            // the last group's
  uint64_t next_number = 1;     // larger than any segment's that was seen
  // Segments whose creation was cut short: to be removed once the next
  // segment exists.
  std::vector<std::string> remains;
};

// Reads all, checks all, and calls `reader` with the batches behind position
// `after`. kCorruption where a rule is broken, and where the journal ends
// before `after`; `reader` may have been called by then.
Result<JournalEnd> ReplayJournal(const Storage& storage, uint64_t after,
                                 const JournalReader& reader);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_JOURNAL_REPLAY_H_
