// Damage: found wherever it is, what it costs is named and nothing else is
// lost, and what is sent again heals.

#include "daemon/ingest/checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "daemon/ingest/maintenance.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/ingest/wholeness.h"
#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/sanitized.h"

namespace ingot::ingest {
namespace {

class CheckerTest : public testing::Test {
 protected:
  CheckerTest() { Begin(); }

  // A store with nothing in it.
  void Begin() {
    maintenance_.reset();
    store_.reset();
    storage_ = store::MakeMemoryStorage();
    Reopen();
  }
  void Reopen() {
    maintenance_.reset();
    store_.reset();
    store_ = store::OpenStore(storage_.get());
    // No grace: what is of no use goes at once.
    maintenance_ = std::make_unique<Maintenance>(
        store_.get(), CompactorOptions(), CollectorOptions{.grace = 0});
  }
  void Add(const std::string& name, const std::string& bytes) {
    const Status uploaded =
        Upload(store_.get(), RepositoryOf(store_.get(), "me", name), bytes);
    ASSERT_TRUE(uploaded.ok()) << uploaded.error().message;
  }
  void Compact() {
    CompactionReport report;
    const Status done = maintenance_->Compact(true, &report);
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(report.failures.empty()) << report.failures[0];
  }
  CheckReport Check(unsigned percent) {
    CheckReport report;
    const Status done = maintenance_->Check({.read_percent = percent}, &report);
    EXPECT_TRUE(done.ok()) << done.error().message;
    return report;
  }
  RepairReport Repair() {
    RepairReport report;
    const Status done = maintenance_->Repair(&report);
    EXPECT_TRUE(done.ok()) << done.error().message;
    return report;
  }
  void Replace(const std::string& key, ByteSpan bytes) {
    ASSERT_TRUE(storage_->Remove(key).ok());
    store::WriteFile(storage_.get(), key, bytes);
  }
  std::string OnlyFile(std::string_view folder) {
    const auto files = storage_->List(folder);
    EXPECT_EQ(files->size(), 1);
    return files->at(0).key;
  }
  static std::set<Digest> LostOf(const CheckReport& report) {
    std::set<Digest> lost;
    for (const LostFile& file : report.lost) lost.insert(file.file);
    return lost;
  }
  // What a check says is lost is, and nothing else.
  void ExpectOnlyLost(const std::vector<std::string>& files,
                      const std::set<Digest>& lost) {
    StoredObjects objects(&store_->packs());
    for (const std::string& file : files) {
      const bool is_lost = lost.contains(DigestOf(file));
      EXPECT_EQ(*IsWhole(store_.get(), &objects, DigestOf(file)), !is_lost);
      if (!is_lost) {
        ExpectStored(store_.get(), file);
        continue;
      }
      const auto source = OpenStoredFile(store_.get(), DigestOf(file));
      if (!source.ok()) continue;
      std::vector<std::byte> read(file.size());
      EXPECT_FALSE((*source)->ReadAt(0, read).ok() && AsText(read) != file);
    }
  }

