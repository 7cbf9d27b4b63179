// kill -9 at random moments of a process that uploads to a store on disk,
// packs, and takes both away: what it was told is so afterwards, and no file is
// left behind.

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/file_storage.h"
#include "daemon/store/keys.h"
#include "tests/daemon/store/pack_samples.h"
#include "tests/daemon/store/repository_samples.h"
#include "tests/daemon/store/store_crash.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::store {
namespace {

// Every third upload is taken away again.
[[noreturn]] void UploadForever(const CrashChild& child) {
  const auto storage = OpenFileStorage(child.folder);
  if (!storage.ok()) _exit(3);
  const auto store = OpenInChild(storage->get(), child.folder);
  Staging& staging = store->staging();
  StepForever(child.run, [&](uint64_t number) {
    const auto record = StageBytes(&staging, SampleUpload(number));
    if (!record.ok()) _exit(5);
    Tell(child.pipe, Told{number, Told::kThere});
    // Uploads of no bytes are all the same one.
    if (number % 3 != 0 || record->length == 0) return;
    Tell(child.pipe, Told{number, Told::kGoing});
    if (!staging.Discard(record->digest).ok()) _exit(8);
    Tell(child.pipe, Told{number, Told::kGone});
  });
}

TEST(StoreCrashTest, NoAcknowledgedUploadIsLost) {
  if (const auto child = ThisCrashChild()) UploadForever(*child);
  Expected expected;
  KillAgainAndAgain(
      43, [&](const Told& told) { expected.Hear(told); },
      [&](uint64_t run, std::mt19937_64* random, const Storage& storage,
          Store* store) {
        const Staging& staging = store->staging();
        ExpectNoOtherFiles(storage, staging);
        expected.ForSome(run, random, [&](uint64_t number, bool is_there) {
          if (is_there) return ExpectStaged(staging, SampleUpload(number));
          EXPECT_FALSE(*staging.Find(HashBytes(SampleUpload(number))))
              << number;
        });
        // What was not acknowledged is whole or not there.
        const auto records = staging.List();
        ASSERT_TRUE(records.ok());
        for (const StagedRecord& record : *records) {
          const auto source = staging.Open(record.digest);
          EXPECT_TRUE(source.ok()) << source.error().message;
        }
      });
  EXPECT_GT(expected.acknowledged(), CrashRuns());
  RecordProperty("acknowledged", static_cast<int>(expected.acknowledged()));
}

// One tensor, that all others are tuned from, and one of its own.
SampleModel PackedModel(uint64_t number) {
  return {.entries = {{.tensor = 17 + number % 15, .base = 16},
                      {.tensor = 16 * (2 + number)}}};
}

[[noreturn]] void PackForever(const CrashChild& child) {
  const auto storage = OpenFileStorage(child.folder);
  if (!storage.ok()) _exit(3);
  const auto store = OpenInChild(storage->get(), child.folder);
  Packs& packs = store->packs();
  if (packs.FindObject(SampleDigest(16))->empty() &&
      !PackModels(&packs, {{.entries = {{.tensor = 16}}}}).ok()) {
    _exit(5);
  }
  StepForever(child.run, [&](uint64_t number) {
    const auto pack = PackModels(&packs, {PackedModel(number)});
    if (!pack.ok()) _exit(5);
    Tell(child.pipe, Told{number, Told::kThere});
    if (number % 3 != 0) return;
    Tell(child.pipe, Told{number, Told::kGoing});
    if (!packs.Retire(pack->number).ok()) _exit(8);
    if (!packs.Remove({pack->number}).ok()) _exit(9);
    Tell(child.pipe, Told{number, Told::kGone});
  });
}

TEST(StoreCrashTest, NoAcknowledgedPackIsLost) {
  if (const auto child = ThisCrashChild()) PackForever(*child);
  Expected expected;
  KillAgainAndAgain(
      44, [&](const Told& told) { expected.Hear(told); },
      [&](uint64_t run, std::mt19937_64* random, const Storage& storage,
          Store* store) {
        const Packs& packs = store->packs();
        expected.ForSome(run, random, [&](uint64_t number, bool is_there) {
          const SampleModel model = PackedModel(number);
          if (is_there) return ExpectPacked(packs, model);
          EXPECT_TRUE(packs.FindFile(HashBytes(model.Bytes()))->empty())
              << number;
        });
        const auto list = packs.List();
        ASSERT_TRUE(list.ok());
        EXPECT_EQ(storage.List(kPackFolder)->size(), list->size());
        for (const PackInfo& info : *list) {
          if ((*random)() % 16 != 0) continue;
          const Status checked = packs.Check(info.number);
          EXPECT_TRUE(checked.ok()) << checked.error().message;
        }
      });
  EXPECT_GT(expected.acknowledged(), CrashRuns());
  RecordProperty("acknowledged", static_cast<int>(expected.acknowledged()));
}

const RepositoryName kName = {RepositoryKind::kModel, "ns", "name"};

std::string RefOf(uint64_t number) {
  return "refs/heads/" + std::to_string(number % kThreads);
}

// Each thread on a branch of its own.
[[noreturn]] void CommitForever(const CrashChild& child) {
  const auto storage = OpenFileStorage(child.folder);
  if (!storage.ok()) _exit(3);
  const auto store = OpenInChild(storage->get(), child.folder);
  Repositories& repositories = store->repositories();
  if (!repositories.Find(kName)->has_value() &&
      !repositories.Create({kName, false}).ok()) {
    _exit(5);
  }
  const uint64_t repository = (*repositories.Find(kName))->number;
  StepForever(child.run, [&](uint64_t number) {
    const std::optional<GitId> parent =
        *repositories.FindRef(repository, RefOf(number));
    const std::vector<GitObject> objects = SampleCommit(number, parent);
    const Status committed = repositories.Commit(
        repository, objects,
        std::vector<RefChange>{{RefOf(number), parent, IdOf(objects.back())}});
    if (!committed.ok()) _exit(8);
    Tell(child.pipe, Told{number, Told::kThere});
  });
}

// The ids of a branch's commits, the last one first, each with all that it
// names.
std::set<GitId> History(const Repositories& repositories, uint64_t repository,
                        const std::string& ref) {
  std::set<GitId> ids;
  std::optional<GitId> id = *repositories.FindRef(repository, ref);
  while (id) {
    ids.insert(*id);
    const auto commit = repositories.FindObject(repository, *id);
    EXPECT_TRUE(commit.ok() && *commit) << ToHex(id->bytes);
    if (!commit.ok() || !*commit) break;
    const std::string text(AsText((*commit)->bytes));
    const uint64_t number = std::stoull(text.substr(text.rfind(' ')));
    const auto blob =
        repositories.FindObject(repository, IdOf(SampleCommit(number)[0]));
    EXPECT_TRUE(blob.ok() && *blob) << number;
    const size_t parent = text.find("\nparent ");
    id.reset();
    if (parent != std::string::npos) {
      id = IdOfHex(text.substr(parent + 8, 40));
    }
  }
  return ids;
}

TEST(StoreCrashTest, NoAcknowledgedCommitIsLost) {
  if (const auto child = ThisCrashChild()) CommitForever(*child);
  std::set<uint64_t> told;
  KillAgainAndAgain(
      45, [&](const Told& one) { told.insert(one.number); },
      [&](uint64_t run, std::mt19937_64* random, const Storage&, Store* store) {
        const Repositories& repositories = store->repositories();
        const auto info = repositories.Find(kName);
        ASSERT_TRUE(info.ok());
        if (told.empty()) return;
        ASSERT_TRUE(*info);
        // Whole histories now and then: they grow with every run.
        if ((*random)() % 8 == 0 || run + 1 == CrashRuns()) {
          size_t commits = 0;
          for (uint64_t thread = 0; thread < kThreads; ++thread) {
            commits +=
                History(repositories, (*info)->number, RefOf(thread)).size();
          }
          // Each was told, but for the last of each thread and run.
          EXPECT_GE(commits, told.size());
          EXPECT_LE(commits, told.size() + kThreads * (run + 1));
        }
        for (const uint64_t number : told) {
          if (number / kNumbersPerRun != run && (*random)() % 16 != 0) continue;
          const auto blob = repositories.FindObject(
              (*info)->number, IdOf(SampleCommit(number)[0]));
          EXPECT_TRUE(blob.ok() && *blob) << number;
        }
      });
  EXPECT_GT(told.size(), CrashRuns());
  RecordProperty("acknowledged", static_cast<int>(told.size()));
}

}  // namespace
}  // namespace ingot::store
