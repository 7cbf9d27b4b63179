// Repositories of a store: each rule of STORE.md by itself. Random operations
// are repositories_model_test.cc's.

#include "daemon/store/repositories.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/store/memory_storage.h"
#include "daemon/store/store.h"
#include "tests/daemon/store/pack_samples.h"
#include "tests/daemon/store/repository_samples.h"
#include "tests/daemon/store/store_samples.h"

namespace ingot::store {
namespace {

constexpr RepositoryKind kModel = RepositoryKind::kModel;

class RepositoriesTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    store_ = OpenStore(storage_.get());
  }
  Repositories& repositories() { return store_->repositories(); }
  uint64_t Create(const RepositoryName& name) {
    const auto number = repositories().Create({name, false});
    EXPECT_TRUE(number.ok()) << number.error().message;
    return *number;
  }
  Status Commit(uint64_t number, uint64_t commit,
                const std::optional<GitId>& parent = {}) {
    return repositories().Commit(
        number, SampleCommit(commit, parent),
        std::vector<RefChange>{
            {"refs/heads/main", parent, SampleCommitId(commit, parent)}});
  }
  std::vector<std::string> Names(const std::optional<std::string>& space,
                                 const RepositoryName& after, size_t limit) {
    std::vector<std::string> names;
    const auto found = repositories().List(kModel, space, after, limit);
    for (const RepositoryInfo& info : *found) {
      names.push_back(info.repository.name.space + "/" +
                      info.repository.name.name);
    }
    return names;
  }

  std::unique_ptr<Storage> storage_ = MakeMemoryStorage();
  std::unique_ptr<Store> store_ = OpenStore(storage_.get());
};

