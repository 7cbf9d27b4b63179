// A store on a file system that has no space left.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "daemon/store/file_storage.h"
#include "tests/daemon/store/small_disk.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::store {
namespace {

constexpr uint64_t kReserved = 256 << 10;

class NoSpaceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.why_not().empty()) GTEST_SKIP() << disk_.why_not();
  }

  void Open(uint64_t reserved_bytes) {
    store_.reset();
    storage_.reset();
    auto storage = OpenFileStorage(disk_ / "store");
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    storage_ = std::move(*storage);
    StoreOptions options = FolderOptions(disk_ / "store");
    options.reserved_bytes = 0;
    options.reserved_for_packs = reserved_bytes;
    store_ = OpenStore(storage_.get(), options);
  }
  Staging& staging() { return store_->staging(); }

  // Uploads until one is refused, which must happen.
  void Fill() {
    for (; next_ < 100'000; ++next_) {
      // Those without bytes are all the same one.
      if (SampleUpload(next_).empty()) continue;
      const auto result = StageBytes(&staging(), SampleUpload(next_));
      if (!result.ok()) {
        EXPECT_EQ(result.error().kind, ErrorKind::kResourceExhausted)
            << result.error().message;
        ++next_;
        return;
      }
      staged_.insert(next_);
    }
    FAIL() << "the disk was never full";
  }

  void ExpectAll() {
    EXPECT_GT(staged_.size(), 20);
    for (const uint64_t number : staged_) {
      ExpectStaged(staging(), SampleUpload(number));
    }
  }

  const SmallDisk disk_{"4m"};
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Store> store_;
  std::set<uint64_t> staged_;
  uint64_t next_ = 0;
};

TEST_F(NoSpaceTest, TheReserveLetsFilesBeTakenAway) {
  Open(kReserved);
  for (int round = 0; round < 3; ++round) {
    Fill();
    ExpectAll();
    ExpectNoOtherFiles(*storage_, staging());
    for (int i = 0; i < 50; ++i) {
      const uint64_t number = *staged_.begin();
      const Status discarded =
          staging().Discard(HashBytes(SampleUpload(number)));
      ASSERT_TRUE(discarded.ok()) << discarded.error().message;
      staged_.erase(number);
    }
    Open(kReserved);
    ExpectAll();
  }
}

// Without a reserve writes themselves fail, the journal's too.
TEST_F(NoSpaceTest, FailingWritesLoseNothing) {
  const std::string ballast = disk_ / "ballast";
  std::ofstream(ballast) << std::string(512 << 10, 'x');
  Open(0);
  for (int i = 0; i < 20; ++i) Fill();
  ExpectAll();
  std::filesystem::remove(ballast);
  // Space has returned.
  for (uint64_t number = 1'000'000; number < 1'000'010; ++number) {
    const auto result = StageBytes(&staging(), SampleUpload(number));
    ASSERT_TRUE(result.ok()) << result.error().message;
    staged_.insert(number);
  }
  ExpectAll();
  ExpectNoOtherFiles(*storage_, staging());
  Open(0);
  ExpectAll();
}

}  // namespace
}  // namespace ingot::store
