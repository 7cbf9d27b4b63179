// Packed files, read by many at once: what they are coded against is decoded
// once, damage is never handed on, and packs may come and go.

#include "daemon/ingest/stored_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/ingest/compactor.h"
#include "daemon/store/keys.h"
#include "daemon/store/memory_storage.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/sanitized.h"

namespace ingot::ingest {
namespace {

// A storage that says when one of its files is read.
class WatchedStorage final : public store::Storage {
 public:
  using Watch = std::function<void(std::string_view key)>;

  // Called before each read, by whoever reads.
  void SetWatch(Watch watch) {
    const std::lock_guard lock(mutex_);
    watch_ = std::make_shared<Watch>(std::move(watch));
  }

  Result<std::unique_ptr<store::AppendFile>> Create(
      std::string_view key) override {
    return base_->Create(key);
  }
  Result<std::unique_ptr<Source>> Open(std::string_view key) const override {
    INGOT_ASSIGN(auto source, base_->Open(key));
    return std::unique_ptr<Source>(
        std::make_unique<File>(this, std::string(key), std::move(source)));
  }
  Status Sync(std::string_view key) override { return base_->Sync(key); }
  Result<std::vector<store::StoredFile>> List(
      std::string_view folder) const override {
    return base_->List(folder);
  }
  Status Remove(std::string_view key) override { return base_->Remove(key); }
  Result<uint64_t> FreeBytes() const override { return base_->FreeBytes(); }

 private:
  class File final : public Source {
   public:
    File(const WatchedStorage* storage, std::string key,
         std::unique_ptr<Source> base)
        : storage_(storage), key_(std::move(key)), base_(std::move(base)) {}
    const std::string& name() const override { return base_->name(); }
    uint64_t size() const override { return base_->size(); }
    Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
      storage_->Tell(key_);
      return base_->ReadAt(offset, out);
    }

   private:
    const WatchedStorage* const storage_;
    const std::string key_;
    const std::unique_ptr<Source> base_;
  };

  void Tell(const std::string& key) const {
    std::shared_ptr<Watch> watch;
    {
      const std::lock_guard lock(mutex_);
      watch = watch_;
    }
    if (watch != nullptr && *watch) (*watch)(key);
  }

  const std::unique_ptr<store::Storage> base_ = store::MakeMemoryStorage();
  mutable std::mutex mutex_;
  std::shared_ptr<Watch> watch_;
};

class StoredFileTest : public testing::Test {
 protected:
  // `alone`: coded against nothing.
  void Pack(const std::string& bytes, bool alone = false) {
    const uint64_t repository = RepositoryOf(store_.get(), "me", "a");
    const Status uploaded = Upload(store_.get(), repository, bytes);
    ASSERT_TRUE(uploaded.ok()) << uploaded.error().message;
    CompactionReport report;
    CompactorOptions options;
    if (alone) options.max_depth = 0;
    const Status packed =
        Compactor(store_.get(), options).Run(nullptr, &report);
    ASSERT_TRUE(packed.ok()) << packed.error().message;
    ASSERT_TRUE(report.failures.empty()) << report.failures[0];
  }
  store::Packs& packs() { return store_->packs(); }
  std::string KeyOf(const std::string& bytes) {
    const auto places = packs().FindFile(DigestOf(bytes));
    return store::NumberedKey(store::kPackFolder, places->at(0).pack);
  }
  void Replace(const std::string& key, ByteSpan bytes) {
    ASSERT_TRUE(storage_.Remove(key).ok());
    store::WriteFile(&storage_, key, bytes);
  }
  std::vector<std::byte> Damaged(const std::string& key) {
    std::vector<std::byte> bytes = store::ReadAll(storage_, key);
    for (size_t at = 500; at < bytes.size() - 2000; at += 100) {
      bytes[at] ^= std::byte{1};
    }
    return bytes;
  }
  static StoredObjectsOptions Caching(uint64_t bytes) {
    StoredObjectsOptions options;
    options.cache_bytes = bytes;
    return options;
  }
  // Reads all of a file.
  static Status Read(const StoredFiles& files, const std::string& bytes) {
    INGOT_ASSIGN(const auto source, files.Open(DigestOf(bytes)));
    std::vector<std::byte> read(bytes.size());
    INGOT_TRY(source->ReadAt(0, read));
    EXPECT_TRUE(AsText(read) == bytes) << "other bytes";
    return {};
  }

