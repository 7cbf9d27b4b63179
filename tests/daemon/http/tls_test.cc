// The server with TLS: handshakes, right and wrong, and what ends them.

#include "daemon/http/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/http/server.h"
#include "tests/daemon/http/certificates.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using std::chrono::milliseconds;

// A client that does as it is told, and waits for as long as it takes.
class TlsClient {
 public:
  using Tweak = std::function<void(SSL_CTX*)>;
  explicit TlsClient(uint16_t port, const std::string& trusted = "",
                     const Tweak& tweak = nullptr) {
    if (tweak) tweak(context_.native_handle());
    if (!trusted.empty()) {
      context_.set_verify_mode(asio::ssl::verify_peer);
      context_.load_verify_file(trusted);
    }
    stream_.emplace(io_, context_);
    stream_->next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream_->handshake(asio::ssl::stream_base::client, handshake_);
  }

  const error_code& handshake() const { return handshake_; }
  SSL* native() { return stream_->native_handle(); }
  void Send(std::string_view bytes) {
    error_code ignored;
    asio::write(*stream_, asio::buffer(bytes), ignored);
  }
  // All that comes until the end, and which that is.
  std::string ReadToEnd(error_code* end) {
    std::string all;
    std::array<char, 65536> bytes;
    while (true) {
      const size_t size = stream_->read_some(asio::buffer(bytes), *end);
      if (*end) return all;
      all.append(bytes.data(), size);
    }
  }
  // Until there is as much.
  std::string Read(size_t size) {
    std::string all(size, '\0');
    error_code code;
    all.resize(asio::read(*stream_, asio::buffer(all), code));
    return all;
  }
  // Without telling the other side by TLS.
  void Cut() { stream_->next_layer().close(); }

 private:
  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<asio::ip::tcp::socket>> stream_;
  error_code handshake_;
};

