// Batches that prove themselves: everything in one follows from a number.

#ifndef INGOT_TESTS_DAEMON_STORE_JOURNAL_SAMPLES_H_
#define INGOT_TESTS_DAEMON_STORE_JOURNAL_SAMPLES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/store/journal.h"

namespace ingot::store {

// One to three records of up to about 1 KiB, now and then 100 KiB.
std::vector<JournalRecord> SampleBatch(uint64_t number);
// The number of such a batch; nothing, and a test failure, for others.
std::optional<uint64_t> SampleNumber(const JournalBatch& batch);
// A batch of one record, of type 7.
std::vector<JournalRecord> Text(std::string_view text);

// The numbers of the batches in a journal, by position; a test failure where
// positions have gaps or times go backwards.
Result<std::vector<uint64_t>> ReadSamples(const Storage& storage);

using BatchReader = std::function<Status(const JournalBatch&)>;

// Hands batches to a function, and is told of those behind `after`.
class ReadingState final : public JournalState {
 public:
  explicit ReadingState(BatchReader reader, JournalMark after = {})
      : reader_(std::move(reader)), mark_(after) {}

  JournalMark mark() const override { return mark_; }
  Status Stage(const JournalBatch& batch) override { return reader_(batch); }
  Status Commit(const JournalMark& mark) override {
    mark_ = mark;
    return {};
  }
  void Drop() override {}

 private:
  const BatchReader reader_;
  JournalMark mark_;
};

// One for all, which takes any batch and keeps nothing.
JournalState* AnyState();

Result<JournalEnd> ReadJournal(const Storage& storage, BatchReader reader,
                               JournalMark after = {});

// It must succeed.
std::unique_ptr<Journal> OpenJournal(Storage* storage,
                                     JournalOptions options = {},
                                     JournalState* state = AnyState());

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_JOURNAL_SAMPLES_H_