  WatchedStorage storage_;
  std::unique_ptr<store::Store> store_ = store::OpenStore(&storage_);
  const std::string base_ = ModelFile(1, 0);
  const std::string tuned_ = ModelFile(1, 1);
};

constexpr uint64_t kLimit = uint64_t{1} << 20;
// Of a sample's tensors that are coded against others.
constexpr uint64_t kDeltas = 3;

TEST_F(StoredFileTest, ReadersOfOneBlockDecodeItsBaseOnce) {
  Pack(base_);
  Pack(tuned_);
  constexpr size_t kReaders = 4;
  for (const uint64_t limit : {uint64_t{0}, kLimit}) {
    const StoredFiles files(store_.get(), Caching(limit));
    const auto source = files.Open(DigestOf(tuned_));
    ASSERT_TRUE(source.ok()) << source.error().message;
    // Whoever reads the base's pack first waits for the others to want it.
    std::atomic<bool> waited = false;
    storage_.SetWatch([&, key = KeyOf(base_)](std::string_view read) {
      if (read != key || waited.exchange(true)) return;
      for (int i = 0; i < 30'000; ++i) {
        if (files.objects()->cache_counts().waiting == kReaders - 1) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    std::vector<std::thread> threads;
    for (size_t t = 0; t < kReaders; ++t) {
      threads.emplace_back([&] {
        std::vector<std::byte> piece(1000);
        ASSERT_TRUE((*source)->ReadAt(5000, piece).ok());
        ASSERT_TRUE(AsText(piece) == tuned_.substr(5000, 1000));
      });
    }
    for (std::thread& thread : threads) thread.join();
    storage_.SetWatch({});
    const BlockCacheCounts counts = files.objects()->cache_counts();
    EXPECT_EQ(counts.misses, 1);
    EXPECT_EQ(counts.shared, kReaders - 1);
    EXPECT_EQ(counts.bytes > 0, limit > 0);
  }
}

TEST_F(StoredFileTest, BasesAreKeptWhenTheyAreReadAgain) {
  Pack(base_);
  Pack(tuned_);
  const StoredFiles files(store_.get(), Caching(kLimit));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(Read(files, tuned_).ok());
    // Nobody's base.
    ASSERT_TRUE(Read(files, base_).ok());
  }
  const BlockCacheCounts counts = files.objects()->cache_counts();
  EXPECT_EQ(counts.misses, 2 * kDeltas);
  EXPECT_EQ(counts.hits, 2 * kDeltas);
  EXPECT_EQ(counts.bytes, ModelTensorBytes());
}

TEST_F(StoredFileTest, TheCachesLimitIsKept) {
  std::vector<std::string> models;
  for (uint64_t tuning = 0; tuning < 5; ++tuning) {
    models.push_back(ModelFile(1, tuning));
    Pack(models.back());
  }
  const uint64_t limit = ModelTensorBytes() * 3 / 2;
  const StoredFiles files(store_.get(), Caching(limit));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < Tries(100); ++i) {
        const Status read = Read(files, models[(i * (t + 1)) % models.size()]);
        ASSERT_TRUE(read.ok()) << read.error().message;
        ASSERT_LE(files.objects()->cache_counts().bytes, limit);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(files.objects()->cache_counts().hits, 0);
}

TEST_F(StoredFileTest, DamageIsNotKept) {
  Pack(base_);
  Pack(tuned_);
  const std::string key = KeyOf(base_);
  const std::vector<std::byte> good = store::ReadAll(storage_, key);
  Replace(key, Damaged(key));
  const StoredFiles files(store_.get(), Caching(kLimit));
  for (int i = 0; i < 3; ++i) {
    const Status read = Read(files, tuned_);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
    EXPECT_EQ(files.objects()->cache_counts().bytes, 0);
  }
  Replace(key, good);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Read(files, tuned_).ok());
  EXPECT_EQ(files.objects()->cache_counts().bytes, ModelTensorBytes());
  // What is kept is what it was, whatever becomes of the pack.
  Replace(key, Damaged(key));
  ASSERT_TRUE(Read(files, tuned_).ok());
  // Another copy is found, and kept as well.
  Pack(base_);
  const StoredFiles others(store_.get(), Caching(kLimit));
  for (int i = 0; i < 3; ++i) {
    const Status read = Read(others, tuned_);
    ASSERT_TRUE(read.ok()) << read.error().message;
  }
  EXPECT_EQ(others.objects()->cache_counts().bytes, ModelTensorBytes());
}

// The pack of a base is made again and again, and taken away.
TEST_F(StoredFileTest, PacksMayGoWhileTheyAreRead) {
  Pack(base_);
  Pack(tuned_);
  const StoredFiles files(store_.get(), Caching(kLimit / 20));
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const std::string& mine = t == 0 ? base_ : tuned_;
      const auto source = files.Open(DigestOf(mine));
      ASSERT_TRUE(source.ok());
      uint64_t at = 0;
      while (!done) {
        std::vector<std::byte> piece(
            std::min<uint64_t>(7000 + 1000 * t, mine.size() - at));
        const Status read = (*source)->ReadAt(at, piece);
        ASSERT_TRUE(read.ok()) << read.error().message;
        ASSERT_TRUE(AsText(piece) == mine.substr(at, piece.size()));
        at = at + piece.size() == mine.size() ? 0 : at + piece.size();
      }
    });
  }
  for (size_t round = 0; round < Tries(40); ++round) {
    const uint64_t old = packs().FindFile(DigestOf(base_))->at(0).pack;
    ASSERT_TRUE(packs().Retire(old).ok());
    Pack(base_, /*alone=*/true);
    const Status removed = packs().Remove({old});
    ASSERT_TRUE(removed.ok()) << removed.error().message;
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Read(files, base_).ok());
  EXPECT_TRUE(Read(files, tuned_).ok());
}

