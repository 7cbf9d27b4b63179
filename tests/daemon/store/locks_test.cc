// Locks of a store: each rule of STORE.md by itself. Random operations are
// repositories_model_test.cc's.

#include "daemon/store/locks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/store/memory_storage.h"
#include "daemon/store/store.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::store {
namespace {

class LocksTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    store_ =
        OpenStore(storage_.get(),
                  {.journal = {.clock = [this] { return now_; }}, .index = {}});
  }
  void SetUp() override { Reopen(); }
  Locks& locks() { return store_->locks(); }
  uint64_t Repository(const std::string& name) {
    return *store_->repositories().Create(
        {{RepositoryKind::kModel, "ns", name}, false});
  }
  ErrorKind Refusal(uint64_t repository, const Lock& lock) {
    const auto created = locks().Create(repository, lock);
    EXPECT_FALSE(created.ok());
    return created.ok() ? ErrorKind::kIo : created.error().kind;
  }

  uint64_t now_ = 1'000;
  std::unique_ptr<Storage> storage_ = MakeMemoryStorage();
  std::unique_ptr<Store> store_;
};

TEST_F(LocksTest, APathIsLockedOnce) {
  const uint64_t one = Repository("one");
  const uint64_t other = Repository("other");
  const Lock lock = {.path = "a/b.bin", .token = 7, .owner = "ci"};
  const auto made = locks().Create(one, lock);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(*made, (LockInfo{1, 1'000, lock}));
  now_ = 2'000;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(*locks().Find(one, "a/b.bin"), *made);
    EXPECT_EQ(*locks().Find(one, made->number), *made);
    EXPECT_EQ(*locks().Find(other, "a/b.bin"), std::nullopt);
    EXPECT_EQ(*locks().Find(other, made->number), std::nullopt);
    EXPECT_EQ(*locks().Find(one, "a"), std::nullopt);
    EXPECT_EQ(Refusal(one, {.path = "a/b.bin", .token = 8, .owner = ""}),
              ErrorKind::kConflict);
    Reopen();
  }
  // Elsewhere it is another path.
  EXPECT_TRUE(locks().Create(other, lock).ok());
  EXPECT_TRUE(locks().Create(one, {.path = "a", .owner = ""}).ok());
  // Only its own repository can end it.
  EXPECT_EQ(locks().Remove(other, made->number).error().kind,
            ErrorKind::kNotFound);
  ASSERT_TRUE(locks().Remove(one, made->number).ok());
  EXPECT_EQ(locks().Remove(one, made->number).error().kind,
            ErrorKind::kNotFound);
  EXPECT_EQ(*locks().Find(one, "a/b.bin"), std::nullopt);
  // Numbers are not given twice.
  Reopen();
  const uint64_t last = locks().Create(one, lock)->number;
  ASSERT_TRUE(locks().Remove(one, last).ok());
  Reopen();
  EXPECT_GT(locks().Create(one, lock)->number, last);
}

TEST_F(LocksTest, AreListedInPages) {
  const uint64_t one = Repository("one");
  const uint64_t other = Repository("other");
  for (int i = 0; i < 5; ++i) {
    const std::string path = "f" + std::to_string(9 - i);
    ASSERT_TRUE(locks().Create(one, {.path = path, .owner = ""}).ok());
    ASSERT_TRUE(locks().Create(other, {.path = path, .owner = ""}).ok());
  }
  std::vector<std::string> paths;
  uint64_t after = 0;
  while (true) {
    const auto page = locks().List(one, after, 2);
    if (page->empty()) break;
    EXPECT_LE(page->size(), 2);
    for (const LockInfo& info : *page) paths.push_back(info.lock.path);
    after = page->back().number;
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"f9", "f8", "f7", "f6", "f5"}));
  EXPECT_TRUE(locks().List(one, 0, 0)->empty());
}

TEST_F(LocksTest, EndWithTheirRepository) {
  const uint64_t one = Repository("one");
  const uint64_t other = Repository("other");
  const auto made = locks().Create(one, {.path = "a", .owner = ""});
  ASSERT_TRUE(locks().Create(other, {.path = "a", .owner = ""}).ok());
  ASSERT_TRUE(store_->repositories().Delete(one).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(locks().List(one, 0, 10)->empty());
    EXPECT_EQ(*locks().Find(one, "a"), std::nullopt);
    EXPECT_EQ(*locks().Find(one, made->number), std::nullopt);
    EXPECT_EQ(locks().List(other, 0, 10)->size(), 1);
    Reopen();
  }
  EXPECT_EQ(Refusal(one, {.path = "a", .owner = ""}), ErrorKind::kNotFound);
  EXPECT_EQ(locks().Remove(one, made->number).error().kind,
            ErrorKind::kNotFound);
}

TEST_F(LocksTest, PathsAndNamesHaveRules) {
  const uint64_t one = Repository("one");
  for (const std::string& path :
       {std::string(), std::string("/a"), std::string("a/"),
        std::string("a//b"), std::string("./a"), std::string("a/../b"),
        std::string(".git/config"), std::string("a\nb"), std::string("a\\b"),
        std::string(1025, 'a')}) {
    EXPECT_EQ(Refusal(one, {.path = path, .owner = ""}),
              ErrorKind::kInvalidArgument)
        << path;
  }
  EXPECT_EQ(Refusal(one, {.path = "a", .owner = "a b"}),
            ErrorKind::kInvalidArgument);
  EXPECT_TRUE(locks()
                  .Create(one, {.path = std::string(1024, 'a'),
                                .token = UINT64_MAX / 2,
                                .owner = std::string(96, 'o')})
                  .ok());
  EXPECT_TRUE(locks().Create(one, {.path = "\xC3\xA4 b", .owner = ""}).ok());
}

TEST_F(LocksTest, AreNotWithoutEnd) {
  const uint64_t one = Repository("one");
  for (size_t i = 0; i < kMaxLocks; ++i) {
    ASSERT_TRUE(
        locks().Create(one, {.path = std::to_string(i), .owner = ""}).ok());
  }
  EXPECT_EQ(Refusal(one, {.path = "more", .owner = ""}),
            ErrorKind::kResourceExhausted);
  EXPECT_TRUE(
      locks().Create(Repository("other"), {.path = "a", .owner = ""}).ok());
  ASSERT_TRUE(
      locks().Remove(one, locks().List(one, 0, 1)->front().number).ok());
  EXPECT_TRUE(locks().Create(one, {.path = "more", .owner = ""}).ok());
}

TEST_F(LocksTest, OfSeveralAtOnceOneWins) {
  const uint64_t one = Repository("one");
  std::atomic<int> won = 0;
  std::atomic<int> lost = 0;
  std::vector<std::thread> threads;
  for (uint64_t token = 1; token <= 4; ++token) {
    threads.emplace_back([&, token] {
      for (int i = 0; i < 50; ++i) {
        const auto made = locks().Create(
            one, {.path = std::to_string(i), .token = token, .owner = ""});
        if (made.ok()) {
          ++won;
        } else if (made.error().kind == ErrorKind::kConflict) {
          ++lost;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 50);
  EXPECT_EQ(lost, 150);
  EXPECT_EQ(locks().List(one, 0, 1'000)->size(), 50);
}

}  // namespace
}  // namespace ingot::store
