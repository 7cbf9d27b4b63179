// Staged uploads and the version of a store: each rule of STORE.md by
// itself. Random operations are staging_model_test.cc's.

#include "daemon/store/staging.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "daemon/store/store.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/journal_samples.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::store {
namespace {

class StagingTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    store_ = OpenStore(&storage_);
  }
  Staging& staging() { return store_->staging(); }
  StagedRecord Stage(ByteSpan bytes) {
    const auto staged = StageBytes(&staging(), bytes);
    EXPECT_TRUE(staged.ok()) << staged.error().message;
    return *staged;
  }
  // Changes what is stored behind the store's back.
  void Replace(const StagedRecord& record, ByteSpan bytes) {
    const std::string key = NumberedKey(kStagedFolder, record.number);
    ASSERT_TRUE(storage_.Remove(key).ok());
    WriteFile(&storage_, key, bytes);
  }

  FaultyStorage storage_{MakeMemoryStorage()};
  std::unique_ptr<Store> store_ = OpenStore(&storage_);
  const std::vector<std::byte> bytes_ = SampleUpload(7);
  const Digest digest_ = HashBytes(bytes_);
};

TEST_F(StagingTest, UploadsAreReadableAtOnceAndAfterwards) {
  for (uint64_t number = 0; number < 30; ++number) Stage(SampleUpload(number));
  for (int round = 0; round < 2; ++round) {
    for (uint64_t number = 0; number < 30; ++number) {
      ExpectStaged(staging(), SampleUpload(number));
    }
    ExpectNoOtherFiles(storage_, staging());
    Reopen();
  }
}

TEST_F(StagingTest, EqualBytesAreStagedOnce) {
  const StagedRecord first = Stage(bytes_);
  EXPECT_EQ(Stage(bytes_), first);
  ASSERT_EQ(staging().List()->size(), 1);
  EXPECT_EQ(staging().List()->front().number, first.number);
  ExpectNoOtherFiles(storage_, staging());
}

TEST_F(StagingTest, WhatIsNotFinishedLeavesNothing) {
  {
    const auto upload = staging().Begin();
    ASSERT_TRUE(upload.ok());
    ASSERT_TRUE((*upload)->Write(bytes_).ok());
    EXPECT_FALSE(*staging().Find(digest_));
  }
  ExpectNoOtherFiles(storage_, staging());
  // As of a process that died.
  WriteFile(&storage_, NumberedKey(kStagedFolder, 77), bytes_);
  WriteFile(&storage_, "staged/readme.txt", bytes_);
  WriteFile(&storage_, NumberedKey(kStagedFolder, UINT64_MAX), bytes_);
  Reopen();
  EXPECT_FALSE(storage_.Open(NumberedKey(kStagedFolder, 77)).ok());
  for (const std::string& key : {std::string("staged/readme.txt"),
                                 NumberedKey(kStagedFolder, UINT64_MAX)}) {
    EXPECT_TRUE(storage_.Open(key).ok()) << "not the store's";
  }
  EXPECT_EQ(Stage(bytes_).number, 78);
}

