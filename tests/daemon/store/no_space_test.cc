// A store on a file system that has no space left: a small tmpfs, mounted in a
// mount namespace of this process, so that it ends with it.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "daemon/store/file_storage.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {
namespace {

constexpr uint64_t kReserved = 256 << 10;

class NoSpaceTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = temporary_ / "disk";
    std::filesystem::create_directory(folder);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder.c_str(), "tmpfs", 0, "size=4m") != 0) {
      GTEST_SKIP() << "mounting a tmpfs needs root: " << std::strerror(errno);
    }
    mounted_ = folder;
  }
  void TearDown() override {
    store_.reset();
    storage_.reset();
    if (!mounted_.empty()) umount(mounted_.c_str());
  }

  void Open(uint64_t reserved_bytes) {
    store_.reset();
    storage_.reset();
    auto storage = OpenFileStorage(mounted_ + "/store");
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    storage_ = std::move(*storage);
    StoreOptions options = FolderOptions(mounted_ + "/store");
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

  const TemporaryFolder temporary_;
  std::string mounted_;
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
  const std::string ballast = mounted_ + "/ballast";
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
