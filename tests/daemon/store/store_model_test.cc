// Random operations on a store and on a map in memory, with failing storage,
// restarts and losses of power: the two must agree. A run follows from its
// seed.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"
#include "tests/sanitized.h"

namespace ingot::store {
namespace {

// Few contents, so that uploads meet each other.
constexpr uint64_t kContents = 12;

class StoreModel {
 public:
  explicit StoreModel(uint64_t seed) : random_(seed) { Replug(); }

  void Step() {
    const uint64_t what = random_() % 100;
    if (what < 35) {
      Upload();
    } else if (what < 50) {
      BeginUpload();
    } else if (what < 65) {
      GoOn();
    } else if (what < 80) {
      Discard();
    } else if (what < 90) {
      Read();
    } else if (what < 94) {
      const uint64_t first = storage_->operations() + random_() % 4;
      storage_->Fail(
          first, first + 1 + random_() % 6,
          random_() % 2 == 0 ? ErrorKind::kResourceExhausted : ErrorKind::kIo);
    } else if (what < 97) {
      Restart();
    } else {
      LosePower();
    }
  }

  void Finally() {
    Restart();
    EXPECT_GT(successes_, 0);
  }

 private:
  struct Running {
    std::unique_ptr<Staging::Upload> upload;
    uint64_t content;
  };

  uint64_t AnyContent() { return random_() % kContents; }
  Staging& staging() { return store_->staging(); }

  // An operation that writes a record has succeeded: what failed before it
  // did not happen.
  void Succeeded() {
    ++successes_;
    unknown_.clear();
  }

  void Expect(bool ok, const Error& error) {
    EXPECT_TRUE(ok || error.kind == ErrorKind::kResourceExhausted ||
                error.kind == ErrorKind::kIo)
        << error.message;
  }

  void Finished(const Result<StagedRecord>& result, uint64_t content) {
    if (!result.ok()) {
      Expect(false, result.error());
      if (!staged_.contains(content)) unknown_.insert(content);
      return;
    }
    EXPECT_EQ(result->length, SampleUpload(content).size());
    if (staged_.insert(content).second) Succeeded();
  }

  void Upload() {
    const uint64_t content = AnyContent();
    Finished(StageBytes(&staging(), SampleUpload(content)), content);
  }

  // Uploads that run beside the other operations.
  void BeginUpload() {
    auto upload = staging().Begin();
    if (!upload.ok()) return Expect(false, upload.error());
    running_.push_back({std::move(*upload), AnyContent()});
  }

  void GoOn() {
    if (running_.empty()) return;
    const size_t at = random_() % running_.size();
    Running running = std::move(running_[at]);
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(at));
    if (random_() % 4 == 0) return;  // given up
    const Status written = running.upload->Write(SampleUpload(running.content));
    if (!written.ok()) return Expect(false, written.error());
    Finished(running.upload->Finish(), running.content);
  }

  void Discard() {
    const uint64_t content = AnyContent();
    const Status result = staging().Discard(HashBytes(SampleUpload(content)));
    if (!staged_.contains(content)) {
      ASSERT_FALSE(result.ok());
      EXPECT_EQ(result.error().kind, ErrorKind::kNotFound);
    } else if (result.ok()) {
      staged_.erase(content);
      Succeeded();
    } else {
      Expect(false, result.error());
      unknown_.insert(content);
    }
  }

  void Read() {
    const uint64_t content = AnyContent();
    if (staged_.contains(content)) {
      ExpectStaged(staging(), SampleUpload(content));
    } else {
      EXPECT_FALSE(*staging().Find(HashBytes(SampleUpload(content))));
    }
  }

  void Stop() {
    running_.clear();
    store_.reset();
    storage_->Heal();
    if (random_() % 4 != 0) return;
    std::filesystem::remove_all(older_index_);
    std::filesystem::copy(index_, older_index_);
  }

  // A process that is killed leaves the index that it wrote last, which any
  // process may rebuild.
  void AgeIndex() {
    const uint64_t what = random_() % 4;
    if (what < 2) std::filesystem::remove_all(index_);
    if (what == 1 && std::filesystem::exists(older_index_)) {
      std::filesystem::copy(older_index_, index_);
    }
  }

  void Restart() {
    if (random_() % 2 == 0) {
      // Openings that fail change nothing.
      Stop();
      const uint64_t first = storage_->operations() + random_() % 3;
      storage_->Fail(first, first + 1, ErrorKind::kIo);
      const auto opened =
          Store::Open(storage_.get(), {.index = {.folder = index_}});
      EXPECT_TRUE(opened.ok() || opened.error().kind == ErrorKind::kIo);
    }
    Stop();
    AgeIndex();
    Start();
  }

  // Uploads that were running are as if their process had been killed.
  void LosePower() {
    disk_ =
        storage_->PowerLoss({kVersionFolder, kJournalFolder, kStagedFolder});
    running_.clear();
    store_.reset();
    AgeIndex();
    Replug();
  }

  void Replug() {
    if (disk_ == nullptr) disk_ = MakeMemoryStorage();
    storage_ = std::make_unique<FaultyStorage>(std::move(disk_), random_());
    Start();
  }

  void Start() {
    const StoreOptions options = {.journal = {.segment_bytes = 2'000},
                                  .index = {.folder = index_}};
    store_ = OpenStore(storage_.get(), options);
    if (random_() % 4 == 0) {
      store_.reset();
      ExpectIndexIsTheJournals(*storage_, index_);
      store_ = OpenStore(storage_.get(), options);
    }
    std::set<uint64_t> found;
    for (uint64_t content = 0; content < kContents; ++content) {
      const std::vector<std::byte> bytes = SampleUpload(content);
      const bool is_staged = staging().Find(HashBytes(bytes))->has_value();
      if (!unknown_.contains(content)) {
        EXPECT_EQ(is_staged, staged_.contains(content)) << content;
      }
      if (!is_staged) continue;
      found.insert(content);
      ExpectStaged(staging(), bytes);
    }
    EXPECT_EQ(staging().List()->size(), found.size());
    ExpectNoOtherFiles(*storage_, staging());
    staged_ = std::move(found);
    unknown_.clear();
  }

  std::mt19937_64 random_;
  const TemporaryFolder temporary_;
  const std::string index_ = temporary_ / "index";
  const std::string older_index_ = temporary_ / "older";
  std::unique_ptr<Storage> disk_;
  std::unique_ptr<FaultyStorage> storage_;
  std::unique_ptr<Store> store_;
  std::vector<Running> running_;
  // The model.
  std::set<uint64_t> staged_;
  std::set<uint64_t> unknown_;  // may be otherwise after the next opening
  uint64_t successes_ = 0;
};

class StoreModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(StoreModelTest, Agrees) {
  for (uint64_t seed = GetParam() * 1000; seed < GetParam() * 1000 + Tries(16);
       ++seed) {
    SCOPED_TRACE(seed);
    StoreModel model(seed);
    for (int step = 0; step < 300 && !HasFailure(); ++step) model.Step();
    model.Finally();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest,
                         testing::Range(uint64_t{0}, uint64_t{10}));

}  // namespace
}  // namespace ingot::store
