// Bytes that are read by workers while others are sent: of slow sources, of
// sources that fail, and for clients that go away.

#include "daemon/http/content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/http/router.h"
#include "daemon/http/server.h"
#include "tests/daemon/http/raw_client.h"

namespace ingot::http {
namespace {

using boost::asio::awaitable;

constexpr uint64_t kSize = 3'000'001;

std::string Text(uint64_t begin, uint64_t end) {
  std::string text;
  for (; begin < end; ++begin) text += static_cast<char>('a' + begin % 23);
  return text;
}

struct Reads {
  std::atomic<int> running = 0;
  std::atomic<uint64_t> bytes = 0;
  std::atomic<uint64_t> largest = 0;
  std::atomic<std::thread::id> thread = {};
  // The first one waits until so many have begun.
  int together = 0;
  std::atomic<int> begun = 0;
  std::atomic<int> most = 0;
  std::atomic<bool> throws = false;
};

class SlowSource final : public Source {
 public:
  SlowSource(Reads* reads, uint64_t fails_at)
      : reads_(reads), fails_at_(fails_at) {}
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return kSize; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    ++reads_->begun;
    const int now = ++reads_->running;
    int most = reads_->most;
    while (most < now && !reads_->most.compare_exchange_weak(most, now)) {
    }
    for (int i = 0; offset == 0 && i < 10'000; ++i) {
      if (reads_->begun >= reads_->together) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (reads_->throws) {
      --reads_->running;
      throw std::bad_alloc();
    }
    reads_->thread = std::this_thread::get_id();
    const bool fails = offset + out.size() > fails_at_;
    const std::string text = Text(offset, offset + out.size());
    std::ranges::copy(AsBytes(text), out.begin());
    reads_->bytes += out.size();
    reads_->largest = std::max<uint64_t>(reads_->largest, out.size());
    --reads_->running;
    return fails ? Status(Corruption("damaged")) : Status();
  }

 private:
  Reads* const reads_;
  const uint64_t fails_at_;
  const std::string name_ = "slow";
};

// Of any size, with good ends; and what was read of it.
class EvenSource final : public Source {
 public:
  static constexpr uint64_t kBlock = 70'000;

  explicit EvenSource(uint64_t size) : size_(size) {}
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }
  uint64_t GoodEnd(uint64_t begin, uint64_t end) const override {
    const uint64_t edge = end - end % kBlock;
    return edge > begin ? edge : end;
  }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    std::ranges::fill(out, std::byte{'x'});
    bytes_ += out.size();
    const std::lock_guard lock(mutex_);
    reads_.emplace(offset, offset + out.size());
    return {};
  }
  std::map<uint64_t, uint64_t> TakeReads() {
    const std::lock_guard lock(mutex_);
    return std::exchange(reads_, {});
  }
  uint64_t bytes() const { return bytes_; }

 private:
  const uint64_t size_;
  const std::string name_ = "even";
  mutable std::atomic<uint64_t> bytes_ = 0;
  mutable std::mutex mutex_;
  mutable std::map<uint64_t, uint64_t> reads_;  // begin, end
};

