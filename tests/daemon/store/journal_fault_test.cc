// Failing writes and syncs, and loss of power: seeded, so that a failure can
// be repeated by its seed.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/journal_samples.h"

namespace ingot::store {
namespace {

// What a writer was told.
struct Told {
  std::vector<uint64_t> acknowledged;  // in order of position
  // Failed since the last success: may be found, whole.
  std::set<uint64_t> unknown;
};

// Small segments, so that faults meet their beginnings too.
constexpr uint64_t kSegmentBytes = 5'000;

void AppendSamples(Journal* journal, uint64_t first, uint64_t count,
                   Told* told) {
  for (uint64_t number = first; number < first + count; ++number) {
    if (journal->Append(SampleBatch(number)).ok()) {
      told->acknowledged.push_back(number);
      told->unknown.clear();
    } else {
      told->unknown.insert(number);
    }
  }
}

// Everything acknowledged is there, in order; behind it at most what is
// unknown. What is found then counts as acknowledged.
void ExpectNothingLost(const Storage& storage, Told* told) {
  const auto found = ReadSamples(storage);
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_GE(found->size(), told->acknowledged.size());
  EXPECT_TRUE(std::equal(told->acknowledged.begin(), told->acknowledged.end(),
                         found->begin()));
  for (size_t i = told->acknowledged.size(); i < found->size(); ++i) {
    EXPECT_TRUE(told->unknown.contains((*found)[i])) << (*found)[i];
  }
  *told = {.acknowledged = *found, .unknown = {}};
}

uint64_t OperationsOfRun() {
  FaultyStorage storage(MakeMemoryStorage());
  Told told;
  const auto journal = OpenJournal(&storage, {.segment_bytes = kSegmentBytes});
  AppendSamples(journal.get(), 0, 30, &told);
  return storage.operations();
}

TEST(JournalFaultTest, EveryOperationMayFailOnce) {
  const uint64_t operations = OperationsOfRun();
  ASSERT_GT(operations, 60);
  for (uint64_t fault = 0; fault < operations; ++fault) {
    for (const ErrorKind kind :
         {ErrorKind::kResourceExhausted, ErrorKind::kIo}) {
      SCOPED_TRACE(fault);
      FaultyStorage storage(MakeMemoryStorage(), fault);
      storage.Fail(fault, fault + 1, kind);
      Told told;
      auto journal = OpenJournal(&storage, {.segment_bytes = kSegmentBytes});
      AppendSamples(journal.get(), 0, 30, &told);
      // A removal that fails is nobody's failure.
      EXPECT_GE(told.acknowledged.size(), 29);
      journal.reset();
      ExpectNothingLost(storage, &told);
      EXPECT_TRUE(OpenJournal(&storage)->Append(SampleBatch(1000)).ok());
    }
  }
}

TEST(JournalFaultTest, ErrorsAreReportedUntilSpaceReturns) {
  const uint64_t operations = OperationsOfRun();
  for (uint64_t fault = 0; fault < operations; fault += 3) {
    SCOPED_TRACE(fault);
    FaultyStorage storage(MakeMemoryStorage(), fault);
    storage.Fail(fault, UINT64_MAX, ErrorKind::kResourceExhausted);
    Told told;
    const auto journal =
        OpenJournal(&storage, {.segment_bytes = kSegmentBytes});
    AppendSamples(journal.get(), 0, 30, &told);
    const size_t before = told.acknowledged.size();
    const auto failed = journal->Append(SampleBatch(30));
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().kind, ErrorKind::kResourceExhausted);
    EXPECT_EQ(journal->last_position(), before);
    storage.Heal();
    AppendSamples(journal.get(), 31, 5, &told);
    EXPECT_EQ(told.acknowledged.size(), before + 5);
    ExpectNothingLost(storage, &told);
    EXPECT_EQ(told.acknowledged.size(), before + 5);
  }
}

class PowerLossTest : public testing::TestWithParam<uint64_t> {};

TEST_P(PowerLossTest, NothingAcknowledgedIsLost) {
  std::mt19937_64 random(GetParam());
  Told told;
  uint64_t next = 0;
  std::unique_ptr<Storage> disk = MakeMemoryStorage();
  for (int round = 0; round < 8; ++round) {
    SCOPED_TRACE(round);
    FaultyStorage storage(std::move(disk), random());
    // In some rounds the disk fails for a while before the power does.
    const uint64_t fault = random() % 60;
    if (random() % 2 == 0) {
      storage.Fail(fault, fault + random() % 8, ErrorKind::kIo);
    }
    // Sometimes the process is killed before that, and another goes on.
    for (uint64_t process = random() % 2; process < 2; ++process) {
      auto journal =
          Journal::Open(&storage, {.segment_bytes = kSegmentBytes}, AnyState());
      if (!journal.ok()) continue;
      // What an opening has found must stay.
      ExpectNothingLost(storage, &told);
      const uint64_t count = random() % 40;
      AppendSamples(journal->get(), next, count, &told);
      next += count;
    }
    disk = storage.PowerLoss({kJournalFolder});
    ExpectNothingLost(*disk, &told);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerLossTest,
                         testing::Range<uint64_t>(0, 200));

}  // namespace
}  // namespace ingot::store
