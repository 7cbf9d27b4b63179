// Stores on disk whose processes are killed, and what must be in them then.

#ifndef INGOT_TESTS_DAEMON_STORE_STORE_CRASH_H_
#define INGOT_TESTS_DAEMON_STORE_STORE_CRASH_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "daemon/store/file_storage.h"
#include "tests/daemon/store/crash_runs.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {

// What a child tells of the file, or pack, that follows from a number.
struct Told {
  uint64_t number;
  enum { kThere, kGoing, kGone } what;
};

// What must, and must not, be there.
class Expected {
 public:
  void Hear(const Told& told) {
    acknowledged_ += told.what != Told::kGoing;
    if (told.what == Told::kThere) there_.insert(told.number);
    if (told.what == Told::kGoing) there_.erase(told.number);
    if (told.what == Told::kGone) gone_.insert(told.number);
  }

  // Of earlier runs some, so that the last run does not take longest.
  template <typename Check>
  void ForSome(uint64_t run, std::mt19937_64* random, const Check& check) {
    for (const auto* numbers : {&there_, &gone_}) {
      for (const uint64_t number : *numbers) {
        if (number / kNumbersPerRun != run && (*random)() % 16 != 0) continue;
        check(number, numbers == &there_);
      }
    }
  }

  uint64_t acknowledged() const { return acknowledged_; }

 private:
  std::set<uint64_t> there_;
  std::set<uint64_t> gone_;
  uint64_t acknowledged_ = 0;
};

inline std::unique_ptr<Store> OpenInChild(Storage* storage,
                                          const std::string& folder) {
  StoreOptions options = FolderOptions(folder);
  options.journal.segment_bytes = 20'000;
  auto store = Store::Open(storage, options);
  if (!store.ok()) _exit(4);
  return std::move(*store);
}

// Starts the test's child on one folder, and kills it, as often as CrashRuns
// says: `hear` is called with what it told, `check` with the run's number and
// the store that it has left. `longest`: that a child lives, in milliseconds.
template <typename Hear, typename Check>
void KillAgainAndAgain(uint64_t seed, const Hear& hear, const Check& check,
                       uint64_t longest = 150) {
  const uint64_t runs = CrashRuns();
  ASSERT_GT(runs, 0);
  const TemporaryFolder temporary;
  const std::string folder = temporary / "store";
  const StoreOptions options = FolderOptions(folder);
  std::mt19937_64 random(seed);
  for (uint64_t run = 0; run < runs && !testing::Test::HasFailure(); ++run) {
    SCOPED_TRACE(run);
    RunAndKill<Told>(random() % longest, run, folder, hear);
    const auto storage = OpenFileStorage(folder);
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    if (random() % 4 == 0) {
      ExpectIndexIsTheJournals(**storage, options.index.folder);
    }
    const auto store = OpenStore(storage->get(), options);
    check(run, &random, **storage, store.get());
  }
}

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_STORE_CRASH_H_