class ContentTest : public testing::Test {
 protected:
  void Start(uint64_t fails_at = kSize, ServerOptions options = {}) {
    router_.Add("GET", "/content", "Content",
                [this, fails_at](Exchange& exchange,
                                 const PathParameters&) -> awaitable<void> {
                  Content content = Make(fails_at);
                  serving_ = std::this_thread::get_id();
                  ++begun_;
                  const Status sent = co_await RespondContent(
                      exchange, workers_.get(), std::move(content));
                  failed_ += !sent.ok();
                  ++ended_;
                });
    options.threads = 1;
    auto server = HttpServer::Start(options, [this](Exchange& exchange) {
      return router_.Handle(exchange);
    });
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  void TearDown() override {
    server_->Stop();
    workers_.reset();
  }
  Content Make(uint64_t fails_at) {
    if (source_ != nullptr) return {.source = source_, .etag = "even"};
    return {.source = std::make_shared<SlowSource>(&reads_, fails_at),
            .etag = "tag"};
  }
  // All spares are there again, if nobody is being answered.
  void ExpectAllSpares() {
    for (int i = 0; i < 5000 && ended_ != begun_; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    int spares = 0;
    while (workers_->TakeSpare()) ++spares;
    EXPECT_EQ(spares, 4) << "two for each thread";
    for (; spares > 0; --spares) workers_->GiveBackSpare();
  }
  RawResponse Get(const std::string& headers = "") {
    return Ask(server_->port(), Simple("GET /content", headers));
  }

  Reads reads_;
  std::atomic<std::thread::id> serving_ = {};
  std::shared_ptr<EvenSource> source_;  // none: slow ones
  std::atomic<int> begun_ = 0;
  std::atomic<int> failed_ = 0;
  std::atomic<int> ended_ = 0;
  Router router_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Workers> workers_ = std::make_unique<Workers>(2);
};

TEST_F(ContentTest, WorkersReadWhatIsSent) {
  Start();
  EXPECT_TRUE(Get().body == Text(0, kSize));
  EXPECT_EQ(reads_.bytes, kSize) << "nothing is read twice";
  EXPECT_NE(reads_.thread.load(), serving_.load());
  EXPECT_TRUE(Get("Range: bytes=500000-2900000\r\n").body ==
              Text(500'000, 2'900'001));
  EXPECT_EQ(Get("Range: bytes=524287-524288\r\n").body, Text(524'287, 524'289));
  const std::string parts =
      Get("Range: bytes=0-1048576,2000000-3000000\r\n").body;
  EXPECT_NE(parts.find(Text(0, 1'048'577)), std::string::npos);
  EXPECT_NE(parts.find(Text(2'000'000, kSize)), std::string::npos);
  const uint64_t before = reads_.bytes;
  EXPECT_EQ(Ask(server_->port(), Simple("HEAD /content")).status, 200);
  EXPECT_EQ(reads_.bytes, before);
}

TEST_F(ContentTest, PiecesAreAsLargeAsMemoryAllows) {
  Start(kSize, {.buffer_memory = 128 << 10});
  EXPECT_TRUE(Get().body == Text(0, kSize));
  EXPECT_EQ(reads_.largest, 64 << 10);
}

// The status has been sent: the connection says that it went wrong.
TEST_F(ContentTest, AFailingReadEndsTheConnection) {
  Start(/*fails_at=*/1'500'000);
  const RawResponse response = Get();
  EXPECT_EQ(response.status, 200);
  EXPECT_LT(response.body.size(), 1'500'000);
  EXPECT_TRUE(response.body == Text(0, response.body.size()));
  EXPECT_EQ(failed_, 1);
  EXPECT_EQ(Get("Range: bytes=0-9\r\n").body, Text(0, 10));
}

// Nobody reads into what is gone.
TEST_F(ContentTest, ClientsMayGoAway) {
  Start();
  for (int i = 0; i < 20; ++i) {
    RawClient client(server_->port());
    client.Send(Simple("GET /content"));
  }
  for (int i = 0; ended_ < 20 && i < 500; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(ended_, 20);
  EXPECT_EQ(reads_.running, 0);
  EXPECT_TRUE(Get().body == Text(0, kSize));
}

// Where reading takes long, several pieces are read at once.
TEST_F(ContentTest, WorkersReadAtOnce) {
  reads_.together = 2;
  Start();
  EXPECT_TRUE(Get().body == Text(0, kSize));
  EXPECT_EQ(reads_.most, 2) << "as many as there are workers";
  EXPECT_EQ(reads_.bytes, kSize);
  ExpectAllSpares();
}

TEST_F(ContentTest, WithoutSparesOneIsReadAtATime) {
  Start();
  while (workers_->TakeSpare()) {
  }
  EXPECT_TRUE(Get().body == Text(0, kSize));
  EXPECT_EQ(reads_.most, 1);
}

TEST_F(ContentTest, WhatIsThrownEndsTheConnection) {
  reads_.throws = true;
  Start();
  EXPECT_EQ(Get().body, "");
  EXPECT_EQ(failed_, 1);
  reads_.throws = false;
  EXPECT_TRUE(Get().body == Text(0, kSize));
  ExpectAllSpares();
}

TEST_F(ContentTest, PiecesEndWhereTheSourceLikes) {
  constexpr uint64_t kEven = 20'000'000;
  source_ = std::make_shared<EvenSource>(kEven);
  Start();
  struct Case {
    const char* headers;
    uint64_t begin;
    uint64_t end;
  };
  for (const Case& one : std::vector<Case>{
           {"", 0, kEven},
           {"Range: bytes=100000-9999999\r\n", 100'000, 10'000'000},
           {"Range: bytes=3-5\r\n", 3, 6},
           {"Range: bytes=19999999-\r\n", 19'999'999, kEven}}) {
    const RawResponse response = Get(one.headers);
    EXPECT_TRUE(response.body == std::string(one.end - one.begin, 'x'));
    uint64_t at = one.begin;
    for (const auto& [begin, end] : source_->TakeReads()) {
      EXPECT_EQ(begin, at) << "each byte is read once";
      EXPECT_TRUE(end == one.end || end % EvenSource::kBlock == 0) << end;
      at = end;
    }
    EXPECT_EQ(at, one.end);
  }
  ExpectAllSpares();
}

// A client that does not read makes nobody read far ahead.
TEST_F(ContentTest, MemoryIsBounded) {
  source_ = std::make_shared<EvenSource>(uint64_t{1} << 32);
  Start();
  {
    RawClient client(server_->port());
    client.Send(Simple("GET /content"));
    uint64_t before = 0;
    for (int still = 0; still < 50; ++still) {
      const uint64_t bytes = source_->bytes();
      if (bytes != before || bytes == 0) still = 0;
      before = bytes;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    // With what the sockets hold.
    EXPECT_LT(before, uint64_t{64} << 20);
    EXPECT_EQ(ended_, 0);
  }
  ExpectAllSpares();
  EXPECT_EQ(failed_, 1);
}

TEST_F(ContentTest, TheServerMayEnd) {
  Start();
  RawClient client(server_->port());
  client.Send(Simple("GET /content"));
  while (reads_.bytes == 0) std::this_thread::yield();
}

}  // namespace
}  // namespace ingot::http
