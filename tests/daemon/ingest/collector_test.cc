// Collection: what is of use stays and can be read, what is not goes, nothing
// goes early, and what fails leaves things as they were.

#include "daemon/ingest/collector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "daemon/ingest/compactor.h"
#include "daemon/ingest/maintenance.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/file_storage.h"
#include "daemon/store/git_commit.h"
#include "daemon/store/history.h"
#include "daemon/store/keys.h"
#include "daemon/store/lfs_pointer.h"
#include "daemon/store/memory_storage.h"
#include "daemon/store/tree_editor.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"
#include "tests/sanitized.h"

namespace ingot::ingest {
namespace {

constexpr uint64_t kHour = 60ull * 60 * 1000;

class CollectorTest : public testing::Test {
 protected:
  CollectorTest() { Begin(store::MakeMemoryStorage()); }

  void Begin(std::unique_ptr<store::Storage> storage) {
    store_.reset();
    storage_ = std::make_unique<store::FaultyStorage>(std::move(storage));
    Reopen();
  }
  void Reopen() {
    store_.reset();
    store::StoreOptions options;
    options.journal.clock = [this] { return now_; };
    store_ = store::OpenStore(storage_.get(), options);
  }
  store::Packs& packs() { return store_->packs(); }
  uint64_t Repository(const std::string& space, const std::string& name,
                      bool is_private = true) {
    return RepositoryOf(store_.get(), space, name, is_private);
  }
  void Add(uint64_t repository, const std::string& bytes) {
    const Status uploaded = Upload(store_.get(), repository, bytes);
    ASSERT_TRUE(uploaded.ok()) << uploaded.error().message;
  }
  // One pack of all that is staged.
  void Compact(const CompactorOptions& options = {}) {
    CompactionReport report;
    const Status done = Compactor(store_.get(), options).Run(nullptr, &report);
    EXPECT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(report.failures.empty()) << report.failures[0];
  }
  void Pack(uint64_t repository, const std::vector<std::string>& files) {
    for (const std::string& file : files) Add(repository, file);
    Compact();
  }
  Status TryCollect(const CollectorOptions& options, CollectionReport* report) {
    StoredObjects objects(&packs());
    return Collector(store_.get(), &objects).Run(options, nullptr, report);
  }
  CollectionReport Collect(const CollectorOptions& options = {}) {
    CollectionReport report;
    const Status done = TryCollect(options, &report);
    EXPECT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(report.failures.empty()) << report.failures[0];
    return report;
  }
  void ExpectStoredAll(const std::vector<std::string>& files) {
    for (const std::string& file : files) ExpectStored(store_.get(), file);
  }
  bool Holds(const std::string& file) {
    return StoredLength(store_.get(), DigestOf(file))->has_value();
  }
  uint64_t PackBytes() {
    uint64_t bytes = 0;
    const auto files = storage_->List(store::kPackFolder);
    for (const store::StoredFile& file : *files) bytes += file.size;
    return bytes;
  }
  // A commit on main with a pointer to each of the files, and nothing else.
  Status Commit(uint64_t repository, const std::vector<std::string>& files) {
    const store::Repositories& repositories = store_->repositories();
    const store::History history(&repositories, repository);
    store::TreeEditor editor(&history, std::nullopt);
    std::vector<store::GitObject> objects;
    std::vector<Digest> digests;
    for (const std::string& file : files) {
      digests.push_back(DigestOf(file));
      objects.push_back(store::FormatPointer({digests.back(), file.size()}));
      INGOT_TRY(editor.Put(ToHex(digests.back()), store::kFileMode,
                           store::IdOf(objects.back())));
    }
    const auto before = repositories.FindRef(repository, store::kMainBranch);
    store::GitCommit commit;
    commit.author = "a";
    commit.email = "a@b";
    commit.message = "m";
    if (*before) commit.parents.push_back(**before);
    INGOT_ASSIGN(commit.tree, editor.Finish(&objects));
    objects.push_back(store::FormatCommit(commit));
    return store_->repositories().Commit(
        repository, objects,
        std::vector{store::RefChange{store::kMainBranch, *before,
                                     store::IdOf(objects.back())}},
        digests);
  }

