// The program under more than it is used to: many connections, large files in
// both directions, and clients that vanish. What it takes is measured.

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "codec/digest.h"
#include "daemon/store/file_storage.h"
#include "tests/daemon/app/daemon_load.h"
#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/http/certificates.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"
#include "tests/sanitized.h"
#include "tests/tools/samples.h"

namespace ingot::app {
namespace {

using http::Ask;
using http::RawClient;
using http::RawResponse;
using http::Simple;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMany = 10'000;
constexpr double kMiB = 1 << 20;

std::string OidOf(const std::string& bytes) {
  return ToHex(HashBytes(AsBytes(bytes)));
}

class LoadTest : public testing::Test {
 protected:
  void Serve(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        "serve",       "--data",        data_,   "--listen",
        "127.0.0.1:0", "--connections", "12000", "--connections-per-address",
        "12000"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    daemon_ = std::make_unique<Daemon>(arguments, temporary_ / "log");
    port_ = daemon_->Port();
  }
  // Waits until nobody but the asking client is connected.
  void ExpectNobody(seconds wait) {
    double connections = 0;
    for (int i = 0; i < wait / milliseconds(100); ++i) {
      connections = ReadMetric(port_, "ingot_http_connections");
      if (connections <= 2) break;  // this one, and the one before
      std::this_thread::sleep_for(milliseconds(100));
    }
    EXPECT_LE(connections, 2);
    EXPECT_LE(ReadMetric(port_, "ingot_http_inflight_requests"), 1);
  }
  static std::string ObjectPath(const std::string& bytes) {
    return "/me/model.git/info/lfs/objects/" + OidOf(bytes);
  }

