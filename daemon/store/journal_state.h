// JournalState: what the records of a journal make. The journal tells it of
// every batch in order of position: at the opening those that it does not
// know yet, afterwards those that are appended. So there is one way from
// records to state, and it runs through the same code after a crash as before.
//
// Thread-safety: called by one thread at a time.

#ifndef INGOT_DAEMON_STORE_JOURNAL_STATE_H_
#define INGOT_DAEMON_STORE_JOURNAL_STATE_H_

#include <cstdint>
#include <span>

#include "codec/bytes.h"
#include "codec/result.h"

namespace ingot::store {

// A record of the journal, as long as its state is being called.
struct JournalRecordView {
  uint16_t type;
  ByteSpan payload;
};

struct JournalBatch {
  uint64_t position;
  uint64_t time;  // milliseconds since 1970, never less than the one before
  std::span<const JournalRecordView> records;
};

// The end of a group, and which group: what a state that outlives its process
// remembers, so that it finds its place in the journal again.
struct JournalMark {
  uint64_t position = 0;  // of the group's last batch; 0: before the first
  uint64_t checksum = 0;  // the group's
  bool operator==(const JournalMark&) const = default;
};

class JournalState {
 public:
  virtual ~JournalState() = default;

  // What it has been told of; the journal goes on from there.
  virtual JournalMark mark() const = 0;
  // Takes a batch upon those staged before it. An error refuses the batch,
  // which then leaves nothing behind: it cannot follow (kConflict, kNotFound),
  // or breaks a rule.
  virtual Status Stage(const JournalBatch& batch) = 0;
  // The batches staged since the last call are durable, and end at `mark`.
  // After an error the state is told of nothing more.
  virtual Status Commit(const JournalMark& mark) = 0;
  // They are not, and count as never staged.
  virtual void Drop() = 0;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_JOURNAL_STATE_H_