  uint64_t now_ = 1'000 * kHour;
  std::unique_ptr<store::FaultyStorage> storage_;
  std::unique_ptr<store::Store> store_;
};

constexpr CollectorOptions kAtOnce = {.grace = 0};

TEST_F(CollectorTest, OfWhatIsOfUseNothingGoes) {
  const std::vector<std::string> files = {ModelFile(1, 0), ModelFile(1, 1),
                                          "text", ModelFile(2, 0), ""};
  Pack(Repository("me", "a"), files);
  Add(Repository("me", "b"), "staged");
  const CollectionReport report = Collect(kAtOnce);
  EXPECT_EQ(report.staged_files, 0);
  EXPECT_EQ(report.packs_retired, 0);
  EXPECT_EQ(report.packs_repacked, 0);
  EXPECT_EQ(report.packs_removed, 0);
  ExpectStoredAll(files);
  ExpectStored(store_.get(), "staged");
}

TEST_F(CollectorTest, DeletedRepositoriesGiveBackTheirSpace) {
  const uint64_t mine = Repository("me", "a");
  const uint64_t yours = Repository("you", "a");
  Add(mine, ModelFile(1, 0));
  Add(yours, ModelFile(2, 0));
  Add(yours, ModelFile(3, 0));
  Compact();
  ASSERT_EQ(packs().List()->size(), 1);
  const uint64_t before = PackBytes();
  ASSERT_TRUE(store_->repositories().Delete(yours).ok());
  CollectorOptions options = kAtOnce;
  options.dry_run = true;
  const CollectionReport planned = Collect(options);
  EXPECT_EQ(planned.packs_repacked, 1);
  EXPECT_LT(planned.live_bytes, before / 2);
  EXPECT_EQ(PackBytes(), before);
  EXPECT_TRUE(Holds(ModelFile(2, 0)));
  const CollectionReport report = Collect(kAtOnce);
  EXPECT_EQ(report.packs_repacked, 1);
  EXPECT_EQ(report.live_bytes, planned.live_bytes);
  EXPECT_EQ(report.packs_removed, 1);
  EXPECT_EQ(report.removed_bytes, before);
  EXPECT_EQ(report.written_bytes, PackBytes());
  EXPECT_LT(PackBytes(), before / 2);
  ExpectStored(store_.get(), ModelFile(1, 0));
  EXPECT_FALSE(Holds(ModelFile(2, 0)));
  Reopen();
  ExpectStored(store_.get(), ModelFile(1, 0));
  // The copied pack serves as others do.
  Pack(mine, {ModelFile(1, 0, "renamed."), ModelFile(1, 1)});
  ExpectStoredAll({ModelFile(1, 0, "renamed."), ModelFile(1, 1)});
  EXPECT_EQ(Collect(kAtOnce).packs_repacked, 0);
}

// A pack that is hardly dead stays; what its dead entries need does as well.
TEST_F(CollectorTest, PacksThatAreMostlyLiveStay) {
  const uint64_t mine = Repository("me", "a");
  const uint64_t yours = Repository("me", "b");
  Pack(Repository("me", "base"), {ModelFile(1, 0)});
  for (uint64_t family = 2; family < 8; ++family) {
    Add(mine, ModelFile(family, 0));
  }
  Add(yours, ModelFile(1, 1));
  Compact();
  ASSERT_EQ(packs().List()->size(), 2);
  ASSERT_TRUE(store_->repositories().Delete(yours).ok());
  ASSERT_TRUE(store_->repositories().Delete(Repository("me", "base")).ok());
  const CollectionReport report = Collect(kAtOnce);
  EXPECT_EQ(report.packs_repacked, 0);
  EXPECT_EQ(report.packs_retired, 0);
  EXPECT_EQ(packs().List()->size(), 2);
  for (uint64_t family = 2; family < 8; ++family) {
    ExpectStored(store_.get(), ModelFile(family, 0));
  }
}

TEST_F(CollectorTest, BasesStayWhileTheyAreNeeded) {
  const uint64_t base = Repository("me", "base", false);
  const uint64_t tuned = Repository("you", "tuned");
  Pack(base, {ModelFile(1, 0), ModelFile(5, 0), ModelFile(6, 0)});
  Pack(tuned, {ModelFile(1, 1)});
  ASSERT_TRUE(store_->repositories().Delete(base).ok());
  const uint64_t before = PackBytes();
  EXPECT_EQ(Collect(kAtOnce).packs_repacked, 1);
  EXPECT_LT(PackBytes(), before * 2 / 3);
  ExpectStored(store_.get(), ModelFile(1, 1));
  EXPECT_FALSE(Holds(ModelFile(1, 0)));
  Reopen();
  ExpectStored(store_.get(), ModelFile(1, 1));
  ASSERT_TRUE(store_->repositories().Delete(tuned).ok());
  Collect(kAtOnce);
  EXPECT_TRUE(packs().List()->empty());
  EXPECT_EQ(PackBytes(), 0);
}

TEST_F(CollectorTest, NothingGoesBeforeItsTime) {
  const uint64_t mine = Repository("me", "a");
  Pack(mine, {ModelFile(1, 0)});
  ASSERT_TRUE(store::StageBytes(&store_->staging(), AsBytes("ungranted")).ok());
  ASSERT_TRUE(store_->repositories().Delete(mine).ok());
  // The pack is retired at once: nothing new may refer to it.
  CollectionReport report = Collect();
  EXPECT_EQ(report.packs_retired, 1);
  EXPECT_EQ(report.packs_removed, 0);
  EXPECT_GT(report.retired_bytes, 0);
  EXPECT_TRUE(Holds("ungranted"));
  EXPECT_GT(PackBytes(), 0);
  now_ += 23 * kHour;
  report = Collect();
  EXPECT_EQ(report.staged_files + report.packs_removed, 0);
  // Setting the clock back changes nothing, nor does opening.
  now_ -= 30 * kHour;
  Reopen();
  report = Collect();
  EXPECT_EQ(report.staged_files + report.packs_removed, 0);
  now_ += 32 * kHour;
  report = Collect();
  EXPECT_EQ(report.staged_files, 1);
  EXPECT_EQ(report.staged_bytes, 9);
  EXPECT_EQ(report.packs_removed, 1);
  EXPECT_FALSE(Holds("ungranted"));
  EXPECT_EQ(PackBytes(), 0);
}

// What is sent again while its pack is retired is packed again.
TEST_F(CollectorTest, WhatComesBackStays) {
  const uint64_t mine = Repository("me", "a");
  Pack(mine, {ModelFile(1, 0)});
  ASSERT_TRUE(store_->repositories().Delete(mine).ok());
  EXPECT_EQ(Collect().packs_retired, 1);
  const uint64_t again = Repository("me", "b");
  // A grant is enough while it is there: it stays, though its pack is retired.
  ASSERT_TRUE(
      store_->repositories().Grant(again, DigestOf(ModelFile(1, 0))).ok());
  now_ += 30 * kHour;
  const CollectionReport report = Collect();
  EXPECT_EQ(report.packs_repacked, 1);
  EXPECT_EQ(report.packs_removed, 1);
  ExpectStored(store_.get(), ModelFile(1, 0));
  EXPECT_TRUE(packs().FindFile(DigestOf(ModelFile(1, 0)))->at(0).usable());
}

TEST_F(CollectorTest, WhatNoCommitPointsToGoesWhenAsked) {
  const uint64_t hub = Repository("me", "hub");
  const uint64_t lfs = Repository("me", "lfs");
  const std::string old = "in an old commit";
  for (const std::string& file : {old, std::string("new"), std::string("no")}) {
    Add(hub, file);
  }
  Add(lfs, "pointed to elsewhere");
  ASSERT_TRUE(Commit(hub, {old}).ok());
  ASSERT_TRUE(Commit(hub, {"new"}).ok());
  now_ += 30 * kHour;
  EXPECT_EQ(Collect().grants_ended, 0);
  CollectorOptions options = {.unreferenced = true, .dry_run = true};
  CollectionReport report = Collect(options);
  EXPECT_EQ(report.grants_ended, 1);
  EXPECT_EQ(report.staged_files, 1);
  EXPECT_TRUE(*store_->repositories().IsGranted(hub, DigestOf("no")));
  options.dry_run = false;
  // Who asks again whether it is there holds it.
  ASSERT_TRUE(store_->repositories().Grant(hub, DigestOf("no")).ok());
  EXPECT_EQ(Collect(options).grants_ended, 0);
  now_ += 25 * kHour;
  report = Collect(options);
  EXPECT_EQ(report.grants_ended, 1);
  EXPECT_EQ(report.staged_files, 1);
  EXPECT_FALSE(Holds("no"));
  ExpectStoredAll({old, "new", "pointed to elsewhere"});
  // Neither a pointer to what is gone is taken, nor is it granted.
  EXPECT_EQ(Commit(hub, {"no"}).error().kind, ErrorKind::kNotFound);
}

// A commit that comes between the plan and its execution keeps its file.
TEST_F(CollectorTest, AGrantThatIsRenewedDoesNotEnd) {
  const uint64_t hub = Repository("me", "hub");
  Add(hub, "a");
  const uint64_t planned = store_->now();
  now_ += kHour;
  ASSERT_TRUE(Commit(hub, {"a"}).ok());
  EXPECT_EQ(
      store_->repositories().EndGrant(hub, DigestOf("a"), planned).error().kind,
      ErrorKind::kConflict);
  EXPECT_TRUE(store_->repositories().EndGrant(hub, DigestOf("a"), now_).ok());
}

TEST_F(CollectorTest, SmallPacksAreJoined) {
  std::vector<std::string> files;
  for (uint64_t i = 0; i < 9; ++i) {
    files.push_back(ModelFile(i % 3, i));
    Pack(Repository("me", "a"), {files.back()});
    EXPECT_EQ(packs().List()->size(), i + 1);
    if (i == 6) {
      EXPECT_EQ(Collect(kAtOnce).packs_repacked, 0);
    }
  }
  EXPECT_EQ(Collect(kAtOnce).packs_repacked, 9);
  EXPECT_EQ(packs().List()->size(), 1);
  ExpectStoredAll(files);
}

TEST_F(CollectorTest, StopsWhenTold) {
  Pack(Repository("me", "a"), {ModelFile(1, 0)});
  const std::atomic<bool> stop = true;
  CollectionReport report;
  StoredObjects objects(&packs());
  EXPECT_EQ(Collector(store_.get(), &objects)
                .Run(kAtOnce, &stop, &report)
                .error()
                .kind,
            ErrorKind::kCancelled);
}

// Without space what needs none is done, and the rest says why not.
TEST_F(CollectorTest, WithoutSpaceTheRestIsDone) {
  const uint64_t mine = Repository("me", "a");
  const uint64_t yours = Repository("me", "b");
  Add(mine, ModelFile(1, 0));
  Add(yours, ModelFile(2, 0));
  Compact();
  Pack(yours, {ModelFile(3, 0), ModelFile(4, 0)});
  ASSERT_TRUE(store_->repositories().Delete(yours).ok());
  storage_->SetFreeBytes(1);
  CollectionReport report;
  EXPECT_EQ(TryCollect(kAtOnce, &report).error().kind,
            ErrorKind::kResourceExhausted);
  EXPECT_EQ(report.packs_retired, 1);
  EXPECT_EQ(report.packs_removed, 1);
  ExpectStored(store_.get(), ModelFile(1, 0));
  storage_->SetFreeBytes(UINT64_MAX);
  EXPECT_EQ(Collect(kAtOnce).packs_repacked, 1);
  ExpectStored(store_.get(), ModelFile(1, 0));
}

// Every operation of a run fails once, and all from each one on.
TEST_F(CollectorTest, FailuresLoseNothing) {
  const std::vector<std::string> kept = {ModelFile(1, 1), "text",
                                         ModelFile(2, 1)};
  for (const bool forever : {false, true}) {
    for (uint64_t fault = 0;; ++fault) {
      SCOPED_TRACE(fault);
      Begin(store::MakeMemoryStorage());
      const uint64_t mine = Repository("me", "a");
      const uint64_t yours = Repository("me", "b");
      Add(yours, ModelFile(1, 0));
      Add(yours, ModelFile(2, 0));
      Compact();
      Pack(mine, kept);
      Pack(yours, {ModelFile(7, 0)});
      Add(yours, "staged");
      ASSERT_TRUE(store_->repositories().Delete(yours).ok());
      const uint64_t first = storage_->operations() + fault;
      storage_->Fail(first, forever ? UINT64_MAX : first + 1, ErrorKind::kIo);
      CollectionReport report;
      const Status done = TryCollect(kAtOnce, &report);
      const bool reached = storage_->operations() > first;
      EXPECT_TRUE(reached || done.ok());
      ExpectStoredAll(kept);
      storage_->Heal();
      if (fault % 2 == 0) Reopen();
      ExpectStoredAll(kept);
      Collect(kAtOnce);
      Collect(kAtOnce);
      ExpectStoredAll(kept);
      EXPECT_FALSE(Holds("staged"));
      EXPECT_FALSE(Holds(ModelFile(7, 0)));
      Reopen();
      ExpectStoredAll(kept);
      if (!reached) break;
    }
  }
}

// Space is free only when nobody has a removed pack open.
TEST_F(CollectorTest, ReadersOfRemovedPacksAreClosed) {
  const store::TemporaryFolder folder;
  const auto storage = store::OpenFileStorage(folder / "store");
  ASSERT_TRUE(storage.ok()) << storage.error().message;
  store_ = store::OpenStore(storage->get(),
                            store::FolderOptions(folder / "store"));
  const StoredFiles files(store_.get());
  Maintenance maintenance(store_.get(), {}, kAtOnce, files.objects());
  const uint64_t mine = Repository("me", "a");
  const uint64_t yours = Repository("me", "b");
  Add(mine, ModelFile(1, 0));
  Add(yours, ModelFile(2, 0));
  CompactionReport packed;
  ASSERT_TRUE(maintenance.Compact(false, &packed).ok());
  for (uint64_t family = 1; family < 3; ++family) {
    const std::string file = ModelFile(family, 0);
    std::vector<std::byte> read(file.size());
    const auto source = files.Open(DigestOf(file));
    ASSERT_TRUE(source.ok() && (*source)->ReadAt(0, read).ok());
  }
  const auto removed_and_open = [] {
    std::string names;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const auto target = std::filesystem::read_symlink(entry.path(), gone);
      if (target.string().ends_with(" (deleted)") &&
          target.string().find("/pack/") != std::string::npos) {
        names += target.string() + "\n";
      }
    }
    return names;
  };
  ASSERT_TRUE(store_->repositories().Delete(yours).ok());
  CollectionReport report;
  ASSERT_TRUE(maintenance.Collect(kAtOnce, &report).ok());
  EXPECT_EQ(report.packs_removed, 1);
  EXPECT_EQ(removed_and_open(), "");
  ExpectStored(store_.get(), ModelFile(1, 0));
  store_.reset();
}

// Random uploads, deletions, compactions and collections: what is granted can
// always be read, and when nothing is, nothing is left.
TEST_F(CollectorTest, RandomRunsKeepWhatIsGranted) {
  for (uint64_t seed = 0; seed < Tries(40); ++seed) {
    SCOPED_TRACE(seed);
    Begin(store::MakeMemoryStorage());
    std::mt19937_64 random(seed);
    std::map<std::string, std::set<std::string>> granted;  // by repository
    for (int step = 0; step < 40; ++step) {
      const std::string name(1, static_cast<char>('a' + random() % 4));
      const uint64_t action = random() % 10;
      if (action < 5) {
        const std::string file = ModelFile(random() % 2, random() % 6);
        Add(Repository("me", name), file);
        granted[name].insert(file);
      } else if (action == 5) {
        ASSERT_TRUE(store_->repositories().Delete(Repository("me", name)).ok());
        granted.erase(name);
      } else if (action == 6 && !granted[name].empty()) {
        const std::string file = *granted[name].begin();
        ASSERT_TRUE(store_->repositories()
                        .EndGrant(Repository("me", name), DigestOf(file))
                        .ok());
        granted[name].erase(file);
      } else if (action < 9) {
        Compact({.pack_bytes = 1 + random() % 200'000});
      } else {
        Collect({.grace = 0,
                 .repacked_share = static_cast<double>(random() % 100) / 100,
                 .pack_bytes = 1 + random() % 2'000'000,
                 .joined_packs = 1 + random() % 8});
      }
      if (random() % 8 == 0) Reopen();
      if (step % 4 != 0) continue;
      for (const auto& [repository, files] : granted) {
        for (const std::string& file : files) {
          ExpectStored(store_.get(), file, seed);
        }
      }
    }
    for (const auto& [repository, files] : granted) {
      ASSERT_TRUE(
          store_->repositories().Delete(Repository("me", repository)).ok());
    }
    Collect(kAtOnce);
    EXPECT_TRUE(packs().List()->empty());
    EXPECT_TRUE(store_->staging().List()->empty());
    EXPECT_EQ(PackBytes(), 0);
  }
}

}  // namespace
}  // namespace ingot::ingest
