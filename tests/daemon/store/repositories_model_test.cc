// Random commits, renamings, deletions, grants and locks, on a store and on a
// value in memory: the two must agree whatever fails.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/store/model_disk.h"
#include "tests/daemon/store/repository_samples.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/sanitized.h"

namespace ingot::store {
namespace {

// Few of each, so that operations meet.
constexpr uint64_t kNames = 4;
constexpr uint64_t kFiles = 5;
constexpr uint64_t kPaths = 4;

struct ModelRepository {
  Repository repository;
  std::map<std::string, GitId> refs;
  std::set<uint64_t> granted;                     // files
  std::map<std::string, std::string> locks = {};  // paths, and whose they are
  bool operator==(const ModelRepository&) const = default;
};

// All that a store holds.
struct State {
  std::map<uint64_t, ModelRepository> repositories;
  std::set<uint64_t> staged;  // files
  bool operator==(const State&) const = default;

  const ModelRepository* Find(const RepositoryName& name) const {
    for (const auto& [number, one] : repositories) {
      if (one.repository.name == name) return &one;
    }
    return nullptr;
  }
  bool IsGranted(uint64_t file) const {
    return std::ranges::any_of(repositories, [&](const auto& one) {
      return one.second.granted.contains(file);
    });
  }
};

Digest FileDigest(uint64_t file) { return HashBytes(SampleUpload(file)); }

class RepositoriesModel final : public ModelDisk {
 public:
  using ModelDisk::ModelDisk;

 private:
  Repositories& repositories() { return store().repositories(); }

  RepositoryName AnyName() {
    return {.kind = static_cast<RepositoryKind>(1 + Random(2)),
            .space = Random(2) == 0 ? "" : "ns",
            .name = "name" + std::to_string(Random(kNames))};
  }
  Repository AnyRepository() { return {AnyName(), Random(2) == 0}; }
  // Of one that is there, mostly.
  uint64_t AnyNumber() {
    if (state_.repositories.empty() || Random(20) == 0) return 1 + Random(50);
    return std::next(state_.repositories.begin(),
                     static_cast<ptrdiff_t>(Random(state_.repositories.size())))
        ->first;
  }

  // `status`: what an operation said. `refusal`: how it must be refused;
  // nothing: it changes the state by `change`.
  void Check(const Status& status, const std::optional<ErrorKind>& refusal,
             const std::function<void(State*)>& change) {
    if (refusal && !status.ok() && status.error().kind == *refusal) return;
    if (status.ok()) {
      EXPECT_FALSE(refusal);
      change(&state_);
      // What failed before did not happen.
      possible_.clear();
      return Succeeded();
    }
    ExpectFault(status.error());
    if (refusal) return;
    possible_.push_back(state_);
    change(&possible_.back());
  }

  void Operate(uint64_t percent) override {
    if (percent < 15) {
      Create();
    } else if (percent < 22) {
      Change();
    } else if (percent < 27) {
      Delete();
    } else if (percent < 50) {
      Commit();
    } else if (percent < 58) {
      Lock();
    } else if (percent < 62) {
      Unlock();
    } else if (percent < 75) {
      Grant();
    } else if (percent < 82) {
      EndGrant();
    } else if (percent < 90) {
      Stage();
    } else {
      Discard();
    }
  }

  void Create() {
    const Repository repository = AnyRepository();
    const auto number = repositories().Create(repository);
    std::optional<ErrorKind> refusal;
    if (state_.Find(repository.name)) refusal = ErrorKind::kConflict;
    // A failed one has some number that the next has not.
    largest_ = number.ok() ? *number : largest_ + 1;
    Check(number.ok() ? Status() : number.error(), refusal, [&](State* state) {
      state->repositories[largest_] = {repository, {}, {}, {}};
    });
  }

  void Change() {
    const uint64_t number = AnyNumber();
    const Repository repository = AnyRepository();
    std::optional<ErrorKind> refusal;
    const auto found = state_.repositories.find(number);
    const ModelRepository* const same_name = state_.Find(repository.name);
    if (found == state_.repositories.end()) {
      refusal = ErrorKind::kNotFound;
    } else if (same_name && same_name != &found->second) {
      refusal = ErrorKind::kConflict;
    }
    Check(repositories().Change(number, repository), refusal,
          [&](State* state) {
            state->repositories[number].repository = repository;
          });
  }

  void Delete() {
    const uint64_t number = AnyNumber();
    std::optional<ErrorKind> refusal;
    if (!state_.repositories.contains(number)) refusal = ErrorKind::kNotFound;
    Check(repositories().Delete(number), refusal,
          [&](State* state) { state->repositories.erase(number); });
  }

  void Commit() {
    const uint64_t number = AnyNumber();
    const std::string name = "refs/heads/" + std::to_string(Random(3));
    const auto found = state_.repositories.find(number);
    std::optional<GitId> before;
    if (found != state_.repositories.end() &&
        found->second.refs.contains(name)) {
      before = found->second.refs.at(name);
    }
    // Now and then by somebody who has not seen the last one.
    const bool stale = Random(8) == 0;
    const std::optional<GitId> expected =
        stale ? std::optional(SampleCommitId(1)) : before;
    std::optional<ErrorKind> refusal;
    if (found == state_.repositories.end()) {
      refusal = ErrorKind::kNotFound;
    } else if (expected != before) {
      refusal = ErrorKind::kConflict;
    }
    const std::vector<GitObject> objects = SampleCommit(++commits_, before);
    const GitId after = IdOf(objects.back());
    Check(repositories().Commit(
              number, objects, std::vector<RefChange>{{name, expected, after}}),
          refusal, [&](State* state) {
            state->repositories[number].refs[name] = after;
          });
  }

