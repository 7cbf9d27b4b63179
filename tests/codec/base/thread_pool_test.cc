#include "codec/base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace ingot {
namespace {

TEST(ThreadPoolTest, OneThreadRunsInOrderOnTheWaiter) {
  ThreadPool pool(1);
  std::vector<int> order;
  TaskGroup group(&pool);
  for (int i = 0; i < 100; ++i) {
    group.Submit([&order, i, waiter = std::this_thread::get_id()] {
      EXPECT_EQ(std::this_thread::get_id(), waiter);
      order.push_back(i);
    });
  }
  EXPECT_TRUE(order.empty());
  EXPECT_FALSE(group.Done());
  group.Wait();
  EXPECT_TRUE(group.Done());
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ThreadPoolTest, EveryTaskRunsOnce) {
  for (const int threads : {-1, 0, 1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), std::max(threads, 1));
    std::vector<std::atomic<int>> runs(1000);
    TaskGroup group(&pool);
    for (auto& count : runs) group.Submit([&count] { ++count; });
    group.Wait();
    for (auto& count : runs) ASSERT_EQ(count, 1) << threads;
  }
}

// Each task waits for the other: this ends only if both run at once, one of
// them on the waiting thread.
TEST(ThreadPoolTest, TwoThreadsRunTwoTasksAtOnce) {
  ThreadPool pool(2);
  std::atomic<int> arrived = 0;
  TaskGroup group(&pool);
  for (int i = 0; i < 2; ++i) {
    group.Submit([&arrived] {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
  }
  group.Wait();
  EXPECT_EQ(arrived, 2);
}

TEST(ThreadPoolTest, WorkersRunWithoutAWaiter) {
  ThreadPool pool(2);
  std::atomic<bool> ran = false;
  pool.Submit([&ran] { ran = true; });
  while (!ran) std::this_thread::yield();
  EXPECT_FALSE(pool.RunOne());
}

TEST(ThreadPoolTest, DestructorRunsWhatIsQueued) {
  for (const int threads : {1, 4}) {
    std::atomic<int> runs = 0;
    {
      ThreadPool pool(threads);
      for (int i = 0; i < 500; ++i) pool.Submit([&runs] { ++runs; });
    }
    EXPECT_EQ(runs, 500);
  }
}

TEST(ThreadPoolTest, TasksMaySubmitAndWait) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::atomic<int> leaves = 0;
    TaskGroup outer(&pool);
    for (int i = 0; i < 20; ++i) {
      outer.Submit([&pool, &leaves] {
        TaskGroup inner(&pool);
        for (int j = 0; j < 20; ++j) inner.Submit([&leaves] { ++leaves; });
        inner.Wait();
      });
    }
    outer.Wait();
    EXPECT_EQ(leaves, 400);
  }
}

TEST(ThreadPoolTest, WaitUntilAtMostStopsEarly) {
  ThreadPool pool(1);
  int runs = 0;
  TaskGroup group(&pool);
  for (int i = 0; i < 10; ++i) group.Submit([&runs] { ++runs; });
  group.WaitUntilAtMost(4);
  EXPECT_EQ(runs, 6);
  group.WaitUntilAtMost(20);
  EXPECT_EQ(runs, 6);
  group.Wait();
  EXPECT_EQ(runs, 10);
}

TEST(ThreadPoolTest, GroupsOfSeveralThreadsShareAPool) {
  ThreadPool pool(3);
  std::vector<std::thread> owners;
  std::atomic<int> runs = 0;
  for (int t = 0; t < 4; ++t) {
    owners.emplace_back([&pool, &runs] {
      for (int round = 0; round < 100; ++round) {
        int mine = 0;  // written by one task, read after Wait
        TaskGroup group(&pool);
        group.Submit([&mine] { mine = 1; });
        for (int i = 0; i < 5; ++i) group.Submit([&runs] { ++runs; });
        group.Wait();
        runs += mine;
      }
    });
  }
  for (std::thread& owner : owners) owner.join();
  EXPECT_EQ(runs, 4 * 100 * 6);
}

}  // namespace
}  // namespace ingot
