// Batches that prove themselves: everything in one follows from a number.

#ifndef INGOT_TESTS_DAEMON_STORE_JOURNAL_SAMPLES_H_
#define INGOT_TESTS_DAEMON_STORE_JOURNAL_SAMPLES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/store/journal.h"

namespace ingot::store {

// One to three records of up to about 1 KiB, now and then 100 KiB.
std::vector<JournalRecord> SampleBatch(uint64_t number);
// The number of such a batch; nothing, and a test failure, for others.
std::optional<uint64_t> SampleNumber(const JournalBatch& batch);

// The numbers of the batches in a journal, by position; a test failure where
// positions have gaps or times go backwards.
Result<std::vector<uint64_t>> ReadSamples(const Storage& storage);

// Opens without reading. It must succeed.
std::unique_ptr<Journal> OpenJournal(Storage* storage,
                                     JournalOptions options = {});

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_JOURNAL_SAMPLES_H_
