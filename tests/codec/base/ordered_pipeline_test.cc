#include "codec/base/ordered_pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ingot {
namespace {

// Takes longer for some jobs than for others, so that they end out of order.
void Linger(int i) {
  for (int n = 0; n < (i * 7919) % 50; ++n) std::this_thread::yield();
}

TEST(OrderedPipelineTest, ResultsArriveInOrder) {
  for (const int threads : {1, 2, 4}) {
    for (const size_t limit : {0, 1, 2, 7, 1000}) {
      ThreadPool pool(threads);
      std::vector<int> seen;
      OrderedPipeline<int> pipeline(&pool, limit, [&seen](int i) -> Status {
        seen.push_back(i);
        return {};
      });
      for (int i = 0; i < 300; ++i) {
        ASSERT_TRUE(pipeline
                        .Submit([i]() -> Result<int> {
                          Linger(i);
                          return i;
                        })
                        .ok());
      }
      ASSERT_TRUE(pipeline.Finish().ok());
      ASSERT_EQ(seen.size(), 300u);
      for (int i = 0; i < 300; ++i) ASSERT_EQ(seen[i], i);
    }
  }
}

TEST(OrderedPipelineTest, AtMostTheLimitIsInFlight) {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    std::atomic<int> unconsumed = 0;
    OrderedPipeline<int> pipeline(&pool, 4, [&](int) -> Status {
      --unconsumed;
      return {};
    });
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(pipeline
                      .Submit([&unconsumed, i]() -> Result<int> {
                        EXPECT_LE(++unconsumed, 4);
                        Linger(i);
                        return i;
                      })
                      .ok());
      EXPECT_LE(pipeline.in_flight(), 4u);
    }
    ASSERT_TRUE(pipeline.Finish().ok());
    EXPECT_EQ(unconsumed, 0);
    EXPECT_EQ(pipeline.in_flight(), 0u);
  }
}

TEST(OrderedPipelineTest, MoveOnlyResults) {
  ThreadPool pool(2);
  int sum = 0;
  OrderedPipeline<std::unique_ptr<int>> pipeline(
      &pool, 3, [&sum](std::unique_ptr<int> value) -> Status {
        sum += *value;
        return {};
      });
  for (int i = 1; i <= 10; ++i) {
    ASSERT_TRUE(pipeline
                    .Submit([i]() -> Result<std::unique_ptr<int>> {
                      return std::make_unique<int>(i);
                    })
                    .ok());
  }
  ASSERT_TRUE(pipeline.Finish().ok());
  EXPECT_EQ(sum, 55);
}

// Jobs 10 and 20 fail; the error of job 10 is reported whichever ends first,
// and nothing after it is consumed.
TEST(OrderedPipelineTest, TheFirstErrorInOrderWins) {
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    int consumed = 0;
    std::atomic<int> ran = 0;
    OrderedPipeline<int> pipeline(&pool, 16, [&consumed](int) -> Status {
      ++consumed;
      return {};
    });
    Status status;
    int submitted = 0;
    while (submitted < 1000 && status.ok()) {
      const int i = submitted++;
      status = pipeline.Submit([i, &ran]() -> Result<int> {
        ++ran;
        if (i == 10) {
          for (int n = 0; n < 1000; ++n) std::this_thread::yield();
        }
        if (i == 10 || i == 20) return Corruption("job " + std::to_string(i));
        return i;
      });
    }
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().message, "job 10");
    EXPECT_LT(submitted, 40);
    EXPECT_EQ(consumed, 10);
    EXPECT_EQ(pipeline.in_flight(), 0u);
    const int ran_before = ran;
    EXPECT_FALSE(
        pipeline.Submit([&ran]() -> Result<int> { return ++ran; }).ok());
    EXPECT_EQ(pipeline.Finish().error().message, "job 10");
    EXPECT_EQ(ran, ran_before);
  }
}

TEST(OrderedPipelineTest, AnErrorOfTheConsumerCancels) {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    std::atomic<int> ran = 0;
    OrderedPipeline<int> pipeline(&pool, 4, [](int i) -> Status {
      if (i == 5) return InvalidArgument("full");
      return {};
    });
    Status status;
    for (int i = 0; i < 100 && status.ok(); ++i) {
      status = pipeline.Submit([i, &ran]() -> Result<int> {
        ++ran;
        return i;
      });
    }
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().message, "full");
    EXPECT_LE(ran, 10);
  }
}

TEST(OrderedPipelineTest, DestructionSkipsAndWaits) {
  ThreadPool pool(1);
  int ran = 0;
  int consumed = 0;
  {
    OrderedPipeline<int> pipeline(&pool, 100, [&consumed](int) -> Status {
      ++consumed;
      return {};
    });
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(
          pipeline.Submit([&ran]() -> Result<int> { return ++ran; }).ok());
    }
  }
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(consumed, 0);
  EXPECT_FALSE(pool.RunOne());
}

}  // namespace
}  // namespace ingot