// "/ok"; "/echo"; "/cut" and "/whole", without a length, which end early and
// not; the scheme that the client called at "/scheme".
awaitable<void> Answer(Exchange& exchange) {
  const std::string path = exchange.request().target.segments.front();
  ResponseHead head;
  if (path == "cut" || path == "whole") {
    co_await exchange.Start(std::move(head), std::nullopt);
    co_await exchange.Write(AsBytes("some"));
    if (path == "whole") co_await exchange.Finish();
    co_return;
  }
  std::string body = path;
  if (path == "scheme") {
    body = exchange.request().is_encrypted ? "https" : "http";
  }
  if (path == "echo") {
    body.clear();
    while (true) {
      const auto piece = co_await exchange.ReadBody(1 << 20);
      if (!piece.ok()) {
        co_await RespondError(exchange, 413, piece.error().message);
        co_return;
      }
      if (piece->empty()) break;
      body += AsText(*piece);
    }
  }
  co_await exchange.Respond(std::move(head), std::move(body));
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasOpenssl()) GTEST_SKIP() << "needs openssl (Debian: openssl)";
    files_ = MakeCertificate(temporary_ / "a");
  }
  void Start(ServerOptions options = {}) {
    auto tls = Tls::Open(files_);
    ASSERT_TRUE(tls.ok()) << tls.error().message;
    tls_ = *tls;
    options.tls = tls_;
    options.report = [this](const RequestReport& report) {
      reported_ += 1;
      complete_ += report.complete;
    };
    load_ = options.load;
    auto server = HttpServer::Start(std::move(options), Answer);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  uint16_t port() const { return server_->port(); }
  // The first bytes of an answer over TLS; the certificate is verified.
  std::string Get(const std::string& path, const TlsClient::Tweak& tweak = {}) {
    TlsClient client(port(), files_.certificate, tweak);
    EXPECT_FALSE(client.handshake()) << client.handshake().message();
    client.Send(Simple("GET " + path, "Connection: close\r\n"));
    error_code end;
    const std::string all = client.ReadToEnd(&end);
    EXPECT_EQ(end, asio::error::eof) << end.message();
    return all;
  }
  void ExpectAlive() { EXPECT_TRUE(Get("/ok").ends_with("\r\n\r\nok")); }
  // Waits until all connections have ended.
  void ExpectNobody() {
    for (int i = 0; i < 500 && server_->connections() > 0; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_EQ(server_->connections(), 0);
  }

  const store::TemporaryFolder temporary_;
  TlsFiles files_;
  std::shared_ptr<Tls> tls_;
  std::shared_ptr<ServerLoad> load_;
  std::atomic<int> reported_ = 0;
  std::atomic<int> complete_ = 0;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, ServesWhatIsPlainToo) {
  Start();
  ExpectAlive();
  EXPECT_TRUE(Get("/scheme").ends_with("https"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_TRUE(Get("/ok", [&](SSL_CTX* context) {
                  SSL_CTX_set_min_proto_version(context, version);
                  SSL_CTX_set_max_proto_version(context, version);
                }).ends_with("ok"));
  }
  // Kept, and with bodies of many records.
  TlsClient client(port(), files_.certificate);
  for (const size_t size : {size_t{1}, size_t{300'000}, size_t{1} << 20}) {
    const std::string body(size, 'b');
    client.Send(Simple("POST /echo",
                       "Content-Length: " + std::to_string(size) + "\r\n") +
                body);
    std::string head;
    while (!head.ends_with("\r\n\r\n") && head.size() < 1000) {
      head += client.Read(1);
    }
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << head;
    EXPECT_TRUE(client.Read(size) == body);
  }
  // Too much of one: the answer comes all the same.
  client.Send(Simple("POST /echo", "Content-Length: 2000000\r\n") +
              std::string(2'000'000, 'x'));
  EXPECT_TRUE(client.Read(12) == "HTTP/1.1 413");
}

TEST_F(TlsTest, OldVersionsAreRefused) {
  Start();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const TlsClient client(port(), "", [&](SSL_CTX* context) {
      SSL_CTX_set_security_level(context, 0);
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
    });
    EXPECT_EQ(
        ERR_GET_REASON(static_cast<unsigned long>(client.handshake().value())),
        SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
        << client.handshake().message();
  }
  // Nor what is not secret once the key is lost.
  const TlsClient client(port(), "", [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "AES128-SHA");
  });
  EXPECT_TRUE(client.handshake());
  ExpectNobody();
  EXPECT_EQ(load_->failed_handshakes, 3);
  ExpectAlive();
}

TEST_F(TlsTest, ProtocolsAreAgreedOn) {
  Start();
  const auto ask = [&](std::string_view offered) {
    TlsClient client(port(), files_.certificate, [&](SSL_CTX* context) {
      SSL_CTX_set_alpn_protos(
          context, reinterpret_cast<const unsigned char*>(offered.data()),
          static_cast<unsigned>(offered.size()));
    });
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.native(), &chosen, &size);
    if (client.handshake()) return client.handshake().message();
    return std::string(reinterpret_cast<const char*>(chosen), size);
  };
  EXPECT_EQ(ask("\x02h2\x08http/1.1"), "http/1.1");
  EXPECT_EQ(ask("\x08http/1.0"), "http/1.0");
  EXPECT_NE(ask("\x02h2").find("no application protocol"), std::string::npos);
}

TEST_F(TlsTest, HandshakesHaveADeadline) {
  Start({.header_timeout = milliseconds(300)});
  RawClient silent(port());
  RawClient slow(port());
  slow.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  for (int i = 0; i < 100 && server_->connections() < 2; ++i) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  // They count as connections.
  EXPECT_EQ(server_->connections(), 2);
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_TRUE(slow.IsClosed());
  // A byte now and then does not help.
  RawClient drip(port());
  const auto start = std::chrono::steady_clock::now();
  drip.Send(std::string_view("\x16\x03\x01\x02\x00", 5));
  while (drip.Send("\x01")) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(4'000));
  ExpectNobody();
  EXPECT_EQ(load_->failed_handshakes, 3);
  ExpectAlive();
}

TEST_F(TlsTest, OtherProtocolsAreRefused) {
  Start();
  RawClient http(port());
  http.Send(Simple("GET /ok"));
  const RawResponse response = http.Receive();
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("https"), std::string::npos);
  EXPECT_TRUE(http.IsClosed());
  RawClient other(port());
  other.Send("SSH-2.0-OpenSSH_9.2\r\n");
  while (other.Receive().status != 0) {
  }
  ExpectNobody();
  EXPECT_EQ(reported_, 0);
  ExpectAlive();
}

TEST_F(TlsTest, TooManyAreClosed) {
  Start({.max_connections_per_address = 2});
  TlsClient first(port(), files_.certificate);
  TlsClient second(port(), files_.certificate);
  EXPECT_FALSE(second.handshake());
  const TlsClient third(port(), files_.certificate);
  EXPECT_TRUE(third.handshake());
  EXPECT_EQ(load_->refused, 1);
}

// Whether a stream is over is said by TLS, which nobody else can forge.
TEST_F(TlsTest, CutStreamsAreSeen) {
  Start();
  const auto end_of = [&](const std::string& path) {
    TlsClient client(port(), files_.certificate);
    client.Send("GET " + path + " HTTP/1.0\r\n\r\n");
    error_code end;
    EXPECT_TRUE(client.ReadToEnd(&end).ends_with("\r\n\r\nsome"));
    return end;
  };
  EXPECT_EQ(end_of("/whole"), asio::error::eof);
  EXPECT_EQ(end_of("/cut"), asio::ssl::error::stream_truncated);
  ExpectNobody();
  const int before = complete_;
  {
    TlsClient client(port(), files_.certificate);
    client.Send(Simple("POST /echo", "Transfer-Encoding: chunked\r\n") +
                "4\r\nsome\r\n");
    client.Cut();
  }
  ExpectNobody();
  EXPECT_EQ(reported_, 3);
  EXPECT_EQ(complete_, before);
  ExpectAlive();
}

TEST_F(TlsTest, DrainsWhoIsIdle) {
  Start();
  TlsClient idle(port(), files_.certificate);
  idle.Send(Simple("GET /ok"));
  EXPECT_EQ(idle.Read(12), "HTTP/1.1 200");
  const RawClient half(port());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(server_->Drain());
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(5'000));
}

TEST_F(TlsTest, CertificatesAreReadAgain) {
  Start();
  TlsClient old(port(), files_.certificate);
  EXPECT_FALSE(old.handshake());
  const int64_t expires = tls_->expires();
  EXPECT_GT(expires, std::time(nullptr) + 80'000);
  const TlsFiles other = MakeCertificate(temporary_ / "b");
  // A certificate without its key is none.
  namespace fs = std::filesystem;
  const fs::path kept = temporary_ / "kept.pem";
  fs::copy_file(files_.certificate, kept);
  fs::rename(other.certificate, files_.certificate);
  EXPECT_EQ(tls_->Reload().error().kind, ErrorKind::kInvalidArgument);
  EXPECT_FALSE(TlsClient(port(), kept).handshake());
  EXPECT_TRUE(TlsClient(port(), files_.certificate).handshake());
  fs::rename(other.key, files_.key);
  EXPECT_TRUE(tls_->Reload().ok());
  EXPECT_TRUE(TlsClient(port(), kept).handshake());
  ExpectAlive();
  // Who was connected stays so.
  old.Send(Simple("GET /ok"));
  EXPECT_EQ(old.Read(12), "HTTP/1.1 200");
}

TEST_F(TlsTest, FilesAreChecked) {
  const auto refusal = [](const TlsFiles& files) {
    const auto tls = Tls::Open(files);
    EXPECT_FALSE(tls.ok());
    return tls.ok() ? "" : tls.error().message;
  };
  const auto with_key = [&](const std::string& key) {
    TlsFiles files = files_;
    files.key = key;
    return refusal(files);
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  const std::string other = MakeCertificate(temporary_ / "b").key;
  EXPECT_TRUE(has(with_key(other), other + ": no key of " + files_.certificate))
      << with_key(other);
  EXPECT_TRUE(has(with_key(temporary_ / "none"), temporary_ / "none"));
  EXPECT_TRUE(has(with_key(temporary_ / "."), temporary_ / "."));
  const std::string locked = temporary_ / "locked.key";
  ASSERT_EQ(
      std::system(("openssl ec -aes128 -passout pass:x -in " + files_.key +
                   " -out " + locked + " 2>/dev/null && chmod 600 " + locked)
                      .c_str()),
      0);
  EXPECT_TRUE(has(with_key(locked), "passphrase"));
  std::ofstream(temporary_ / "long") << std::string((1 << 20) + 1, 'x');
  chmod((temporary_ / "long").c_str(), 0600);
  EXPECT_TRUE(has(with_key(temporary_ / "long"), "too long"));
  TlsFiles swapped = files_;
  swapped.certificate = files_.key;
  EXPECT_TRUE(has(refusal(swapped), "no certificates"));
  // The group may read it, others may not.
  chmod(files_.key.c_str(), 0640);
  EXPECT_TRUE(Tls::Open(files_).ok());
  chmod(files_.key.c_str(), 0644);
  EXPECT_TRUE(has(refusal(files_), "every user")) << refusal(files_);
}

TEST_F(TlsTest, ServesManyAtOnce) {
  Start({.threads = 4});
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        right += Get("/ok").ends_with("ok");
        if (i == 5) {
          EXPECT_TRUE(tls_->Reload().ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80);
}

}  // namespace
}  // namespace ingot::http