  const store::TemporaryFolder temporary_;
  const std::string data_ = temporary_ / "store";
  std::unique_ptr<Daemon> daemon_;
  uint16_t port_ = 0;
};

TEST_F(LoadTest, ManyIdleConnectionsTakeLittle) {
  const size_t allowed = RaiseDescriptorLimit();
  const size_t many = std::min(kMany, allowed > 1000 ? allowed - 500 : 0);
  ASSERT_GT(many, 500) << "too few files may be open: " << allowed;
  Serve();
  KeepAlive(port_, 200).clear();
  ExpectNobody(seconds(10));
  const uint64_t before = AnonymousBytes(daemon_->process());
  uint64_t after = 0;
  for (int round = 0; round < 2; ++round) {
    const auto clients = KeepAlive(port_, many);
    EXPECT_GE(ReadMetric(port_, "ingot_http_connections"), many);
    after = AnonymousBytes(daemon_->process());
    // All of them are still served, and others.
    EXPECT_EQ(Ask(port_, Simple("GET /healthz")).status, 200);
    for (size_t i = 0; i < clients.size(); i += 97) {
      clients[i]->Send(Simple("GET /healthz"));
      EXPECT_EQ(clients[i]->Receive().status, 200);
    }
    const double each =
        static_cast<double>(after - before) / static_cast<double>(many);
    std::printf("%zu idle connections: %.1f KiB each, %.1f MiB in all\n", many,
                each / 1024, static_cast<double>(after) / kMiB);
    if (!kSanitized) {
      EXPECT_LE(each, 16 << 10);
    }
  }
  ExpectNobody(seconds(10));
  EXPECT_LT(OpenDescriptors(daemon_->process()), 200);
  daemon_->Signal(SIGTERM);
  EXPECT_EQ(daemon_->Wait(), 0);
}

// OpenSSL and Asio have buffers for each.
TEST_F(LoadTest, IdleConnectionsWithTls) {
  if (!http::HasOpenssl()) GTEST_SKIP() << "needs openssl (Debian: openssl)";
  constexpr size_t kCount = 1000;
  RaiseDescriptorLimit();
  const http::TlsFiles files = http::MakeCertificate(temporary_ / "a");
  Serve({"--tls-certificate", files.certificate, "--tls-key", files.key});
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
      SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  struct Client {
    explicit Client(uint16_t port, SSL_CTX* context)
        : raw(port), ssl(SSL_new(context), SSL_free) {
      SSL_set_fd(ssl.get(), raw.native_handle());
      const std::string request = Simple("GET /healthz");
      char answer[1000];
      served = SSL_connect(ssl.get()) == 1 &&
               SSL_write(ssl.get(), request.data(),
                         static_cast<int>(request.size())) > 0 &&
               SSL_read(ssl.get(), answer, sizeof(answer)) > 0;
    }
    RawClient raw;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl;
    bool served = false;
  };
  const auto connect = [&](size_t count) {
    std::vector<std::unique_ptr<Client>> clients;
    size_t served = 0;
    for (size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(port_, context.get()));
      served += clients.back()->served;
    }
    EXPECT_EQ(served, count);
    return clients;
  };
  connect(50);
  const uint64_t before = AnonymousBytes(daemon_->process());
  const auto clients = connect(kCount);
  const double each =
      static_cast<double>(AnonymousBytes(daemon_->process()) - before) / kCount;
  std::printf("%zu idle connections with TLS: %.1f KiB each\n", kCount,
              each / 1024);
  if (!kSanitized) {
    EXPECT_LE(each, 96 << 10);
  }
}

// A model of a few tensors, of `mebibytes`.
std::string LargeModel(size_t mebibytes, uint64_t seed) {
  const size_t rows = mebibytes * 128;
  return Safetensors(
      {{"a", "BF16", {rows, 1024}, WeightBytes(rows << 10, seed)},
       {"b", "BF16", {rows, 1024}, WeightBytes(rows << 10, seed + 1)},
       {"c", "BF16", {rows, 1024}, WeightBytes(rows << 10, seed + 2)},
       {"d", "BF16", {rows, 1024}, WeightBytes(rows << 10, seed + 3)}});
}

// The same, with one byte in twenty of another value.
std::string Tuned(std::string model) {
  for (size_t i = 4096; i < model.size(); i += 40) model[i] ^= 1;
  return model;
}

class LargeFilesTest : public LoadTest {
 protected:
  // A model and a fine-tune of it, packed.
  void SetUp() override {
    files_.push_back(LargeModel(kSanitized ? 4 : 64, 1));
    files_.push_back(Tuned(files_.front()));
    {
      const auto storage = store::OpenFileStorage(data_);
      const auto opened =
          store::OpenStore(storage->get(), store::FolderOptions(data_));
      const uint64_t repository =
          ingest::RepositoryOf(opened.get(), "me", "model");
      for (const std::string& file : files_) {
        ASSERT_TRUE(ingest::Upload(opened.get(), repository, file).ok());
      }
    }
    Daemon packed(
        {"compact", "--data", data_, "--level", "1", "--delta-level", "1"},
        temporary_ / "packed");
    ASSERT_EQ(packed.Wait(), 0) << packed.Log() << packed.Log(".out");
    ASSERT_TRUE(std::filesystem::is_empty(data_ + "/staged"));
  }

  // Downloads a file and compares it, slowly where `pause` says so.
  bool Download(const std::string& file, milliseconds pause) const {
    RawClient client(port_);
    client.Send(Simple("GET " + ObjectPath(file), "Connection: close\r\n"));
    std::string head;
    size_t at = 0;
    while (true) {
      const std::string piece = client.Some();
      if (piece.empty()) return at == file.size();
      std::string_view body = piece;
      if (at == 0 && !head.ends_with("\r\n\r\n")) {
        head += piece;
        const size_t end = head.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        body = body.substr(body.size() - (head.size() - end - 4));
        head.resize(end + 4);
      }
      if (file.compare(at, body.size(), body) != 0) return false;
      at += body.size();
      if (pause.count() > 0) std::this_thread::sleep_for(pause);
    }
  }
  bool Upload(const std::string& file) const {
    RawClient client(port_);
    client.Send(Simple("PUT " + ObjectPath(file),
                       "Content-Length: " + std::to_string(file.size()) +
                           "\r\nConnection: close\r\n"));
    return client.Send(file) && client.Receive().status == 200;
  }

