// The program with TLS, asked by curl.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codec/digest.h"
#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/http/certificates.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string Contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class IngotdTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!http::HasOpenssl() ||
        std::system("curl --version >/dev/null 2>&1") != 0) {
      GTEST_SKIP() << "needs openssl and curl (Debian: openssl, curl)";
    }
    files_ = http::MakeCertificate(temporary_ / "a");
  }
  std::unique_ptr<Daemon> Run(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "serve", "--data", temporary_ / "store", "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<Daemon>(
        std::move(arguments),
        temporary_ / ("log" + std::to_string(++daemons_)));
  }
  std::vector<std::string> Files() const {
    return {"--tls-certificate", files_.certificate, "--tls-key", files_.key};
  }
  // curl's exit code; what it got is in Got().
  int Curl(const std::string& arguments) const {
    const std::string line =
        "timeout 60 curl -sS --cacert " + files_.certificate + " " + arguments +
        " >" + (temporary_ / "got") + " 2>" + (temporary_ / "error");
    return WEXITSTATUS(std::system(line.c_str()));
  }
  std::string Got() const { return Contents(temporary_ / "got"); }
  std::string Problem() const { return Contents(temporary_ / "error"); }

  const store::TemporaryFolder temporary_;
  http::TlsFiles files_;
  int daemons_ = 0;
};

