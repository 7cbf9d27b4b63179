#include "tests/daemon/store/journal_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

namespace ingot::store {

std::vector<JournalRecord> SampleBatch(uint64_t number) {
  std::mt19937_64 random(number);
  std::vector<JournalRecord> records(1 + random() % 3);
  for (JournalRecord& record : records) {
    record.type = static_cast<uint16_t>(random());
    record.payload.resize(random() % (random() % 50 == 0 ? 100'000 : 1'000));
    // Eight at a time: sanitizers make the generator slow.
    for (size_t at = 0; at + 8 <= record.payload.size(); at += 8) {
      StoreLittleEndian(&record.payload[at], random());
    }
  }
  std::vector<std::byte>& first = records.front().payload;
  first.resize(std::max(first.size(), sizeof(number)));
  StoreLittleEndian(first.data(), number);
  return records;
}

std::optional<uint64_t> SampleNumber(const JournalBatch& batch) {
  std::vector<JournalRecord> found;
  for (const JournalRecordView& record : batch.records) {
    found.push_back(
        {record.type,
         std::vector<std::byte>(record.payload.begin(), record.payload.end())});
  }
  if (!found.empty() && found.front().payload.size() >= sizeof(uint64_t)) {
    const auto number =
        LoadLittleEndian<uint64_t>(found.front().payload.data());
    if (found == SampleBatch(number)) return number;
  }
  ADD_FAILURE() << "a batch that nobody wrote at position " << batch.position;
  return std::nullopt;
}

std::vector<JournalRecord> Text(std::string_view text) {
  const ByteSpan bytes = AsBytes(text);
  return {{7, std::vector<std::byte>(bytes.begin(), bytes.end())}};
}

Result<std::vector<uint64_t>> ReadSamples(const Storage& storage) {
  std::vector<uint64_t> numbers;
  uint64_t time = 0;
  INGOT_TRY(ReadJournal(storage, [&](const JournalBatch& batch) -> Status {
    EXPECT_EQ(batch.position, numbers.size() + 1);
    EXPECT_GE(batch.time, time);
    time = batch.time;
    numbers.push_back(SampleNumber(batch).value_or(0));
    return {};
  }));
  return numbers;
}

JournalState* AnyState() {
  class State final : public JournalState {
    JournalMark mark() const override { return {}; }
    Status Stage(const JournalBatch&) override { return {}; }
    Status Commit(const JournalMark&) override { return {}; }
    void Drop() override {}
  };
  static State state;
  return &state;
}

Result<JournalEnd> ReadJournal(const Storage& storage, BatchReader reader,
                               JournalMark after) {
  ReadingState state(std::move(reader), after);
  return ReplayJournal(storage, &state);
}

std::unique_ptr<Journal> OpenJournal(Storage* storage, JournalOptions options,
                                     JournalState* state) {
  auto journal = Journal::Open(storage, std::move(options), state);
  EXPECT_TRUE(journal.ok()) << journal.error().message;
  return std::move(journal).value();
}

}  // namespace ingot::store
