// kill -9 at random moments of a process that appends to a journal on disk:
// what it was told is durable is there afterwards, and nothing by halves.
// INGOT_CRASH_SEEDS of the environment says how often; 30 unless set.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "daemon/store/file_storage.h"
#include "tests/daemon/store/journal_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {
namespace {

constexpr uint64_t kThreads = 4;
constexpr uint64_t kNumbersPerRun = 1 << 20;

struct Acknowledgement {
  uint64_t number;
  uint64_t position;
};

// Never returns: the parent kills it.
[[noreturn]] void AppendForever(const std::string& folder, uint64_t run,
                                int acknowledgements) {
  auto storage = OpenFileStorage(folder);
  if (!storage.ok()) _exit(3);
  auto journal =
      Journal::Open(storage->get(), {.segment_bytes = 200'000}, 0,
                    [](const JournalBatch&) { return Status(); });
  if (!journal.ok()) _exit(4);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = t; i < kNumbersPerRun; i += kThreads) {
        const uint64_t number = run * kNumbersPerRun + i;
        const auto position = (*journal)->Append(SampleBatch(number));
        if (!position.ok()) _exit(5);
        const Acknowledgement told = {number, *position};
        // Atomic: far less than PIPE_BUF.
        if (write(acknowledgements, &told, sizeof(told)) != sizeof(told)) {
          _exit(6);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  _exit(7);
}

// All that the pipe gives until its writer is gone.
void ReadAcknowledgements(int pipe, std::map<uint64_t, uint64_t>* told) {
  Acknowledgement one;
  while (read(pipe, &one, sizeof(one)) == sizeof(one)) {
    EXPECT_TRUE(told->emplace(one.position, one.number).second)
        << "position " << one.position << " was given twice";
  }
}

TEST(JournalCrashTest, NothingAcknowledgedIsLost) {
  const char* seeds = std::getenv("INGOT_CRASH_SEEDS");
  const uint64_t runs =
      seeds == nullptr ? 30 : std::strtoull(seeds, nullptr, 10);
  ASSERT_GT(runs, 0);
  const TemporaryFolder temporary;
  const std::string folder = temporary / "store";
  std::map<uint64_t, uint64_t> told;  // number by position
  std::mt19937_64 random(42);
  uint64_t runs_with_batches = 0;
  for (uint64_t run = 0; run < runs && !HasFailure(); ++run) {
    SCOPED_TRACE(run);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      AppendForever(folder, run, ends[1]);
    }
    close(ends[1]);
    std::thread killer([child, delay = random() % 150] {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay));
      kill(child, SIGKILL);
    });
    const size_t before = told.size();
    ReadAcknowledgements(ends[0], &told);
    close(ends[0]);
    killer.join();
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
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