// Waits for `what` in a log.
void AwaitLog(const std::function<std::string()>& log,
              const std::string& what) {
  for (int i = 0; i < 1000 && log().find(what) == std::string::npos; ++i) {
    usleep(10'000);
  }
  ASSERT_NE(log().find(what), std::string::npos) << log();
}

TEST_F(IngotdTlsTest, UploadsAndDownloads) {
  const auto daemon = Run(Files());
  const std::string url = "https://localhost:" + std::to_string(daemon->Port());
  ASSERT_EQ(Curl("-d '{\"name\": \"me/model\"}' " + url + "/api/repos/create"),
            0)
      << Problem();
  EXPECT_EQ(json::parse(Got()).at("url"), url + "/me/model");
  std::string model(3'000'000, 'w');
  for (size_t i = 0; i < model.size(); ++i) {
    model[i] = static_cast<char>(i * i >> 8);
  }
  std::ofstream(temporary_ / "model", std::ios::binary) << model;
  const std::string oid = ToHex(HashBytes(AsBytes(model)));
  const json batch = {{"operation", "upload"},
                      {"objects", {{{"oid", oid}, {"size", model.size()}}}}};
  ASSERT_EQ(
      Curl("-H 'Content-Type: application/vnd.git-lfs+json' -d '" +
           batch.dump() + "' " + url + "/me/model.git/info/lfs/objects/batch"),
      0);
  // Where the daemon says that uploads go is where it is.
  const std::string to =
      json::parse(Got()).at("objects")[0]["actions"]["upload"]["href"];
  EXPECT_TRUE(to.starts_with(url + "/")) << to;
  ASSERT_EQ(Curl("-T " + (temporary_ / "model") + " '" + to + "'"), 0);
  const std::string pointer =
      "{\"key\":\"header\",\"value\":{\"summary\":\"x\"}}\n"
      "{\"key\":\"lfsFile\",\"value\":{\"path\":\"m.bin\",\"algo\":\"sha256\","
      "\"oid\":\"" +
      oid + "\",\"size\":" + std::to_string(model.size()) + "}}\n";
  std::ofstream(temporary_ / "commit") << pointer;
  ASSERT_EQ(Curl("--data-binary @" + (temporary_ / "commit") + " " + url +
                 "/api/models/me/model/commit/main"),
            0);
  EXPECT_NE(Got().find("\"commitUrl\":\"" + url), std::string::npos) << Got();

  const std::string file = url + "/me/model/resolve/main/m.bin";
  ASSERT_EQ(Curl("-L " + file), 0);
  EXPECT_TRUE(Got() == model);
  ASSERT_EQ(Curl("-r 1000000-1999999 " + file), 0);
  EXPECT_TRUE(Got() == model.substr(1'000'000, 1'000'000));
  ASSERT_EQ(Curl("-r -7 --tlsv1.2 --tls-max 1.2 " + file), 0);
  EXPECT_TRUE(Got() == model.substr(model.size() - 7));
  ASSERT_EQ(Curl(url + "/metrics"), 0);
  EXPECT_NE(Got().find("ingot_tls_certificate_expiry_seconds 1"),
            std::string::npos);
  // Whom the certificate does not name.
  EXPECT_EQ(Curl("--resolve other:" + std::to_string(daemon->Port()) +
                 ":127.0.0.1 https://other:" + std::to_string(daemon->Port())),
            60);
  // By the socket nothing is encrypted.
  Daemon stats({"stats", "--data", temporary_ / "store"}, temporary_ / "stats");
  EXPECT_EQ(stats.Wait(), 0) << stats.Log();
}

TEST_F(IngotdTlsTest, PublicUrlIsWhatClientsAreTold) {
  for (const std::string wrong :
       {"hub.example.org", "ftp://hub.example.org", "https://hub.example.org/x",
        "https://me@hub.example.org", "https://hub.example.org?x", "https://",
        "https://hub.example.org:0"}) {
    const auto daemon = Run({"--public-url", wrong});
    EXPECT_EQ(daemon->Wait(), 1);
    EXPECT_NE(daemon->Log().find("--public-url " + wrong), std::string::npos)
        << daemon->Log();
  }
  const auto daemon = Run({"--public-url", "https://hub.example.org/"});
  const std::string url = "http://127.0.0.1:" + std::to_string(daemon->Port());
  ASSERT_EQ(Curl("-d '{\"name\": \"me/model\"}' " + url + "/api/repos/create"),
            0);
  EXPECT_EQ(json::parse(Got()).at("url"), "https://hub.example.org/me/model");
}

TEST_F(IngotdTlsTest, HangingUpReadsFilesAgain) {
  const std::string log = temporary_ / "requests";
  std::vector<std::string> arguments = Files();
  arguments.insert(arguments.end(), {"--log", log});
  const auto daemon = Run(arguments);
  const auto text = [&] { return Contents(log); };
  AwaitLog(text, "port ");
  const std::string url =
      "https://localhost:" +
      std::to_string(std::stoul(text().substr(text().find("port ") + 5))) +
      "/healthz";
  ASSERT_EQ(Curl(url), 0) << Problem();
  const http::TlsFiles other = http::MakeCertificate(temporary_ / "b");
  const std::string kept = temporary_ / "kept.pem";
  fs::copy_file(files_.certificate, kept);
  fs::rename(other.certificate, files_.certificate);
  fs::rename(log, log + ".1");
  daemon->Signal(SIGHUP);
  // The key is still the old one's.
  AwaitLog(text, "the certificate stays as it was");
  EXPECT_EQ(Curl(url), 60);
  EXPECT_EQ(Curl("--cacert " + kept + " " + url), 0);
  fs::rename(other.key, files_.key);
  daemon->Signal(SIGHUP);
  AwaitLog(text, "read the certificate again");
  EXPECT_EQ(Curl(url), 0) << Problem();
  // A log that cannot be opened leaves the old one.
  fs::rename(log, log + ".2");
  fs::create_directory(log);
  daemon->Signal(SIGHUP);
  AwaitLog([&] { return Contents(log + ".2"); }, "cannot be written");
  fs::remove(log);
  daemon->Signal(SIGTERM);
  EXPECT_EQ(daemon->Wait(), 0);
  EXPECT_NE(Contents(log + ".2").find("\"ending\""), std::string::npos);
  EXPECT_EQ(Contents(log + ".1").find("\"ending\""), std::string::npos);
}

TEST_F(IngotdTlsTest, WrongFilesAreExplained) {
  EXPECT_EQ(Run({"--tls-key", files_.key})->Wait(), 2);
  EXPECT_EQ(Run({"--tls-certificate", files_.certificate})->Wait(), 2);
  chmod(files_.key.c_str(), 0604);
  const auto daemon = Run(Files());
  EXPECT_EQ(daemon->Wait(), 1);
  EXPECT_NE(daemon->Log().find(files_.key + ": a key that every user"),
            std::string::npos)
      << daemon->Log();
}

}  // namespace
}  // namespace ingot::app
