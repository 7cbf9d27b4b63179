// Journal: the append-only log that, with the packs, is the truth of a store.
//
// STORE.md, "Journal", states the format and the rules; this class keeps
// them. Opening replays what is there to a JournalState; after that the
// journal is only written, and the state told of each batch once it is
// durable. A batch that the state refuses is not written: so whoever appends
// need not hold a lock from looking at the state to changing it.
//
// Thread-safety: Append and last_position may be called from several threads
// at once. Concurrent appends share a write and a sync, so throughput grows
// with the number of threads; each call blocks until its batch is durable.

#ifndef INGOT_DAEMON_STORE_JOURNAL_H_
#define INGOT_DAEMON_STORE_JOURNAL_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "codec/result.h"
#include "daemon/store/journal_format.h"
#include "daemon/store/journal_replay.h"
#include "daemon/store/journal_state.h"
#include "daemon/store/storage.h"

namespace ingot::store {

struct JournalOptions {
  // A segment that has reached this many bytes is followed by another.
  uint64_t segment_bytes = 64 << 20;
  // Milliseconds since 1970; the system's clock unless set. May jump.
  std::function<uint64_t()> clock = {};
};

class Journal {
 public:
  // Replays as ReplayJournal does, from what is durable: bytes that a killed
  // process had written are synced first. `storage` and `state` must outlive
  // the journal. Writes nothing: the first Append begins a segment.
  static Result<std::unique_ptr<Journal>> Open(Storage* storage,
                                               JournalOptions options,
                                               JournalState* state);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Makes `records` true together, durably, and returns their position; the
  // state knows them by then.
  //
  // kConflict, kNotFound and whatever else the state refuses a batch with:
  // nothing happened. After another error (kResourceExhausted: no space; kIo)
  // the batch may be found whole at the next opening unless a later Append
  // succeeded; the journal goes on, and may be tried again. Only where the
  // state cannot keep what is durable, every Append fails from then on.
  Result<uint64_t> Append(std::span<const JournalRecord> records);

  // Of the last batch that is durable; 0 where there is none.
  uint64_t last_position() const;

  // The time that a batch would have now: never less than that of the last.
  uint64_t now() const;

 private:
  // A caller of Append, waiting.
  struct Waiter {
    std::span<const JournalRecord> records;
    ByteSpan batch;                 // the same, encoded
    std::condition_variable woken;  // done, or first in the queue
    bool done = false;
    Result<uint64_t> result = uint64_t{0};
  };

  Journal(Storage* storage, JournalOptions options, JournalState* state,
          JournalEnd end)
      : storage_(storage),
        options_(std::move(options)),
        state_(state),
        end_(std::move(end)) {}

  // By the one thread that leads, without the lock. Sets the waiters' results.
  void Lead(std::span<Waiter* const> waiters);
  Status StageBatch(const Waiter& waiter, uint64_t position, uint64_t time);
  // Makes the batches durable, and then true.
  Status WriteGroup(std::span<const ByteSpan> batches, uint64_t time);
  Status BeginSegment();

  Storage* const storage_;
  const JournalOptions options_;
  JournalState* const state_;

  mutable std::mutex mutex_;
  std::deque<Waiter*> queue_;
  bool led_ = false;
  uint64_t last_position_ = 0;
  uint64_t last_time_ = 0;

  // The leader's.
  std::unique_ptr<AppendFile> file_;  // null: the next group needs a segment
  JournalEnd end_;
  Status broken_;  // why nothing more can be appended
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_JOURNAL_H_
