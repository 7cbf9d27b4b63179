// kill -9 at random moments of a process that appends to a journal on disk:
// what it was told is durable is there afterwards, and nothing by halves.

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "daemon/store/file_storage.h"
#include "tests/daemon/store/crash_runs.h"
#include "tests/daemon/store/journal_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {
namespace {

struct Acknowledgement {
  uint64_t number;
  uint64_t position;
};

// Never returns: the parent kills it.
[[noreturn]] void AppendForever(const CrashChild& child) {
  auto storage = OpenFileStorage(child.folder);
  if (!storage.ok()) _exit(3);
  auto journal =
      Journal::Open(storage->get(), {.segment_bytes = 200'000}, AnyState());
  if (!journal.ok()) _exit(4);
  StepForever(child.run, [&](uint64_t number) {
    const auto position = (*journal)->Append(SampleBatch(number));
    if (!position.ok()) _exit(5);
    Tell(child.pipe, Acknowledgement{number, *position});
  });
}

TEST(JournalCrashTest, NothingAcknowledgedIsLost) {
  if (const auto child = ThisCrashChild()) AppendForever(*child);
  const uint64_t runs = CrashRuns();
  ASSERT_GT(runs, 0);
  const TemporaryFolder temporary;
  const std::string folder = temporary / "store";
  std::map<uint64_t, uint64_t> told;  // number by position
  std::mt19937_64 random(42);
  uint64_t runs_with_batches = 0;
  for (uint64_t run = 0; run < runs && !HasFailure(); ++run) {
    SCOPED_TRACE(run);
    const size_t before = told.size();
    RunAndKill<Acknowledgement>(
        random() % 150, run, folder, [&](const Acknowledgement& one) {
          EXPECT_TRUE(told.emplace(one.position, one.number).second)
              << "position " << one.position << " was given twice";
        });
    runs_with_batches += told.size() > before;

    const auto storage = OpenFileStorage(folder);
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    const auto found = ReadSamples(**storage);
    ASSERT_TRUE(found.ok()) << found.error().message;
    for (const auto& [position, number] : told) {
      ASSERT_LE(position, found->size());
      EXPECT_EQ((*found)[position - 1], number) << "position " << position;
    }
  }
  EXPECT_GT(runs_with_batches, runs / 3);
  RecordProperty("batches", static_cast<int>(told.size()));
}

}  // namespace
}  // namespace ingot::store