  std::unique_ptr<store::Storage> storage_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Maintenance> maintenance_;
};

TEST_F(CheckerTest, AFlippedBitInAPackCostsWhatItTouches) {
  const std::vector<std::string> files = {
      ModelFile(1, 0), ModelFile(1, 1),
      ModelFile(2, 0), ModelFile(2, 0, "renamed."),
      "text",          std::string(3000, 'z')};
  std::mt19937_64 random(1);
  uint64_t some_lost = 0;
  for (uint64_t seed = 0; seed < Tries(60); ++seed) {
    SCOPED_TRACE(seed);
    Begin();
    for (const std::string& file : files) Add("a", file);
    Compact();
    const std::string key = OnlyFile(store::kPackFolder);
    std::vector<std::byte> pack = store::ReadAll(*storage_, key);
    pack[random() % pack.size()] ^= std::byte{1} << (random() % 8);
    Replace(key, pack);
    Reopen();
    EXPECT_TRUE(Check(0).problems.empty()) << "it is there";
    const CheckReport found = Check(100);
    // Zeros that align payloads may be anything.
    if (found.problems.empty()) {
      ExpectOnlyLost(files, {});
      continue;
    }
    EXPECT_NE(found.problems[0].find(key), std::string::npos)
        << found.problems[0];
    const std::set<Digest> lost = LostOf(found);
    some_lost += lost.empty() ? 0 : 1;
    ExpectOnlyLost(files, lost);
    Reopen();
    // It is known from now on.
    EXPECT_EQ(LostOf(Check(0)), lost);
    for (const LostFile& file : found.lost) {
      ASSERT_EQ(file.repositories.size(), 1);
      EXPECT_EQ(file.repositories[0].name, "a");
    }
    // What is lost is sent again.
    for (const std::string& file : files) {
      if (lost.contains(DigestOf(file))) Add("a", file);
    }
    const RepairReport repaired = Repair();
    EXPECT_TRUE(repaired.after.lost.empty())
        << repaired.compaction.files << " packed, " << lost.size() << " lost, "
        << repaired.collection.packs_repacked << " repacked";
    EXPECT_TRUE(repaired.compaction.failures.empty())
        << repaired.compaction.failures[0];
    EXPECT_TRUE(repaired.collection.failures.empty())
        << repaired.collection.failures[0];
    ExpectOnlyLost(files, {});
    // No grace: the damaged pack is gone.
    const CheckReport left = Check(100);
    EXPECT_TRUE(left.problems.empty()) << left.problems[0];
    EXPECT_FALSE(storage_->Open(key).ok());
    Reopen();
    ExpectOnlyLost(files, {});
    EXPECT_TRUE(Repair().before.problems.empty());
  }
  EXPECT_GT(some_lost, 0);
}

TEST_F(CheckerTest, APackThatIsGoneIsNamed) {
  const std::vector<std::string> files = {ModelFile(1, 0), ModelFile(2, 0)};
  Add("a", files[0]);
  Add("a", files[1]);
  Compact();
  Add("b", ModelFile(1, 1));
  Add("b", ModelFile(3, 0));
  Compact();
  const std::string key = storage_->List(store::kPackFolder)->at(0).key;
  ASSERT_TRUE(storage_->Remove(key).ok());
  Reopen();
  const CheckReport found = Check(0);
  ASSERT_EQ(found.problems.size(), 1);
  // The fine-tune was coded against what is gone.
  const std::set<Digest> lost = {DigestOf(files[0]), DigestOf(files[1]),
                                 DigestOf(ModelFile(1, 1))};
  EXPECT_EQ(LostOf(found), lost);
  ExpectOnlyLost({files[0], files[1], ModelFile(1, 1), ModelFile(3, 0)}, lost);
  // Nothing can be made of it; nothing else is lost by trying.
  RepairReport repaired = Repair();
  EXPECT_EQ(LostOf(repaired.after), lost);
  ExpectStored(store_.get(), ModelFile(3, 0));
  // The base alone heals the fine-tune, too.
  Add("a", files[0]);
  repaired = Repair();
  EXPECT_EQ(LostOf(repaired.after), std::set{DigestOf(files[1])});
  ExpectStored(store_.get(), ModelFile(1, 1));
  Add("a", files[1]);
  EXPECT_TRUE(Repair().after.lost.empty());
  ExpectOnlyLost({files[0], files[1], ModelFile(1, 1), ModelFile(3, 0)}, {});
  EXPECT_TRUE(Check(100).problems.empty());
}

TEST_F(CheckerTest, ADamagedUploadIsReplaced) {
  const std::string file = ModelFile(1, 0);
  Add("a", file);
  const std::string key = OnlyFile(store::kStagedFolder);
  std::vector<std::byte> bytes = store::ReadAll(*storage_, key);
  bytes[1000] ^= std::byte{4};
  Replace(key, bytes);
  EXPECT_TRUE(Check(0).problems.empty());
  CheckReport found = Check(100);
  ASSERT_EQ(found.problems.size(), 1);
  EXPECT_EQ(LostOf(found), std::set{DigestOf(file)});
  EXPECT_EQ(OpenStoredFile(store_.get(), DigestOf(file)).error().kind,
            ErrorKind::kCorruption);
  Reopen();
  EXPECT_EQ(OpenStoredFile(store_.get(), DigestOf(file)).error().kind,
            ErrorKind::kCorruption);
  EXPECT_EQ(LostOf(Check(0)), std::set{DigestOf(file)});
  CompactionReport report;
  ASSERT_TRUE(maintenance_->Compact(true, &report).ok());
  EXPECT_EQ(report.files, 0);
  // The same upload again: it is not told that the file is there.
  Add("a", file);
  ExpectStored(store_.get(), file);
  EXPECT_FALSE(storage_->Open(key).ok());
  ExpectNoOtherFiles(*storage_, store_->staging());
  found = Check(100);
  EXPECT_TRUE(found.problems.empty() && found.lost.empty());
  Compact();
  ExpectStored(store_.get(), file);
}

// A file that could not be read for a while is no damaged one for ever.
TEST_F(CheckerTest, WhatIsMendedIsWhole) {
  const std::string file = ModelFile(1, 0);
  Add("a", file);
  Compact();
  const std::string key = OnlyFile(store::kPackFolder);
  const std::vector<std::byte> bytes = store::ReadAll(*storage_, key);
  ASSERT_TRUE(storage_->Remove(key).ok());
  EXPECT_EQ(LostOf(Check(0)), std::set{DigestOf(file)});
  store::WriteFile(storage_.get(), key, bytes);
  EXPECT_TRUE(Check(0).lost.empty());
  EXPECT_FALSE(*store_->packs().HasDamage());
  ExpectStored(store_.get(), file);
}

TEST_F(CheckerTest, ScrubbingReadsEverythingInTurn) {
  for (uint64_t i = 0; i < 3; ++i) {
    Add("a", ModelFile(i, 0));
    Compact();
  }
  Add("a", "staged");
  for (int turn = 0; turn < 2; ++turn) {
    CheckReport report;
    for (int item = 0; item < 4; ++item) {
      ASSERT_TRUE(*maintenance_->Scrub(&report));
      EXPECT_TRUE(report.problems.empty());
    }
    EXPECT_FALSE(*maintenance_->Scrub(&report));
  }
  const std::string key = storage_->List(store::kPackFolder)->at(1).key;
  std::vector<std::byte> bytes = store::ReadAll(*storage_, key);
  bytes[5000] ^= std::byte{1};
  Replace(key, bytes);
  uint64_t found = 0;
  for (int item = 0; item < 4; ++item) {
    CheckReport report;
    ASSERT_TRUE(*maintenance_->Scrub(&report));
    found += report.problems.size();
  }
  EXPECT_EQ(found, 1);
  EXPECT_TRUE(*store_->packs().HasDamage());
}

}  // namespace
}  // namespace ingot::ingest