  std::vector<std::string> files_;
};

TEST_F(LargeFilesTest, MemoryStaysBounded) {
  constexpr size_t kDownloads = 64;
  constexpr size_t kUploads = 8;
  Serve({"--compact", "false"});
  std::vector<std::string> uploads;
  for (uint64_t i = 0; i < kUploads; ++i) {
    uploads.push_back(RandomBytes(files_.front().size(), 10 + i));
  }
  MemoryWatch watch(daemon_->process());
  Bystander bystander(port_);
  std::atomic<size_t> right = 0;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kDownloads; ++i) {
    threads.emplace_back([&, i] {
      right +=
          Download(files_[i % files_.size()], milliseconds(i % 4 == 0 ? 1 : 0));
    });
  }
  for (const std::string& file : uploads) {
    threads.emplace_back([&] { right += Upload(file); });
  }
  const auto start = std::chrono::steady_clock::now();
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> time =
      std::chrono::steady_clock::now() - start;
  EXPECT_EQ(right, kDownloads + kUploads);
  bystander.ExpectServed(seconds(kSanitized ? 60 : 5));
  std::printf(
      "%zu downloads and %zu uploads of %.0f MiB: %.1f s, at most %.1f MiB "
      "anonymous\n",
      kDownloads, kUploads, static_cast<double>(files_.front().size()) / kMiB,
      time.count(), static_cast<double>(watch.most()) / kMiB);
  if (!kSanitized) {
    EXPECT_LT(watch.most(), 512 << 20);
  }
}

// What they leave behind is nothing.
TEST_F(LargeFilesTest, ClientsMayVanish) {
  RaiseDescriptorLimit();
  Serve({"--compact", "false"});
  KeepAlive(port_, 200).clear();
  Download(files_.front(), milliseconds(0));
  ExpectNobody(seconds(10));
  const size_t descriptors = OpenDescriptors(daemon_->process());
  MemoryWatch watch(daemon_->process());
  Bystander bystander(port_);
  const std::string other = RandomBytes(2 << 20, 3);
  const std::vector<std::string> beginnings = {
      "",
      "GET /hea",
      Simple("GET /healthz"),
      Simple("GET " + ObjectPath(files_[0])),
      Simple("GET " + ObjectPath(files_[1]), "Range: bytes=1000000-\r\n"),
      Simple("PUT " + ObjectPath(other), "Content-Length: 2097152\r\n") +
          other.substr(0, 1'000'000),
      Simple("PUT " + ObjectPath(other), "Transfer-Encoding: chunked\r\n") +
          "100\r\nsome"};
  for (size_t i = 0; i < (kSanitized ? 200 : 2000); ++i) {
    const std::string& beginning = beginnings[i % beginnings.size()];
    RawClient client(port_);
    client.Send(beginning);
    // Some of them read a little.
    if (i % 3 == 0 && beginning.starts_with("GET /me")) client.Some();
    if (i % 2 == 0) client.Reset();
  }
  ExpectNobody(seconds(60));
  bystander.ExpectServed(seconds(kSanitized ? 60 : 5));
  std::printf("clients that vanish: at most %.1f MiB anonymous\n",
              static_cast<double>(watch.most()) / kMiB);
  if (!kSanitized) {
    EXPECT_LT(watch.most(), 512 << 20);
  }
  EXPECT_LE(OpenDescriptors(daemon_->process()), descriptors + 20);
  EXPECT_TRUE(std::filesystem::is_empty(data_ + "/staged"));
  EXPECT_TRUE(Upload(other));
  EXPECT_TRUE(Download(other, milliseconds(0)));
  daemon_->Signal(SIGTERM);
  EXPECT_EQ(daemon_->Wait(), 0);
}

}  // namespace
}  // namespace ingot::app
