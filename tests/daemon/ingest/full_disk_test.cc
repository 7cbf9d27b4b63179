// Packing, collecting and checking on a file system that uploads have filled:
// what is reserved is enough for them, and they make space again.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "daemon/ingest/checker.h"
#include "daemon/ingest/collector.h"
#include "daemon/ingest/compactor.h"
#include "daemon/ingest/maintenance.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/file_storage.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/small_disk.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::ingest {
namespace {

constexpr uint64_t kPackBytes = 3 << 20;
constexpr uint64_t kReserved = 3 << 20;
constexpr uint64_t kReservedForPacks = 6 << 20;
constexpr CollectorOptions kAtOnce = {.grace = 0, .pack_bytes = kPackBytes};

class FullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.why_not().empty()) GTEST_SKIP() << disk_.why_not();
  }

  void Open(uint64_t reserved_for_packs) {
    maintenance_.reset();
    files_.reset();
    store_.reset();
    storage_.reset();
    auto storage = store::OpenFileStorage(disk_ / "store");
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    storage_ = std::move(*storage);
    store::StoreOptions options = store::FolderOptions(disk_ / "store");
    options.reserved_bytes = kReserved;
    options.reserved_for_packs = reserved_for_packs;
    store_ = store::OpenStore(storage_.get(), options);
    files_ = std::make_unique<StoredFiles>(store_.get());
    maintenance_ = std::make_unique<Maintenance>(
        store_.get(), CompactorOptions{.pack_bytes = kPackBytes}, kAtOnce,
        files_->objects());
  }

  // Of each family a base and two fine-tunes.
  static std::string FileOf(uint64_t number) {
    return ModelFile(number / 3, number % 3);
  }
  // Of each family one file goes with the repository "gone".
  static std::string RepositoryNameOf(uint64_t number) {
    return (number / 3 + number) % 3 == 0 ? "gone" : "kept";
  }

  // Uploads until one is refused, which must happen: how many were taken.
  size_t Fill() {
    const size_t before = granted_.size();
    for (; next_ < 5'000; ++next_) {
      const std::string bytes = FileOf(next_);
      const Status uploaded = Upload(
          store_.get(),
          RepositoryOf(store_.get(), "me", RepositoryNameOf(next_)), bytes);
      if (!uploaded.ok()) {
        EXPECT_EQ(uploaded.error().kind, ErrorKind::kResourceExhausted)
            << uploaded.error().message;
        return granted_.size() - before;
      }
      granted_[next_] = DigestOf(bytes);
    }
    ADD_FAILURE() << "the disk was never full";
    return 0;
  }
  void DeleteRepository(const std::string& name) {
    const Status deleted =
        store_->repositories().Delete(RepositoryOf(store_.get(), "me", name));
    ASSERT_TRUE(deleted.ok()) << deleted.error().message;
    std::erase_if(granted_, [&](const auto& file) {
      return RepositoryNameOf(file.first) == name;
    });
  }
  CompactionReport Compact() {
    CompactionReport report;
    const Status done = maintenance_->Compact(true, &report);
    EXPECT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(report.failures.empty()) << report.failures[0];
    EXPECT_TRUE(store_->staging().List()->empty());
    return report;
  }
  CollectionReport Collect() {
    CollectionReport report;
    const Status done = maintenance_->Collect(kAtOnce, &report);
    EXPECT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(report.failures.empty()) << report.failures[0];
    return report;
  }
  // All that is granted is restored, and nothing is damaged.
  void ExpectSound() {
    for (const auto& [number, digest] : granted_) {
      const auto source = files_->Open(digest);
      ASSERT_TRUE(source.ok()) << source.error().message;
      std::vector<std::byte> read((*source)->size());
      const Status status = (*source)->ReadAt(0, read);
      ASSERT_TRUE(status.ok()) << status.error().message;
      ASSERT_TRUE(HashBytes(read) == digest) << number;
    }
    CheckReport report;
    const Status done = maintenance_->Check({.read_percent = 100}, &report);
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(report.problems.empty()) << report.problems[0];
    EXPECT_TRUE(report.lost.empty());
    store::ExpectNoOtherFiles(*storage_, store_->staging());
  }

  const store::SmallDisk disk_{"24m"};
  std::unique_ptr<store::Storage> storage_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<StoredFiles> files_;
  std::unique_ptr<Maintenance> maintenance_;
  std::map<uint64_t, Digest> granted_;
  uint64_t next_ = 0;
};

TEST_F(FullDiskTest, ReservesAreEnoughToPackAndToCollect) {
  Open(kReservedForPacks);
  const size_t first = Fill();
  EXPECT_GT(first, 150);
  ExpectSound();
  // Packing makes space for more uploads, until packs alone fill the disk.
  size_t packed = 0;
  while (true) {
    packed += Compact().packs;
    ExpectSound();
    if (Fill() < 40) break;
  }
  EXPECT_GT(packed, 3);
  EXPECT_GT(granted_.size(), 3 * first / 2);
  Open(kReservedForPacks);
  ExpectSound();

  // Full of packs of which a third is dead.
  DeleteRepository("gone");
  CollectionReport collected = Collect();
  EXPECT_GT(collected.packs_repacked, 0);
  EXPECT_EQ(collected.packs_removed,
            collected.packs_repacked + collected.packs_retired);
  ExpectSound();
  EXPECT_GT(Fill(), 50);
  ExpectSound();
  Compact();
  ExpectSound();

  // Nothing of use: as much space as at first.
  DeleteRepository("kept");
  DeleteRepository("gone");
  Collect();
  EXPECT_TRUE(store_->packs().List()->empty());
  EXPECT_GT(Fill(), first * 9 / 10);
  Open(kReservedForPacks);
  ExpectSound();
}

// What the reserve is for: without it packing fails, and loses nothing.
TEST_F(FullDiskTest, WithoutAReservePackingWaitsForSpace) {
  Open(0);
  Fill();
  CompactionReport report;
  EXPECT_EQ(maintenance_->Compact(true, &report).error().kind,
            ErrorKind::kResourceExhausted);
  EXPECT_EQ(report.packs, 0);
  ExpectSound();
  DeleteRepository("gone");
  EXPECT_GT(Collect().staged_files, 50);
  EXPECT_GT(Compact().packs, 0);
  ExpectSound();
  EXPECT_GT(Fill(), 50);
  ExpectSound();
}

}  // namespace
}  // namespace ingot::ingest
