// What a journal tells its state, and what the state may refuse.

#include "daemon/store/journal_state.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/store/memory_storage.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/journal_samples.h"

namespace ingot::store {
namespace {

// A state that refuses what is "no", and notes what it is told.
class RefusingState final : public JournalState {
 public:
  JournalMark mark() const override { return mark_; }
  Status Stage(const JournalBatch& batch) override {
    const std::string text(AsText(batch.records[0].payload));
    if (text == "no") return Error{ErrorKind::kConflict, "no"};
    staged_.push_back(text);
    return {};
  }
  Status Commit(const JournalMark& mark) override {
    INGOT_TRY(commits_);
    mark_ = mark;
    for (std::string& text : staged_) committed.push_back(std::move(text));
    staged_.clear();
    return {};
  }
  void Drop() override { staged_.clear(); }

  void FailCommits() { commits_ = Error{ErrorKind::kIo, "no index"}; }

  std::vector<std::string> committed;

 private:
  JournalMark mark_;
  std::vector<std::string> staged_;
  Status commits_;
};

TEST(JournalStateTest, KnowsABatchBeforeItsAppendReturns) {
  const auto storage = MakeMemoryStorage();
  RefusingState state;
  {
    const auto journal = OpenJournal(storage.get(), {}, &state);
    EXPECT_EQ(*journal->Append(Text("a")), 1);
    EXPECT_EQ(state.committed, std::vector<std::string>{"a"});
    const auto refused = journal->Append(Text("no"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
    EXPECT_EQ(*journal->Append(Text("b")), 2);
  }
  // What was refused was not written.
  EXPECT_EQ(ReplayJournal(*storage, AnyState())->mark, state.mark());
  RefusingState again;
  ASSERT_TRUE(Journal::Open(storage.get(), {}, &again).ok());
  EXPECT_EQ(again.committed, state.committed);
  EXPECT_EQ(again.mark(), state.mark());
}

TEST(JournalStateTest, ABatchThatCannotFollowIsCorruption) {
  const auto storage = MakeMemoryStorage();
  ASSERT_TRUE(OpenJournal(storage.get())->Append(Text("no")).ok());
  RefusingState state;
  const auto opened = Journal::Open(storage.get(), {}, &state);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorruption);
  EXPECT_NE(opened.error().message.find("batch 1"), std::string::npos);
}

TEST(JournalStateTest, WhatIsNotWrittenIsDropped) {
  FaultyStorage storage(MakeMemoryStorage());
  RefusingState state;
  const auto journal = OpenJournal(&storage, {}, &state);
  ASSERT_TRUE(journal->Append(Text("a")).ok());
  storage.Fail(0, UINT64_MAX, ErrorKind::kIo);
  EXPECT_FALSE(journal->Append(Text("lost")).ok());
  storage.Heal();
  EXPECT_EQ(*journal->Append(Text("b")), 2);
  EXPECT_EQ(state.committed, (std::vector<std::string>{"a", "b"}));
}

// What is durable and unknown to the state must not be followed.
TEST(JournalStateTest, AStateThatFailsEndsTheJournal) {
  const auto storage = MakeMemoryStorage();
  RefusingState state;
  {
    const auto journal = OpenJournal(storage.get(), {}, &state);
    ASSERT_TRUE(journal->Append(Text("a")).ok());
    state.FailCommits();
    for (int i = 0; i < 2; ++i) {
      const auto failed = journal->Append(Text("b"));
      ASSERT_FALSE(failed.ok());
      EXPECT_EQ(failed.error().kind, ErrorKind::kIo);
      EXPECT_NE(failed.error().message.find("no index"), std::string::npos);
    }
    EXPECT_EQ(journal->last_position(), 1);
  }
  RefusingState again;
  ASSERT_TRUE(Journal::Open(storage.get(), {}, &again).ok());
  EXPECT_EQ(again.committed, (std::vector<std::string>{"a", "b"}));
}

// Threads race for one name: the state, not a lock, says who was first.
TEST(JournalStateTest, RefusesWithinAGroup) {
  class FirstWins final : public JournalState {
   public:
    JournalMark mark() const override { return {}; }
    Status Stage(const JournalBatch& batch) override {
      const bool is_new =
          names_.emplace(AsText(batch.records[0].payload)).second;
      return is_new ? Status() : Error{ErrorKind::kConflict, "taken"};
    }
    Status Commit(const JournalMark&) override { return {}; }
    void Drop() override {}

   private:
    std::set<std::string> names_;
  } state;
  const auto storage = MakeMemoryStorage();
  const auto journal = OpenJournal(storage.get(), {}, &state);
  constexpr int kNames = 50;
  std::atomic<int> won = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kNames; ++i) {
        won += journal->Append(Text(std::to_string(i))).ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, kNames);
  EXPECT_EQ(journal->last_position(), kNames);
  EXPECT_EQ(ReplayJournal(*storage, AnyState())->mark.position, kNames);
}

}  // namespace
}  // namespace ingot::store
