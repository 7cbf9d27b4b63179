// Random uploads and discards, on a store and on a set in memory: the two must
// agree whatever fails.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/daemon/store/model_disk.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/sanitized.h"

namespace ingot::store {
namespace {

// Few contents, so that uploads meet each other.
constexpr uint64_t kContents = 12;

class StagingModel final : public ModelDisk {
 public:
  using ModelDisk::ModelDisk;

 private:
  struct Running {
    std::unique_ptr<Staging::Upload> upload;
    uint64_t content;
  };

  uint64_t AnyContent() { return Random(kContents); }
  Staging& staging() { return store().staging(); }

  void Operate(uint64_t percent) override {
    if (percent < 40) {
      Upload();
    } else if (percent < 56) {
      BeginUpload();
    } else if (percent < 73) {
      GoOn();
    } else if (percent < 90) {
      Discard();
    } else {
      Read();
    }
  }

  // An operation that writes a record has succeeded: what failed before it
  // did not happen.
  void WroteRecord() {
    Succeeded();
    unknown_.clear();
  }

  void Finished(const Result<StagedRecord>& result, uint64_t content) {
    if (!result.ok()) {
      ExpectFault(result.error());
      if (!staged_.contains(content)) unknown_.insert(content);
      return;
    }
    EXPECT_EQ(result->length, SampleUpload(content).size());
    if (staged_.insert(content).second) WroteRecord();
  }

  void Upload() {
    const uint64_t content = AnyContent();
    Finished(StageBytes(&staging(), SampleUpload(content)), content);
  }

  // Uploads that run beside the other operations.
  void BeginUpload() {
    auto upload = staging().Begin();
    if (!upload.ok()) return ExpectFault(upload.error());
    running_.push_back({std::move(*upload), AnyContent()});
  }

  void GoOn() {
    if (running_.empty()) return;
    const size_t at = Random(running_.size());
    Running running = std::move(running_[at]);
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(at));
    if (Random(4) == 0) return;  // given up
    const Status written = running.upload->Write(SampleUpload(running.content));
    if (!written.ok()) return ExpectFault(written.error());
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
      WroteRecord();
    } else {
      ExpectFault(result.error());
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

  void Closing() override { running_.clear(); }

  void Opened() override {
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
    ExpectNoOtherFiles(storage(), staging());
    staged_ = std::move(found);
    unknown_.clear();
  }

  std::vector<Running> running_;
  std::set<uint64_t> staged_;
  std::set<uint64_t> unknown_;  // may be otherwise after the next opening
};

class StagingModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(StagingModelTest, Agrees) {
  RunModels<StagingModel>(GetParam() * 1000, GetParam() * 1000 + Tries(16));
}

INSTANTIATE_TEST_SUITE_P(Seeds, StagingModelTest,
                         testing::Range(uint64_t{0}, uint64_t{10}));

}  // namespace
}  // namespace ingot::store
