// kill -9 at random moments of a process that uploads to a store on disk and
// takes uploads away: what it was told is so afterwards, and no file is left
// behind.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "daemon/store/file_storage.h"
#include "tests/daemon/store/crash_runs.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {
namespace {

struct Told {
  uint64_t number;
  enum { kStaged, kDiscarding, kDiscarded } what;
};

// Every third upload is taken away again.
[[noreturn]] void UploadForever(const std::string& folder, uint64_t run,
                                int pipe) {
  const auto storage = OpenFileStorage(folder);
  if (!storage.ok()) _exit(3);
  StoreOptions options = FolderOptions(folder);
  options.journal.segment_bytes = 20'000;
  const auto store = Store::Open(storage->get(), options);
  if (!store.ok()) _exit(4);
  Staging& staging = (*store)->staging();
  StepForever(run, [&](uint64_t number) {
    const auto record = StageBytes(&staging, SampleUpload(number));
    if (!record.ok()) _exit(5);
    Tell(pipe, Told{number, Told::kStaged});
    // Uploads of no bytes are all the same one.
    if (number % 3 != 0 || record->length == 0) return;
    Tell(pipe, Told{number, Told::kDiscarding});
    if (!staging.Discard(record->digest).ok()) _exit(8);
    Tell(pipe, Told{number, Told::kDiscarded});
  });
}

TEST(StoreCrashTest, NothingAcknowledgedIsLost) {
  const uint64_t runs = CrashRuns();
  ASSERT_GT(runs, 0);
  const TemporaryFolder temporary;
  const std::string folder = temporary / "store";
  std::set<uint64_t> staged;  // acknowledged, and not being taken away
  std::set<uint64_t> discarded;
  std::mt19937_64 random(43);
  uint64_t acknowledged = 0;
  for (uint64_t run = 0; run < runs && !HasFailure(); ++run) {
    SCOPED_TRACE(run);
    RunAndKill<Told>(
        random() % 150, [&](int pipe) { UploadForever(folder, run, pipe); },
        [&](const Told& told) {
          acknowledged += told.what != Told::kDiscarding;
          if (told.what == Told::kStaged) staged.insert(told.number);
          if (told.what == Told::kDiscarding) staged.erase(told.number);
          if (told.what == Told::kDiscarded) discarded.insert(told.number);
        });
    const auto storage = OpenFileStorage(folder);
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    if (random() % 4 == 0) {
      ExpectIndexIsTheJournals(**storage, FolderOptions(folder).index.folder);
    }
    const auto store = OpenStore(storage->get(), FolderOptions(folder));
    const Staging& staging = store->staging();
    ExpectNoOtherFiles(**storage, staging);
    // Of earlier runs some, so that the last run does not take longest.
    for (const uint64_t number : staged) {
      if (number / kNumbersPerRun == run || random() % 16 == 0) {
        ExpectStaged(staging, SampleUpload(number));
      }
    }
    for (const uint64_t number : discarded) {
      EXPECT_FALSE(*staging.Find(HashBytes(SampleUpload(number)))) << number;
    }
    // What was not acknowledged is whole or not there.
    const auto records = staging.List();
    ASSERT_TRUE(records.ok());
    for (const StagedRecord& record : *records) {
      const auto source = staging.Open(record.digest);
      EXPECT_TRUE(source.ok()) << source.error().message;
    }
  }
  EXPECT_GT(acknowledged, runs);
  RecordProperty("acknowledged", static_cast<int>(acknowledged));
}

}  // namespace
}  // namespace ingot::store
