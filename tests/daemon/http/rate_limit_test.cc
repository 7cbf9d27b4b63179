#include "daemon/http/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/http/server.h"
#include "tests/daemon/http/raw_client.h"

namespace ingot::http {
namespace {

using boost::asio::awaitable;
using boost::asio::ip::make_address;
using std::chrono::milliseconds;

class RateLimitTest : public testing::Test {
 protected:
  void Limit(RateOptions options) {
    limit_ = std::make_unique<RateLimit>(options, [this] { return now_; });
  }
  // How many requests of `address` are let through now.
  int Let(const std::string& address) {
    int count = 0;
    while (count < 100 && !limit_->Take(make_address(address))) ++count;
    return count;
  }

  RateLimit::Time now_ = RateLimit::Time() + std::chrono::hours(1);
  std::unique_ptr<RateLimit> limit_;
};

TEST_F(RateLimitTest, BucketsFillAgain) {
  Limit({.rate = 10, .burst = 5});
  EXPECT_EQ(Let("192.0.2.1"), 5);
  const auto wait = limit_->Take(make_address("192.0.2.1"));
  ASSERT_TRUE(wait);
  EXPECT_NEAR(wait->count(), 0.1, 1e-6);
  // Being refused takes nothing.
  now_ += milliseconds(99);
  EXPECT_EQ(Let("192.0.2.1"), 0);
  now_ += milliseconds(1);
  EXPECT_EQ(Let("192.0.2.1"), 1);
  now_ += milliseconds(250);
  EXPECT_EQ(Let("192.0.2.1"), 2);
  now_ += std::chrono::hours(1);
  EXPECT_EQ(Let("192.0.2.1"), 5);
}

TEST_F(RateLimitTest, ClientsHaveTheirOwn) {
  Limit({.rate = 1, .burst = 2});
  EXPECT_EQ(Let("192.0.2.1"), 2);
  EXPECT_EQ(Let("192.0.2.2"), 2);
  EXPECT_EQ(Let("::ffff:192.0.2.2"), 0);
  // A /64 is one client.
  EXPECT_EQ(Let("2001:db8:0:1::1"), 2);
  EXPECT_EQ(Let("2001:db8:0:1:ffff::2"), 0);
  EXPECT_EQ(Let("2001:db8:0:2::1"), 2);
  EXPECT_EQ(limit_->clients(), 4);
}

TEST_F(RateLimitTest, LoopbackIsLetThrough) {
  Limit({.rate = 1, .burst = 1});
  EXPECT_EQ(Let("127.0.0.1"), 100);
  EXPECT_EQ(Let("127.1.2.3"), 100);
  EXPECT_EQ(Let("::1"), 100);
  EXPECT_EQ(limit_->clients(), 0);
  Limit({.rate = 1, .burst = 1, .limits_loopback = true});
  EXPECT_EQ(Let("127.0.0.1"), 1);
  EXPECT_EQ(Let("::1"), 1);
  Limit({.rate = 1e-300, .burst = 1e300});
  EXPECT_EQ(Let("192.0.2.1"), 100);
  Limit({.rate = 0});
  EXPECT_EQ(Let("192.0.2.1"), 100);
}

TEST_F(RateLimitTest, TheTableIsBounded) {
  Limit({.rate = 1, .burst = 1, .max_clients = 100});
  const auto address = [](int number) {
    return "10.0." + std::to_string(number / 256) + "." +
           std::to_string(number % 256);
  };
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(Let(address(i)), 1);
    EXPECT_LE(limit_->clients(), 100);
    // One that goes on asking is not forgotten.
    EXPECT_EQ(Let("192.0.2.1"), i == 0 ? 1 : 0);
  }
  EXPECT_EQ(Let(address(9'999)), 0);
  EXPECT_EQ(Let(address(0)), 1);
}

TEST_F(RateLimitTest, ThreadsShareIt) {
  Limit({.rate = 1, .burst = 500});
  std::atomic<int> let = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        let += !limit_->Take(make_address("192.0.2.1"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(let, 500);
}

ResponseHead Plain() { return {}; }

awaitable<void> Answer(Exchange& exchange) {
  co_await exchange.Respond(Plain(), "answer");
}

TEST_F(RateLimitTest, RequestsAreRefused) {
  Limit({.rate = 0.5, .burst = 2, .limits_loopback = true});
  const auto server = HttpServer::Start({}, LimitRate(limit_.get(), Answer));
  ASSERT_TRUE(server.ok());
  const uint16_t port = (*server)->port();
  RawClient client(port);
  for (int i = 0; i < 2; ++i) {
    client.Send(Simple("GET /"));
    EXPECT_EQ(client.Receive().body, "answer");
  }
  for (int i = 0; i < 3; ++i) {
    client.Send(Simple("GET /"));
    const RawResponse refused = client.Receive();
    EXPECT_EQ(refused.status, 429);
    EXPECT_NE(refused.head.find("\r\nRetry-After: 2\r\n"), std::string::npos)
        << refused.head;
  }
  // Others of the same address are no better off.
  EXPECT_EQ(Ask(port, Simple("POST /", "Content-Length: 9\r\n")).status, 429);
  (*server)->Stop();
}

}  // namespace
}  // namespace ingot::http
