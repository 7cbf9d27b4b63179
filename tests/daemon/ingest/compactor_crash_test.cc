// kill -9 at random moments of a process that packs what it stores and collects
// what is of no use: all that it acknowledged can be read, and no file is left
// behind.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <thread>

#include "daemon/ingest/maintenance.h"
#include "daemon/store/keys.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/store_crash.h"

namespace ingot::ingest {
namespace {

using store::CrashChild;
using store::CrashRuns;
using store::Told;

std::string FileOf(uint64_t number) { return ModelFile(number % 3, number); }

// Whoever uploads a file has this long to grant it.
constexpr CollectorOptions kCollecting = {.grace = 500,
                                          .repacked_share = 0.1,
                                          .pack_bytes = 400'000,
                                          .joined_packs = 4};

// Three threads upload, and take every third file away again; one packs and
// collects.
[[noreturn]] void PackForever(const CrashChild& child) {
  const auto storage = store::OpenFileStorage(child.folder);
  if (!storage.ok()) _exit(3);
  const auto opened = store::OpenInChild(storage->get(), child.folder);
  store::Store* const store = opened.get();
  const uint64_t repository = RepositoryOf(store, "me", "a");
  Maintenance maintenance(store, {.pack_bytes = 100'000}, kCollecting);
  store::StepForever(child.run, [&](uint64_t number) {
    if (number % store::kThreads == 0) {
      CompactionReport report;
      const Status packed = maintenance.Compact(false, &report);
      if (!packed.ok()) {
        std::fprintf(stderr, "packing: %s\n", packed.error().message.c_str());
        _exit(5);
      }
      for (const std::string& failure : report.failures) {
        std::fprintf(stderr, "not packed: %s\n", failure.c_str());
        _exit(6);
      }
      CollectionReport collection;
      const Status collected = maintenance.Collect(kCollecting, &collection);
      if (!collected.ok() || !collection.failures.empty()) {
        std::fprintf(stderr, "collecting: %s\n",
                     collected.ok() ? collection.failures[0].c_str()
                                    : collected.error().message.c_str());
        _exit(7);
      }
      CheckReport check;
      const auto scrubbed = maintenance.Scrub(&check);
      if (!scrubbed.ok() || !check.problems.empty()) _exit(10);
      return;
    }
    // So that packing keeps up.
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    const std::string file = FileOf(number);
    if (!Upload(store, repository, file).ok()) _exit(8);
    store::Tell(child.pipe, Told{number, Told::kThere});
    if (number % 3 != 0) return;
    store::Tell(child.pipe, Told{number, Told::kGoing});
    if (!store->repositories().EndGrant(repository, DigestOf(file)).ok()) {
      _exit(9);
    }
    (void)store->staging().Discard(DigestOf(file));
  });
}

TEST(CompactorCrashTest, NoAcknowledgedUploadIsLost) {
  if (const auto child = store::ThisCrashChild()) PackForever(*child);
  store::Expected expected;
  uint64_t packs = 0;
  uint64_t removed = 0;
  store::KillAgainAndAgain(
      46, [&](const Told& told) { expected.Hear(told); },
      [&](uint64_t run, std::mt19937_64* random, const store::Storage& storage,
          store::Store* store) {
        ExpectNoOtherFiles(storage, store->staging());
        packs = store->packs().List()->size();
        EXPECT_EQ(storage.List(store::kPackFolder)->size(), packs);
        const auto check = [&](uint64_t number, bool is_there) {
          const bool is_old = number / store::kNumbersPerRun != run;
          if (!is_there || (is_old && (*random)() % 4 != 0)) return;
          ExpectStored(store, FileOf(number), number);
        };
        expected.ForSome(run, random, check);
        // What the killed process left is packed by the next one.
        if ((*random)() % 4 != 0) return;
        CompactionReport report;
        const Status packed = Compactor(store, {}).Run(nullptr, &report);
        EXPECT_TRUE(packed.ok()) << packed.error().message;
        EXPECT_TRUE(report.failures.empty()) << report.failures[0];
        expected.ForSome(run, random, check);
        StoredObjects objects(&store->packs());
        CollectionReport collection;
        const Status collected =
            Collector(store, &objects).Run({.grace = 0}, nullptr, &collection);
        EXPECT_TRUE(collected.ok()) << collected.error().message;
        EXPECT_TRUE(collection.failures.empty());
        removed += collection.packs_removed;
        expected.ForSome(run, random, check);
        CheckReport found;
        EXPECT_TRUE(Checker(store, &objects)
                        .Run({.read_percent = 100}, nullptr, &found)
                        .ok());
        EXPECT_TRUE(found.problems.empty()) << found.problems[0];
      },
      /*longest=*/400);
  EXPECT_GT(expected.acknowledged(), CrashRuns());
  EXPECT_GT(removed, 0);
  RecordProperty("acknowledged", static_cast<int>(expected.acknowledged()));
}

}  // namespace
}  // namespace ingot::ingest
