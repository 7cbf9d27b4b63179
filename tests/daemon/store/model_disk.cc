#include "tests/daemon/store/model_disk.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::store {

ModelDisk::ModelDisk(uint64_t seed)
    : random_(seed),
      storage_(std::make_unique<FaultyStorage>(MakeMemoryStorage(), seed)) {}

void ModelDisk::Begin() { Start(); }

void ModelDisk::Step() {
  const uint64_t percent = Random(100);
  if (percent < 90) return Operate(percent * 100 / 90);
  if (percent < 94) {
    const uint64_t first = storage_->operations() + Random(4);
    return storage_->Fail(
        first, first + 1 + Random(6),
        Random(2) == 0 ? ErrorKind::kResourceExhausted : ErrorKind::kIo);
  }
  if (percent < 97) return Restart();
  LosePower();
}

void ModelDisk::End() {
  Restart();
  EXPECT_GT(successes_, 0);
}

void ModelDisk::ExpectFault(const Error& error) {
  EXPECT_TRUE(error.kind == ErrorKind::kResourceExhausted ||
              error.kind == ErrorKind::kIo)
      << error.message;
}

StoreOptions ModelDisk::Options() const {
  return {.journal = {.segment_bytes = 2'000}, .index = {.folder = index_}};
}

void ModelDisk::Restart() {
  Closing();
  store_.reset();
  storage_->Heal();
  if (Random(2) == 0) {
    // Openings that fail change nothing.
    const uint64_t first = storage_->operations() + Random(3);
    storage_->Fail(first, first + 1, ErrorKind::kIo);
    const auto opened = Store::Open(storage_.get(), Options());
    EXPECT_TRUE(opened.ok() || opened.error().kind == ErrorKind::kIo);
    storage_->Heal();
  }
  AgeIndex();
  Start();
}

// What was running is as if its process had been killed.
void ModelDisk::LosePower() {
  auto disk = storage_->PowerLoss(
      {kVersionFolder, kJournalFolder, kPackFolder, kStagedFolder});
  Closing();
  store_.reset();
  AgeIndex();
  storage_ = std::make_unique<FaultyStorage>(std::move(disk), random_());
  Start();
}

// A process that is killed leaves the index that it wrote last, and anybody
// may rebuild it.
void ModelDisk::AgeIndex() {
  const uint64_t what = Random(6);
  if (what == 0) {
    std::filesystem::remove_all(older_index_);
    std::filesystem::copy(index_, older_index_);
  }
  if (what == 1 || what == 2) std::filesystem::remove_all(index_);
  if (what == 2 && std::filesystem::exists(older_index_)) {
    std::filesystem::copy(older_index_, index_);
  }
}

void ModelDisk::Start() {
  store_ = OpenStore(storage_.get(), Options());
  if (Random(4) == 0) {
    store_.reset();
    ExpectIndexIsTheJournals(*storage_, index_);
    store_ = OpenStore(storage_.get(), Options());
  }
  Opened();
}

}  // namespace ingot::store