  void Grant() {
    const uint64_t number = AnyNumber();
    const uint64_t file = Random(kFiles);
    std::optional<ErrorKind> refusal;
    if (!state_.repositories.contains(number) ||
        !state_.staged.contains(file)) {
      refusal = ErrorKind::kNotFound;
    }
    Check(repositories().Grant(number, FileDigest(file)), refusal,
          [&](State* state) {
            state->repositories[number].granted.insert(file);
          });
  }

  void EndGrant() {
    const uint64_t number = AnyNumber();
    const uint64_t file = Random(kFiles);
    const auto found = state_.repositories.find(number);
    std::optional<ErrorKind> refusal;
    if (found == state_.repositories.end() ||
        !found->second.granted.contains(file)) {
      refusal = ErrorKind::kNotFound;
    }
    Check(
        repositories().EndGrant(number, FileDigest(file)), refusal,
        [&](State* state) { state->repositories[number].granted.erase(file); });
  }

  void Stage() {
    const uint64_t file = Random(kFiles);
    if (state_.staged.contains(file)) return;
    const auto staged = StageBytes(&store().staging(), SampleUpload(file));
    Check(staged.ok() ? Status() : staged.error(), {},
          [&](State* state) { state->staged.insert(file); });
  }

  void Discard() {
    const uint64_t file = Random(kFiles);
    std::optional<ErrorKind> refusal;
    if (!state_.staged.contains(file)) {
      refusal = ErrorKind::kNotFound;
    } else if (state_.IsGranted(file)) {
      refusal = ErrorKind::kConflict;
    }
    Check(store().staging().Discard(FileDigest(file)), refusal,
          [&](State* state) { state->staged.erase(file); });
  }

  void Lock() {
    const uint64_t number = AnyNumber();
    const std::string path = "w/" + std::to_string(Random(kPaths));
    const uint64_t token = Random(3);
    const std::string owner = "owner" + std::to_string(token);
    const auto found = state_.repositories.find(number);
    std::optional<ErrorKind> refusal;
    if (found == state_.repositories.end()) {
      refusal = ErrorKind::kNotFound;
    } else if (found->second.locks.contains(path)) {
      refusal = ErrorKind::kConflict;
    }
    const auto made = store().locks().Create(
        number, {.path = path, .token = token, .owner = owner});
    Check(made.ok() ? Status() : made.error(), refusal, [&](State* state) {
      state->repositories[number].locks[path] = owner;
    });
  }

  void Unlock() {
    const uint64_t number = AnyNumber();
    const std::string path = "w/" + std::to_string(Random(kPaths));
    const auto found = state_.repositories.find(number);
    const auto lock = store().locks().Find(number, path);
    ASSERT_TRUE(lock.ok());
    EXPECT_EQ(lock->has_value(), found != state_.repositories.end() &&
                                     found->second.locks.contains(path));
    std::optional<ErrorKind> refusal;
    if (!*lock) refusal = ErrorKind::kNotFound;
    Check(store().locks().Remove(number, *lock ? (*lock)->number : 1'000'000),
          refusal,
          [&](State* state) { state->repositories[number].locks.erase(path); });
  }

  State Read() {
    State state;
    for (const RepositoryKind kind :
         {RepositoryKind::kModel, RepositoryKind::kDataset}) {
      const auto list = repositories().List(kind, {}, {kind, "", ""}, 1000);
      EXPECT_TRUE(list.ok());
      for (const RepositoryInfo& info : *list) {
        ModelRepository& one = state.repositories[info.number];
        one.repository = info.repository;
        one.refs = *repositories().ListRefs(info.number);
        for (uint64_t file = 0; file < kFiles; ++file) {
          if (*repositories().IsGranted(info.number, FileDigest(file))) {
            one.granted.insert(file);
          }
        }
        const auto locks = store().locks().List(info.number, 0, 1000);
        for (const LockInfo& lock : *locks) {
          one.locks[lock.lock.path] = lock.lock.owner;
          EXPECT_EQ(*store().locks().Find(info.number, lock.lock.path), lock);
        }
        // What a ref names is whole.
        for (const auto& [name, id] : one.refs) {
          const auto commit = repositories().FindObject(info.number, id);
          EXPECT_TRUE(commit.ok() && *commit);
          EXPECT_EQ(IdOf(**commit), id);
        }
      }
    }
    for (uint64_t file = 0; file < kFiles; ++file) {
      if (!store().staging().Find(FileDigest(file))->has_value()) continue;
      state.staged.insert(file);
      ExpectStaged(store().staging(), SampleUpload(file));
    }
    return state;
  }

  void Opened() override {
    const State found = Read();
    const bool expected =
        found == state_ ||
        std::ranges::any_of(possible_, [&](const State& possible) {
          // A repository whose creation failed has a number of its own choice.
          return found.staged == possible.staged &&
                 std::ranges::equal(
                     found.repositories, possible.repositories, {},
                     [](const auto& one) { return one.second; },
                     [](const auto& one) { return one.second; });
        });
    EXPECT_TRUE(expected);
    state_ = found;
    possible_.clear();
    if (!found.repositories.empty()) {
      largest_ = std::max(largest_, found.repositories.rbegin()->first);
    }
  }

  State state_;
  std::vector<State> possible_;  // after the next opening
  uint64_t commits_ = 1;
  uint64_t largest_ = 0;  // of a repository's numbers
};

class RepositoriesModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(RepositoriesModelTest, Agrees) {
  RunModels<RepositoriesModel>(GetParam() * 1000, GetParam() * 1000 + Tries(8));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RepositoriesModelTest,
                         testing::Range(uint64_t{0}, uint64_t{10}));

}  // namespace
}  // namespace ingot::store
