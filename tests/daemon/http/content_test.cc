// Bytes that are read by workers while others are sent: of slow sources, of
// sources that fail, and for clients that go away.

#include "daemon/http/content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

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
};

class SlowSource final : public Source {
 public:
  SlowSource(Reads* reads, uint64_t fails_at)
      : reads_(reads), fails_at_(fails_at) {}
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return kSize; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    ++reads_->running;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
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

class ContentTest : public testing::Test {
 protected:
  void Start(uint64_t fails_at = kSize, ServerOptions options = {}) {
    router_.Add("GET", "/content", "Content",
                [this, fails_at](Exchange& exchange,
                                 const PathParameters&) -> awaitable<void> {
                  Content content = Make(fails_at);
                  serving_ = std::this_thread::get_id();
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
    return {.source = std::make_shared<SlowSource>(&reads_, fails_at),
            .etag = "tag"};
  }
  RawResponse Get(const std::string& headers = "") {
    return Ask(server_->port(), Simple("GET /content", headers));
  }

  Reads reads_;
  std::atomic<std::thread::id> serving_ = {};
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

TEST_F(ContentTest, TheServerMayEnd) {
  Start();
  RawClient client(server_->port());
  client.Send(Simple("GET /content"));
  while (reads_.bytes == 0) std::this_thread::yield();
}

}  // namespace
}  // namespace ingot::http