// Read so, no block of a base is decoded twice.
TEST_F(StoredFileTest, PiecesEndWhereBlocksDo) {
  Pack(base_);
  Pack(tuned_);
  const StoredFiles files(store_.get());
  const auto source = files.Open(DigestOf(tuned_));
  ASSERT_TRUE(source.ok());
  uint64_t pieces = 0;
  for (uint64_t at = 0; at < tuned_.size(); ++pieces) {
    const uint64_t wish = std::min<uint64_t>(at + 30'000, tuned_.size());
    const uint64_t end = (*source)->GoodEnd(at, wish);
    ASSERT_GT(end, at);
    ASSERT_LE(end, wish);
    std::vector<std::byte> piece(end - at);
    ASSERT_TRUE((*source)->ReadAt(at, piece).ok());
    ASSERT_TRUE(AsText(piece) == tuned_.substr(at, piece.size()));
    at = end;
  }
  EXPECT_EQ(files.objects()->cache_counts().misses, kDeltas);
  EXPECT_GE(pieces, kDeltas);
  EXPECT_LE(pieces, kDeltas + 2);
  // Within a block there is no good end; everything else is one.
  EXPECT_EQ((*source)->GoodEnd(5000, 6000), 6000);
  EXPECT_EQ((*source)->GoodEnd(tuned_.size() - 1, tuned_.size()),
            tuned_.size());
}

}  // namespace
}  // namespace ingot::ingest