TEST_F(StagingTest, DiscardedIsGoneAndMayComeAgain) {
  const StagedRecord first = Stage(bytes_);
  const auto reading = staging().Open(digest_);
  ASSERT_TRUE(staging().Discard(digest_).ok());
  EXPECT_EQ(staging().Open(digest_).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(staging().Check(digest_).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(staging().Discard(digest_).error().kind, ErrorKind::kNotFound);
  std::vector<std::byte> read(bytes_.size());
  EXPECT_TRUE((*reading)->ReadAt(0, read).ok());
  EXPECT_TRUE(read == bytes_) << "who reads goes on";
  Reopen();
  EXPECT_TRUE(staging().List()->empty());
  EXPECT_GT(Stage(bytes_).number, first.number);
  Reopen();
  ExpectStaged(staging(), bytes_);
}

TEST_F(StagingTest, ConcurrentUploadsOfEqualBytesAreStagedOnce) {
  constexpr uint64_t kContents = 5;
  store_.reset();
  // Slow enough for uploads to meet.
  JournalOptions slow;
  slow.clock = [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return uint64_t{1};
  };
  store_ = OpenStore(&storage_, {.journal = slow});
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 2 * kContents; ++i) {
        const auto bytes = SampleUpload(100 + (t + i) % kContents);
        failures += !StageBytes(&staging(), bytes).ok();
        // Somebody else's may be what it takes away.
        if (t == 0) (void)staging().Discard(HashBytes(bytes));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  const auto before = *staging().List();
  EXPECT_LE(before.size(), kContents);
  ExpectNoOtherFiles(storage_, staging());
  Reopen();
  EXPECT_EQ(*staging().List(), before);
}

// Rule 5: it may yet be found.
TEST_F(StagingTest, AFileWhoseRecordFailedStaysUntilItCannotBeTrue) {
  Stage(SampleUpload(1));
  const uint64_t before = storage_.operations();
  Stage(SampleUpload(2));
  const uint64_t finish = storage_.operations() - before;
  // The last operation of an upload is the journal's sync.
  const uint64_t fault = storage_.operations() + finish - 1;
  storage_.Fail(fault, fault + 1, ErrorKind::kIo);
  const auto failed = StageBytes(&staging(), SampleUpload(3));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::kIo);
  EXPECT_EQ(staging().List()->size(), 2);
  EXPECT_EQ(storage_.List(kStagedFolder)->size(), 3);
  // One more, so that two wait to be settled; it begins a segment.
  storage_.Fail(storage_.operations() + finish - 2, UINT64_MAX, ErrorKind::kIo);
  EXPECT_FALSE(StageBytes(&staging(), SampleUpload(4)).ok());
  storage_.Heal();
  EXPECT_EQ(storage_.List(kStagedFolder)->size(), 4);
  // Found after all.
  FaultyStorage copy(
      storage_.PowerLoss({kVersionFolder, kJournalFolder, kStagedFolder}));
  const auto found = *OpenStore(&copy)->staging().List();
  EXPECT_TRUE(found.size() == 2 || found.size() == 3);
  // The next success settles them.
  Stage(SampleUpload(5));
  ExpectNoOtherFiles(storage_, staging());
  Reopen();
  EXPECT_EQ(staging().List()->size(), 3);
}

TEST_F(StagingTest, DamageIsFound) {
  const StagedRecord record = Stage(bytes_);
  const StagedRecord other = Stage(SampleUpload(8));
  std::vector<std::byte> damaged = bytes_;
  for (size_t at = 0; at < damaged.size(); at += 97) {
    damaged[at] ^= std::byte{1};
    Replace(record, damaged);
    const Status checked = staging().Check(digest_);
    ASSERT_FALSE(checked.ok()) << at;
    EXPECT_EQ(checked.error().kind, ErrorKind::kCorruption);
    EXPECT_NE(
        checked.error().message.find(NumberedKey(kStagedFolder, record.number)),
        std::string::npos);
    damaged[at] ^= std::byte{1};
  }
  damaged.pop_back();
  Replace(record, damaged);
  EXPECT_EQ(staging().Open(digest_).error().kind, ErrorKind::kCorruption);
  ASSERT_TRUE(storage_.Remove(NumberedKey(kStagedFolder, record.number)).ok());
  Reopen();
  EXPECT_EQ(staging().Open(digest_).error().kind, ErrorKind::kCorruption);
  EXPECT_EQ(staging().Check(digest_).error().kind, ErrorKind::kCorruption);
  ExpectStaged(staging(), SampleUpload(8));
  EXPECT_EQ(*staging().Find(other.digest), other);
  // What is damaged can be taken away, and uploaded again.
  ASSERT_TRUE(staging().Discard(digest_).ok());
  Stage(bytes_);
  ExpectStaged(staging(), bytes_);
}

TEST_F(StagingTest, UploadsLeaveTheReserveFree) {
  constexpr uint64_t kMi = 1 << 20;
  // For checksums, which are few.
  constexpr uint64_t kSums = 4096;
  storage_.SetFreeBytes(320 * kMi + 10 * kMi + kSums);
  EXPECT_FALSE(staging().Begin(10 * kMi + kSums).ok());
  {
    const auto large = staging().Begin(9 * kMi);
    ASSERT_TRUE(large.ok());
    // Of what is left, one of two finds something.
    const auto unknown = staging().Begin();
    const auto other = staging().Begin();
    EXPECT_TRUE((*unknown)->Write(AsBytes("x")).ok());
    const Status refused = (*other)->Write(AsBytes("x"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::kResourceExhausted);
    // More than it said is as if it had said nothing.
    const std::vector<std::byte> bytes(9 * kMi);
    EXPECT_TRUE((*large)->Write(bytes).ok());
    storage_.SetFreeBytes(321 * kMi + kSums);
    EXPECT_FALSE((*large)->Write(std::vector<std::byte>(kSums)).ok());
  }
  // All was given back.
  EXPECT_TRUE(staging().Begin(kMi).ok());
  EXPECT_FALSE(staging().Begin(kMi + kSums).ok());
  storage_.SetFreeBytes(0);
  EXPECT_FALSE(StageBytes(&staging(), bytes_).ok());
  ExpectNoOtherFiles(storage_, staging());
}

// Appends records that no store writes, then opens.
Result<std::unique_ptr<Store>> OpenAfter(std::span<const Record> records) {
  static std::vector<std::unique_ptr<Storage>> kept;
  Storage* storage = kept.emplace_back(MakeMemoryStorage()).get();
  OpenStore(storage).reset();
  const auto journal = OpenJournal(storage);
  for (const Record& record : records) {
    const JournalRecord encoded = EncodeRecord(record);
    EXPECT_TRUE(journal->Append(std::span(&encoded, 1)).ok());
  }
  return Store::Open(storage);
}

TEST(StagedTableTest, RecordsThatCannotFollowAreCorruption) {
  const StagedRecord a = {.number = 1, .length = 1, .digest = {}};
  StagedRecord b = a;
  b.number = 2;
  b.digest.bytes[0] = std::byte{1};
  StagedRecord same_digest = a;
  same_digest.number = 2;
  const UnstagedRecord no_a = {1};
  EXPECT_TRUE(OpenAfter(std::vector<Record>{b, a, no_a}).ok());
  for (const std::vector<Record>& records :
       {std::vector<Record>{a, a}, {a, same_digest}, {no_a}, {a, no_a, no_a}}) {
    const auto opened = OpenAfter(records);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::kCorruption);
    EXPECT_NE(opened.error().message.find("journal, batch " +
                                          std::to_string(records.size())),
              std::string::npos)
        << opened.error().message;
  }
}

TEST(StoreVersionTest, BeginsWithTheVersion) {
  FaultyStorage storage(MakeMemoryStorage());
  for (uint64_t fault = 0; fault < 2; ++fault) {
    storage.Fail(storage.operations() + fault, UINT64_MAX,
                 ErrorKind::kResourceExhausted);
    EXPECT_EQ(Store::Open(&storage).error().kind,
              ErrorKind::kResourceExhausted);
  }
  storage.Heal();
  OpenStore(&storage).reset();
  EXPECT_EQ(storage.List(kVersionFolder)->size(), 1);
  OpenStore(&storage).reset();
}

TEST(StoreVersionTest, OtherVersionsAreNotTouched) {
  FaultyStorage storage(MakeMemoryStorage());
  OpenStore(&storage).reset();
  WriteFile(&storage, NumberedKey(kVersionFolder, 2), {});
  const uint64_t before = storage.operations();
  const auto later = Store::Open(&storage);
  ASSERT_FALSE(later.ok());
  EXPECT_EQ(later.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(later.error().message.find("version 2"), std::string::npos);
  EXPECT_EQ(storage.operations(), before);
}

TEST(StoreVersionTest, AFolderWithOtherFilesIsNoStore) {
  for (const std::string_view folder : {kJournalFolder, kStagedFolder}) {
    FaultyStorage storage(MakeMemoryStorage());
    WriteFile(&storage, NumberedKey(folder, 1), AsBytes("x"));
    const auto opened = Store::Open(&storage);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::kCorruption);
    EXPECT_TRUE(storage.List(kVersionFolder)->empty());
  }
}

}  // namespace
}  // namespace ingot::store
