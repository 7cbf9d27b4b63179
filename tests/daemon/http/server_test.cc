// The server by itself: what RFC 9112 asks for, and what clients do to it.

#include "daemon/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/http/router.h"
#include "tests/daemon/http/raw_client.h"

namespace ingot::http {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using namespace std::string_literals;

constexpr uint64_t kBodyLimit = 200'000;

ResponseHead Plain() { return {}; }

awaitable<void> Echo(Exchange& exchange, const PathParameters&) {
  std::string body;
  while (true) {
    const Result<ByteSpan> piece = co_await exchange.ReadBody(kBodyLimit);
    if (!piece.ok()) {
      co_await RespondError(exchange, 413, piece.error().message);
      co_return;
    }
    if (piece->empty()) break;
    body += AsText(*piece);
  }
  co_await exchange.Respond(Plain(), std::move(body));
}

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    router_.Add("POST", "/echo", "", Echo);
    router_.Add("GET", "/name/{name}", "",
                [](Exchange& exchange,
                   const PathParameters& parameters) -> awaitable<void> {
                  co_await exchange.Respond(Plain(),
                                            parameters.find("name")->second);
                });
    // What it is asked for in pieces; "x" without a length, "h" with one.
    router_.Add("GET", "/pieces/{how}", "",
                [](Exchange& exchange,
                   const PathParameters& parameters) -> awaitable<void> {
                  const bool known = parameters.find("how")->second == "h";
                  const std::string piece(100'000, 'p');
                  std::optional<uint64_t> length;
                  if (known) length = 3 * piece.size();
                  co_await exchange.Start(Plain(), length);
                  for (int i = 0; i < 3; ++i) {
                    co_await exchange.Write(AsBytes(piece));
                  }
                  co_await exchange.Finish();
                });
    router_.Add(
        "GET", "/endless", "",
        [this](Exchange& exchange, const PathParameters&) -> awaitable<void> {
          co_await exchange.Start(Plain(), std::nullopt);
          const std::string piece(1 << 20, 'e');
          while (true) {
            const Status sent = co_await exchange.Write(AsBytes(piece));
            if (!sent.ok()) break;
          }
          ++ended_;
        });
    router_.Add("GET", "/throws", "",
                [](Exchange&, const PathParameters&) -> awaitable<void> {
                  throw std::runtime_error("x");
                  co_return;
                });
    router_.Add(
        "GET", "/silent", "",
        [](Exchange&, const PathParameters&) -> awaitable<void> { co_return; });
    router_.Add(
        "GET", "/short", "",
        [](Exchange& exchange, const PathParameters&) -> awaitable<void> {
          co_await exchange.Start(Plain(), 10);
          const Status more =
              co_await exchange.Write(AsBytes("more than ten bytes"));
          EXPECT_FALSE(more.ok());
          co_await exchange.Write(AsBytes("nine byte"));
          const Status less = co_await exchange.Finish();
          EXPECT_FALSE(less.ok());
        });
    router_.Add(
        "GET", "/slow", "",
        [this](Exchange& exchange, const PathParameters&) -> awaitable<void> {
          ++started_;
          std::this_thread::sleep_for(milliseconds(300));
          co_await exchange.Respond(Plain(), "slow");
        });
    auto server = HttpServer::Start(
        std::move(options),
        [this](Exchange& exchange) { return router_.Handle(exchange); });
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  uint16_t port() const { return server_->port(); }
  // That it still answers.
  void ExpectAlive() {
    EXPECT_EQ(Ask(port(), Simple("GET /name/alive")).body, "alive");
  }

  Router router_;
  std::atomic<int> ended_ = 0;
  std::atomic<int> started_ = 0;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ServerTest, KeepsConnections) {
  Start();
  RawClient client(port());
  for (int i = 0; i < 5; ++i) {
    client.Send(Simple("GET /name/" + std::to_string(i)));
    const RawResponse response = client.Receive();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, std::to_string(i));
  }
  // Sent ahead, answered in order.
  client.Send(Simple("GET /name/a") + Simple("HEAD /name/bb") +
              Simple("GET /nothing") + Simple("GET /name/c"));
  EXPECT_EQ(client.Receive().body, "a");
  const RawResponse head = client.Receive(/*is_head=*/true);
  EXPECT_NE(head.head.find("Content-Length: 2\r\n"), std::string::npos);
  EXPECT_EQ(client.Receive().status, 404);
  EXPECT_EQ(client.Receive().body, "c");
  client.Send(Simple("GET /name/d", "Connection: close\r\n"));
  EXPECT_EQ(client.Receive().body, "d");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(ServerTest, MethodsAndPathsHaveTheirErrors) {
  Start();
  const RawResponse response = Ask(port(), Simple("DELETE /name/x"));
  EXPECT_EQ(response.status, 405);
  EXPECT_NE(response.head.find("Allow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_EQ(Ask(port(), Simple("GET /name")).status, 404);
  EXPECT_EQ(Ask(port(), Simple("GET /name/x/")).status, 404);
  EXPECT_EQ(Ask(port(), Simple("GET /name/..")).status, 400);
  EXPECT_EQ(Ask(port(), Simple("BREW /name/x")).status, 405);
  EXPECT_EQ(Ask(port(), Simple("GET /name/%41%2f")).body, "A/");
}

TEST_F(ServerTest, OldClientsAreServed) {
  Start();
  RawClient client(port());
  client.Send("GET /name/x HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.Receive().body, "x");
  EXPECT_TRUE(client.IsClosed());
  const RawResponse pieces = Ask(port(), "GET /pieces/x HTTP/1.0\r\n\r\n");
  EXPECT_EQ(pieces.body.size(), 300'000);
  EXPECT_EQ(pieces.head.find("chunked"), std::string::npos);
}

TEST_F(ServerTest, BodiesComeAndGoInPieces) {
  Start();
  RawClient client(port());
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65'536},
                            size_t{65'537}, size_t{kBodyLimit}}) {
    const std::string body(size, 'b');
    client.Send(Simple("POST /echo",
                       "Content-Length: " + std::to_string(size) + "\r\n") +
                body);
    EXPECT_TRUE(client.Receive().body == body) << size;
    // In chunks of odd sizes, with an extension and a trailer.
    std::string chunks;
    for (size_t at = 0; at < size;) {
      const size_t piece = std::min<size_t>(size - at, 1 + at * 3);
      char line[32];
      std::snprintf(line, sizeof(line), "%zx;x=y\r\n", piece);
      chunks += line + body.substr(at, piece) + "\r\n";
      at += piece;
    }
    client.Send(Simple("POST /echo", "Transfer-Encoding: chunked\r\n") +
                chunks + "0\r\nTrailer: x\r\n\r\n");
    EXPECT_TRUE(client.Receive().body == body) << size;
  }
  for (const char* how : {"x", "h"}) {
    client.Send(Simple(std::string("GET /pieces/") + how));
    EXPECT_TRUE(client.Receive().body == std::string(300'000, 'p')) << how;
    client.Send(Simple(std::string("HEAD /pieces/") + how));
    EXPECT_EQ(client.Receive(/*is_head=*/true).status, 200);
  }
}

TEST_F(ServerTest, BodiesHaveALimit) {
  Start();
  const std::string long_body(kBodyLimit + 1, 'b');
  EXPECT_EQ(
      Ask(port(), Simple("POST /echo", "Content-Length: 200001\r\n")).status,
      413);
  EXPECT_EQ(Ask(port(),
                Simple("POST /echo", "Content-Length: 200001\r\n") + long_body)
                .status,
            413);
  char line[32];
  std::snprintf(line, sizeof(line), "%zx\r\n", long_body.size());
  EXPECT_EQ(Ask(port(), Simple("POST /echo", "Transfer-Encoding: chunked\r\n") +
                            line + long_body + "\r\n0\r\n\r\n")
                .status,
            413);
  // Nobody is asked to send what will not be read.
  RawClient client(port());
  client.Send(Simple("POST /echo",
                     "Expect: 100-continue\r\nContent-Length: 200001\r\n"));
  EXPECT_EQ(client.Receive().status, 413);
  EXPECT_TRUE(client.IsClosed());
  RawClient patient(port());
  patient.Send(
      Simple("POST /echo", "Expect: 100-continue\r\nContent-Length: 3\r\n"));
  EXPECT_EQ(patient.Receive().status, 100);
  patient.Send("abc");
  EXPECT_EQ(patient.Receive().body, "abc");
}

// What was not read is not the next request.
TEST_F(ServerTest, UnreadBodiesEndTheConnection) {
  Start();
  RawClient client(port());
  const std::string hidden = Simple("GET /name/hidden");
  client.Send(
      Simple("GET /name/x",
             "Content-Length: " + std::to_string(hidden.size()) + "\r\n") +
      hidden);
  const RawResponse response = client.Receive();
  EXPECT_EQ(response.body, "x");
  EXPECT_NE(response.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(ServerTest, SmugglingIsRefused) {
  Start();
  const std::string host = "POST /echo HTTP/1.1\r\nHost: h\r\n";
  const std::vector<std::pair<std::string, unsigned>> requests = {
      {host +
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
      {host + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {host + "Content-Length: -3\r\n\r\nabc", 400},
      {host + "Content-Length: +3\r\n\r\nabc", 400},
      {host + "Content-Length: 0x3\r\n\r\nabc", 400},
      {host + "Content-Length: 99999999999999999999\r\n\r\nabc", 400},
      {host + "Content-Length : 3\r\n\r\nabc", 400},
      {host + "Content-Length: 3;\r\n\r\nabc", 400},
      {host + "Content-Length: 3,\r\n\r\nabc", 400},
      {host + "Content-Length: 3 4\r\n\r\nabc", 400},
      {host + "Content-Length: 3\r\n 4\r\n\r\nabc", 400},
      {host + "Content-Length:\r\n\r\nabc", 400},
      {host + "Content-Length: 3\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"
              "0\r\n\r\n",
       400},
      {host + "Transfer-Encoding: gzip\r\n\r\nabc", 501},
      {host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n",
       400},
      {host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
      {host + "Transfer-Encoding\r\n\r\n0\r\n\r\n", 400},
      {host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
      {host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
              "0\r\n\r\n",
       400},
      {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       501},
      {host + "Host: g\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1\r\nHost: me@h\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1\r\nHost: h, g\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1\r\nHost: h\r\n g\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1\nHost: h\n\n", 400},
      {"GET /name/x HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1\r\nHost: h\r\nA: b\rContent-Length: 3\r\n\r\n",
       400},
      {"GET /name/x HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n"s, 400},
      {"GET /name/x HTTP/1.1\r\nHost: h\r\nA\0: b\r\n\r\n"s, 400},
      {"GET /name/x HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", 400},
      {"GET\t/name/x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /name/x\tHTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1\r\n\r\n", 400},
      {"GET  /name/x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /name/x HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"GET /name/x HTTP/2.0\r\nHost: h\r\n\r\n", 400},
      {"GET /name/x\r\n\r\n", 400},
      {"GET http://h/name/x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /na\0me HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
      {"\x16\x03\x01\x02", 400},
      {"GET /name/x HTTP/1.1\r\nHost: h\r\nA\x01: b\r\n\r\n", 400},
  };
  for (const auto& [request, status] : requests) {
    SCOPED_TRACE(request);
    RawClient client(port());
    client.Send(request + Simple("GET /name/smuggled"));
    client.EndSending();
    EXPECT_EQ(client.Receive().status, status);
    EXPECT_TRUE(client.IsClosed());
  }
  // Chunks that are none.
  for (const std::string_view chunks :
       {"x\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "1\r\nab\r\n", "1 \r\na",
        "1\nA\n0\n\n", ";\r\n", "0x1\r\na\r\n", "+1\r\na\r\n", "\r\n",
        "1;a=\"\r\n\"\r\na\r\n", "1\r\na\r\n0\r\nContent-Length: 3\r\n\r\n",
        "1\r\na\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1\r\na\r\n0\r\nno trailer\r\n\r\n"}) {
    SCOPED_TRACE(chunks);
    RawClient client(port());
    client.Send(host + "Transfer-Encoding: chunked\r\n\r\n" +
                std::string(chunks));
    client.EndSending();
    const unsigned status = client.Receive().status;
    EXPECT_TRUE(status == 0 || status >= 400) << status;
    EXPECT_TRUE(client.IsClosed());
  }
  ExpectAlive();
}

TEST_F(ServerTest, HeadsHaveALimit) {
  Start();
  EXPECT_EQ(Ask(port(), Simple("GET /name/x",
                               "A: " + std::string(17'000, 'a') + "\r\n"))
                .status,
            431);
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "A: b\r\n";
  EXPECT_EQ(Ask(port(), Simple("GET /name/x", many)).status, 431);
  EXPECT_EQ(Ask(port(), std::string(100'000, 'G')).status / 100, 4);
  EXPECT_EQ(Ask(port(), Simple("GET /" + std::string(9'000, 'x'))).status, 414);
  EXPECT_EQ(Ask(port(), Simple("GET /name/" + std::string(8'000, 'x'))).status,
            200);
}

// What comes with chunks takes no more memory than heads do.
TEST_F(ServerTest, ChunksHaveALimit) {
  Start();
  std::string trailers;
  for (int i = 0; i < 50'000; ++i) trailers += "A: b\r\n";
  for (const std::string& chunks :
       {"1;" + std::string(200'000, 'a') + "\r\na\r\n0\r\n\r\n",
        std::string(200'000, '0') + "1\r\na\r\n0\r\n\r\n",
        "1\r\na\r\n0\r\n" + trailers + "\r\n",
        "1\r\na\r\n0\r\nA: " + std::string(200'000, 'a') + "\r\n\r\n"}) {
    RawClient client(port());
    client.Send(Simple("POST /echo", "Transfer-Encoding: chunked\r\n") +
                chunks);
    const unsigned status = client.Receive().status;
    EXPECT_TRUE(status == 0 || status >= 400) << status;
    EXPECT_TRUE(client.IsClosed());
  }
  ExpectAlive();
}

// Every beginning of a request, and every byte of it changed.
TEST_F(ServerTest, BrokenRequestsDoNoHarm) {
  Start();
  const std::string request =
      Simple("POST /echo", "Transfer-Encoding: chunked\r\n") +
      "3\r\nabc\r\n0\r\n\r\n";
  for (size_t at = 0; at < request.size(); ++at) {
    RawClient cut(port());
    cut.Send(request.substr(0, at));
    cut.EndSending();
    const RawResponse response = cut.Receive();
    EXPECT_NE(response.status, 200) << at;
    EXPECT_TRUE(cut.IsClosed());
    for (const char flip : {1, 32, 64}) {
      std::string changed = request;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      RawClient client(port());
      client.Send(changed);
      client.EndSending();
      while (client.Receive().status != 0) {
      }
    }
  }
  ExpectAlive();
}

TEST_F(ServerTest, HandlersThatFailAreInternalErrors) {
  Start();
  for (const char* path : {"GET /throws", "GET /silent"}) {
    RawClient client(port());
    client.Send(Simple(path));
    const RawResponse response = client.Receive();
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body, "{\"error\":\"internal error\"}\n");
    EXPECT_TRUE(client.IsClosed());
  }
  // A response that is too short is seen to be.
  EXPECT_EQ(Ask(port(), Simple("GET /short")).body, "nine byte");
  ExpectAlive();
}

TEST_F(ServerTest, SlowClientsAreCutOff) {
  Start({.header_timeout = milliseconds(200),
         .idle_timeout = milliseconds(400),
         .io_timeout = milliseconds(300)});
  const auto seconds = [](auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  // Nothing at all, a byte now and then, a body of which nothing comes.
  RawClient idle(port());
  EXPECT_LT(seconds([&] { EXPECT_TRUE(idle.IsClosed()); }), 3);
  RawClient slow(port());
  EXPECT_LT(seconds([&] {
              for (const char byte : Simple("GET /name/xxxxxxxxxxxxxxxxxxxx")) {
                if (!slow.Send(std::string(1, byte))) break;
                std::this_thread::sleep_for(milliseconds(20));
              }
              EXPECT_TRUE(slow.IsClosed());
            }),
            4);
  RawClient body(port());
  body.Send(Simple("POST /echo", "Content-Length: 100\r\n") + "some");
  EXPECT_EQ(body.Receive().status, 0);
  EXPECT_TRUE(body.IsClosed());
  // A body that comes, but slower than 1 KiB/s.
  RawClient drip(port());
  drip.Send(Simple("POST /echo", "Content-Length: 100000\r\n"));
  EXPECT_LT(seconds([&] {
              while (drip.Send("x")) {
                std::this_thread::sleep_for(milliseconds(50));
              }
            }),
            5);
  // One that does not read.
  RawClient deaf(port());
  deaf.Send(Simple("GET /endless"));
  for (int i = 0; i < 100 && ended_ == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_EQ(ended_, 1);
  ExpectAlive();
}

TEST_F(ServerTest, ConnectionsHaveALimit) {
  Start({.max_connections = 8, .max_connections_per_address = 4});
  {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(std::make_unique<RawClient>(port()));
      clients.back()->Send(Simple("GET /name/x"));
      EXPECT_EQ(clients.back()->Receive().status, 200);
    }
    EXPECT_EQ(server_->connections(), 4);
    for (int i = 0; i < 20; ++i) {
      RawClient one_more(port());
      EXPECT_EQ(one_more.Receive().status, 503);
      EXPECT_TRUE(one_more.IsClosed());
    }
    clients.front()->Send(Simple("GET /name/y"));
    EXPECT_EQ(clients.front()->Receive().body, "y");
  }
  for (int i = 0; i < 100 && server_->connections() > 0; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  ExpectAlive();
}

TEST_F(ServerTest, DrainsBeforeItEnds) {
  Start({.threads = 4});
  RawClient idle(port());
  idle.Send(Simple("GET /name/x"));
  EXPECT_EQ(idle.Receive().body, "x");
  RawClient busy(port());
  busy.Send(Simple("GET /slow") + Simple("GET /name/later"));
  while (started_ == 0) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_TRUE(server_->Drain());
  EXPECT_TRUE(idle.IsClosed());
  EXPECT_EQ(busy.Receive().body, "slow");
  EXPECT_TRUE(busy.IsClosed());
}

TEST_F(ServerTest, EndsWithoutWaitingForAnybody) {
  Start({.drain_timeout = milliseconds(100)});
  RawClient deaf(port());
  deaf.Send(Simple("GET /endless"));
  RawClient half(port());
  half.Send("GET /name");
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_FALSE(server_->Drain());
  server_.reset();
}

TEST_F(ServerTest, ServesManyAtOnce) {
  Start();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      RawClient client(port());
      for (int i = 0; i < 50; ++i) {
        const std::string body =
            std::string(static_cast<size_t>(i) * 97, 'a') + std::to_string(t);
        client.Send(
            Simple("POST /echo",
                   "Content-Length: " + std::to_string(body.size()) + "\r\n") +
            body);
        right += client.Receive().body == body;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16 * 50);
}

TEST(ServerStartTest, AddressesAreChecked) {
  const auto start = [](ServerOptions options) {
    return HttpServer::Start(std::move(options),
                             [](Exchange&) -> awaitable<void> { co_return; });
  };
  EXPECT_EQ(start({.address = "localhost"}).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(start({.socket = std::string(200, 'x')}).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(start({.socket = "/dev/null/x"}).error().kind,
            ErrorKind::kUnavailable);
  const auto first = start({});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(start({.port = (*first)->port()}).error().kind,
            ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace ingot::http