TEST(GitObjectTest, HasGitsIds) {
  const auto id = [](GitType type, std::string_view text) {
    return ToHex(IdOf(GitText(type, text)).bytes);
  };
  // git hash-object, git mktree, git commit-tree.
  EXPECT_EQ(id(GitType::kBlob, ""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(id(GitType::kBlob, "what is up, doc?"),
            "bd9dbf5aae1a3862dd1526723246b20206e5fc37");
  EXPECT_EQ(id(GitType::kTree, ""), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

TEST_F(RepositoriesTest, NamesAreUniqueWithinAKind) {
  const RepositoryName name = {kModel, "ns", "a"};
  const uint64_t number = Create(name);
  EXPECT_EQ(repositories().Create({name, true}).error().kind,
            ErrorKind::kConflict);
  const uint64_t dataset = Create({RepositoryKind::kDataset, "ns", "a"});
  const uint64_t other = Create({kModel, "", "a"});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ((*repositories().Find(name))->number, number);
    EXPECT_EQ((*repositories().Find({kModel, "", "a"}))->number, other);
    EXPECT_EQ(
        (*repositories().Find({RepositoryKind::kDataset, "ns", "a"}))->number,
        dataset);
    EXPECT_EQ(*repositories().Find({kModel, "ns", "b"}), std::nullopt);
    EXPECT_GT((*repositories().Find(number))->created, 0);
    Reopen();
  }
}

TEST_F(RepositoriesTest, NamesHaveRules) {
  for (const RepositoryName& name : {RepositoryName{kModel, "ns", ""},
                                     {kModel, "ns", ".."},
                                     {kModel, ".", "a"},
                                     {kModel, "ns", "a/b"},
                                     {kModel, "ns", "a b"},
                                     {kModel, "ns", std::string("a\0b", 3)},
                                     {kModel, "ns", "\xC3\xA4"},
                                     {kModel, "ns", std::string(97, 'a')},
                                     {kModel, std::string(97, 'a'), "a"}}) {
    EXPECT_EQ(repositories().Create({name, false}).error().kind,
              ErrorKind::kInvalidArgument)
        << name.space << "/" << name.name;
  }
  Create({kModel, std::string(96, 'a'), std::string(96, '.')});
}

TEST_F(RepositoriesTest, MayBeRenamedAndHidden) {
  const uint64_t a = Create({kModel, "ns", "a"});
  const uint64_t b = Create({kModel, "ns", "b"});
  ASSERT_TRUE(Commit(a, 1).ok());
  EXPECT_EQ(repositories().Change(a, {{kModel, "ns", "b"}, true}).error().kind,
            ErrorKind::kConflict);
  ASSERT_TRUE(repositories().Change(a, {{kModel, "other", "b"}, true}).ok());
  EXPECT_EQ(*repositories().Find({kModel, "ns", "a"}), std::nullopt);
  const auto info = repositories().Find({kModel, "other", "b"});
  EXPECT_EQ((*info)->number, a);
  EXPECT_TRUE((*info)->repository.is_private);
  EXPECT_EQ((*repositories().Find({kModel, "ns", "b"}))->number, b);
  EXPECT_EQ(*repositories().FindRef(a, "refs/heads/main"), SampleCommitId(1));
  // To what it is already.
  EXPECT_TRUE(repositories().Change(a, {{kModel, "other", "b"}, false}).ok());
  EXPECT_EQ(repositories().Change(99, {{kModel, "x", "y"}, true}).error().kind,
            ErrorKind::kNotFound);
}

TEST_F(RepositoriesTest, AreListedInPages) {
  for (const char* space : {"b", "a", "ab"}) {
    for (const char* name : {"z", "y", "x"}) Create({kModel, space, name});
  }
  Create({RepositoryKind::kSpace, "a", "space"});
  const RepositoryName first = {.kind = kModel, .space = "", .name = ""};
  EXPECT_EQ(Names({}, first, 4),
            (std::vector<std::string>{"a/x", "a/y", "a/z", "ab/x"}));
  EXPECT_EQ(Names({}, {kModel, "ab", "x"}, 3),
            (std::vector<std::string>{"ab/y", "ab/z", "b/x"}));
  // Behind one that is not there.
  EXPECT_EQ(Names({}, {kModel, "b", "xx"}, 100),
            (std::vector<std::string>{"b/y", "b/z"}));
  EXPECT_EQ(Names("a", first, 100),
            (std::vector<std::string>{"a/x", "a/y", "a/z"}));
  EXPECT_EQ(Names("a", {kModel, "a", "y"}, 100),
            (std::vector<std::string>{"a/z"}));
  EXPECT_TRUE(Names("", first, 100).empty());
  EXPECT_TRUE(Names({}, first, 0).empty());
}

TEST_F(RepositoriesTest, ACommitIsWholeOrNotThere) {
  const uint64_t number = Create({kModel, "ns", "a"});
  ASSERT_TRUE(Commit(number, 1).ok());
  const GitId first = SampleCommitId(1);
  // Somebody who did not see the first.
  EXPECT_EQ(Commit(number, 2).error().kind, ErrorKind::kConflict);
  for (const GitObject& object : SampleCommit(2)) {
    EXPECT_EQ(*repositories().FindObject(number, IdOf(object)), std::nullopt);
  }
  ASSERT_TRUE(Commit(number, 2, first).ok());
  Reopen();
  EXPECT_EQ(*repositories().FindRef(number, "refs/heads/main"),
            SampleCommitId(2, first));
  for (const auto& objects : {SampleCommit(1), SampleCommit(2, first)}) {
    for (const GitObject& object : objects) {
      EXPECT_EQ(*repositories().FindObject(number, IdOf(object)), object);
    }
  }
}

TEST_F(RepositoriesTest, RefsNameCommitsOfTheirRepository) {
  const uint64_t a = Create({kModel, "ns", "a"});
  const uint64_t b = Create({kModel, "ns", "b"});
  ASSERT_TRUE(Commit(a, 1).ok());
  const GitId commit = SampleCommitId(1);
  const GitId tree = IdOf(SampleCommit(1)[1]);
  const auto change = [&](uint64_t number, const std::string& name,
                          std::optional<GitId> before,
                          std::optional<GitId> after) {
    return repositories().Commit(number, {},
                                 std::vector<RefChange>{{name, before, after}});
  };
  EXPECT_EQ(change(b, "refs/heads/main", {}, commit).error().kind,
            ErrorKind::kNotFound)
      << "of another repository";
  EXPECT_EQ(*repositories().FindObject(b, commit), std::nullopt);
  EXPECT_EQ(change(a, "refs/tags/v1", {}, tree).error().kind,
            ErrorKind::kNotFound);
  EXPECT_EQ(change(99, "refs/tags/v1", {}, {}).error().kind,
            ErrorKind::kNotFound);
  EXPECT_TRUE(change(a, "refs/tags/v1", {}, commit).ok());
  EXPECT_EQ(change(a, "refs/tags/v1", {}, commit).error().kind,
            ErrorKind::kConflict);
  EXPECT_EQ((*repositories().ListRefs(a)),
            (std::map<std::string, GitId>{{"refs/heads/main", commit},
                                          {"refs/tags/v1", commit}}));
  EXPECT_TRUE(change(a, "refs/tags/v1", commit, {}).ok());
  EXPECT_EQ(change(a, "refs/tags/v1", commit, {}).error().kind,
            ErrorKind::kConflict);
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\nb"),
        std::string("a\0", 2), std::string(256, 'a')}) {
    EXPECT_EQ(change(a, name, {}, commit).error().kind,
              ErrorKind::kInvalidArgument);
  }
}

TEST_F(RepositoriesTest, OfConcurrentCommitsOneWins) {
  const uint64_t number = Create({kModel, "ns", "a"});
  std::optional<GitId> parent;
  for (uint64_t round = 0; round < 20; ++round) {
    std::atomic<int> won = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        const Status status = Commit(number, round * 8 + t, parent);
        won += status.ok();
        refused += !status.ok() && status.error().kind == ErrorKind::kConflict;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(refused, 7);
    parent = *repositories().FindRef(number, "refs/heads/main");
  }
}

TEST_F(RepositoriesTest, ObjectsHaveALimit) {
  const uint64_t number = Create({kModel, "ns", "a"});
  std::vector<GitObject> objects = {
      {GitType::kBlob, std::vector<std::byte>(kMaxGitObjectBytes)}};
  EXPECT_TRUE(repositories().Commit(number, objects, {}).ok());
  EXPECT_EQ((*repositories().FindObject(number, IdOf(objects[0])))->bytes,
            objects[0].bytes);
  objects[0].bytes.emplace_back();
  EXPECT_EQ(repositories().Commit(number, objects, {}).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(repositories().Commit(number, {}, {}).error().kind,
            ErrorKind::kInvalidArgument);
  objects[0].bytes.pop_back();
  objects.resize(16, objects[0]);
  EXPECT_EQ(repositories().Commit(number, objects, {}).error().kind,
            ErrorKind::kResourceExhausted);
}

// What is granted stays; who has no grant has nothing.
TEST_F(RepositoriesTest, GrantsKeepTheirFiles) {
  const uint64_t a = Create({kModel, "ns", "a"});
  const uint64_t b = Create({kModel, "ns", "b"});
  const SampleModel model = {.entries = {{.tensor = 16}}};
  const std::vector<std::byte> bytes = model.Bytes();
  const Digest file = HashBytes(bytes);
  EXPECT_EQ(repositories().Grant(a, file).error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(StageBytes(&store_->staging(), bytes).ok());
  EXPECT_EQ(repositories().Grant(99, file).error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(repositories().Grant(a, file).ok());
  EXPECT_TRUE(repositories().Grant(a, file).ok());
  EXPECT_TRUE(*repositories().IsGranted(a, file));
  EXPECT_FALSE(*repositories().IsGranted(b, file));
  EXPECT_EQ(repositories().EndGrant(b, file).error().kind,
            ErrorKind::kNotFound);
  EXPECT_EQ(store_->staging().Discard(file).error().kind, ErrorKind::kConflict);
  ExpectStaged(store_->staging(), bytes);
  // Packed, it need not be staged.
  const auto pack = PackModels(&store_->packs(), {model});
  ASSERT_TRUE(store_->staging().Discard(file).ok());
  ASSERT_TRUE(store_->packs().Retire(pack->number).ok());
  Reopen();
  EXPECT_EQ(store_->packs().Remove({pack->number}).error().kind,
            ErrorKind::kConflict);
  ExpectPacked(store_->packs(), model);
  ASSERT_TRUE(repositories().Grant(b, file).ok());
  ASSERT_TRUE(repositories().EndGrant(a, file).ok());
  EXPECT_FALSE(*repositories().IsGranted(a, file));
  EXPECT_EQ(store_->packs().Remove({pack->number}).error().kind,
            ErrorKind::kConflict);
  ASSERT_TRUE(repositories().Delete(b).ok());
  EXPECT_TRUE(store_->packs().Remove({pack->number}).ok());
}

TEST_F(RepositoriesTest, DeletedOnesLeaveNothing) {
  const RepositoryName name = {kModel, "ns", "a"};
  const uint64_t number = Create(name);
  ASSERT_TRUE(Commit(number, 1).ok());
  const uint64_t kept = Create({kModel, "ns", "b"});
  ASSERT_TRUE(Commit(kept, 1).ok());
  ASSERT_TRUE(repositories().Delete(number).ok());
  EXPECT_EQ(repositories().Delete(number).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Commit(number, 2).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(*repositories().Find(name), std::nullopt);
  EXPECT_TRUE(repositories().ListRefs(number)->empty());
  EXPECT_EQ(*repositories().FindObject(number, SampleCommitId(1)),
            std::nullopt);
  Reopen();
  EXPECT_EQ(*repositories().FindRef(kept, "refs/heads/main"),
            SampleCommitId(1));
  // The same name is another repository.
  const uint64_t again = Create(name);
  EXPECT_GT(again, kept);
  EXPECT_TRUE(repositories().ListRefs(again)->empty());
}

}  // namespace
}  // namespace ingot::store
