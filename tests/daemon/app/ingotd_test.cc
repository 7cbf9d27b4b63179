// The program: started, spoken to, and ended, as an operator does it.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/store/file_storage.h"
#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::app {
namespace {

using http::Ask;
using http::Simple;

class IngotdTest : public testing::Test {
 protected:
  std::unique_ptr<Daemon> Run(std::vector<std::string> arguments) {
    return std::make_unique<Daemon>(
        std::move(arguments),
        temporary_ / ("log" + std::to_string(++daemons_)));
  }
  std::unique_ptr<Daemon> Serve() {
    return Run({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
  }
  // Stages some uploads, as a face will.
  void Fill() {
    const auto storage = store::OpenFileStorage(data_);
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    const auto opened =
        store::OpenStore(storage->get(), store::FolderOptions(data_));
    for (uint64_t number = 1; number < 5; ++number) {
      ASSERT_TRUE(
          store::StageBytes(&opened->staging(), store::SampleUpload(number))
              .ok());
    }
  }

  const store::TemporaryFolder temporary_;
  const std::string data_ = temporary_ / "store";
  int daemons_ = 0;
};

TEST_F(IngotdTest, ServesAndEnds) {
  Fill();
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto daemon = Serve();
    const uint16_t port = daemon->Port();
    EXPECT_EQ(Ask(port, Simple("GET /healthz")).body, "{\"status\": \"ok\"}\n");
    EXPECT_EQ(Ask(port, Simple("GET /readyz")).status, 200);
    EXPECT_NE(Ask(port, Simple("GET /api/version")).body.find("\"ingotd\""),
              std::string::npos);
    EXPECT_NE(Ask(port, Simple("GET /api/stats")).body.find("\"files\":4}"),
              std::string::npos);
    EXPECT_EQ(Ask(port, Simple("GET /")).status, 404);
    // Every route says what it is for.
    const std::string routes = Ask(port, Simple("GET /openapi.json")).body;
    EXPECT_NE(routes.find("\"/healthz\""), std::string::npos);
    EXPECT_EQ(routes.find("\"summary\":\"\""), std::string::npos) << routes;
    daemon->Signal(signal);
    EXPECT_EQ(daemon->Wait(), 0);
  }
}

TEST_F(IngotdTest, OneServesAStore) {
  const auto first = Serve();
  first->Port();
  for (const std::string command : {"serve", "rebuild-index"}) {
    const auto second = Run({command, "--data", data_});
    EXPECT_EQ(second->Wait(), 1);
    EXPECT_NE(second->Log().find(data_), std::string::npos) << second->Log();
  }
  first->Signal(SIGKILL);
  EXPECT_EQ(first->Wait(), 128 + SIGKILL);
  const auto next = Serve();
  EXPECT_EQ(Ask(next->Port(), Simple("GET /readyz")).status, 200);
}

// A daemon that is killed leaves parts of uploads behind, and the next removes
// them: nobody can send the rest.
TEST_F(IngotdTest, PartsEndWithTheDaemon) {
  const auto serve = [&] {
    return Run({"serve", "--data", data_, "--listen", "127.0.0.1:0",
                "--multipart-bytes", "1000"});
  };
  const auto send = [](uint16_t port, const std::string& line,
                       const std::string& body) {
    return Ask(port, Simple(line, "Content-Length: " +
                                      std::to_string(body.size()) + "\r\n") +
                         body);
  };
  const auto staged = [&] {
    const std::filesystem::directory_iterator files(data_ + "/staged");
    return std::distance(begin(files), end(files));
  };
  auto daemon = serve();
  uint16_t port = daemon->Port();
  ASSERT_EQ(send(port, "POST /api/repos/create", R"({"name": "m"})").status,
            200);
  const std::string oid(64, 'a');
  const auto batch = [&] {
    return send(port, "POST /m.git/info/lfs/objects/batch",
                R"({"operation": "upload", "transfers": ["multipart"],)"
                R"( "objects": [{"size": 3000, "oid": ")" +
                    oid + "\"}]}")
        .body;
  };
  const std::string answer = batch();
  for (const std::string part : {"2", "3"}) {
    const size_t at =
        answer.find("/m.git/info/lfs/objects/" + oid + "/parts/" + part + "?");
    ASSERT_NE(at, std::string::npos) << answer;
    const std::string target = answer.substr(at, answer.find('"', at) - at);
    EXPECT_EQ(send(port, "PUT " + target, std::string(1000, 'p')).status, 200);
  }
  EXPECT_EQ(staged(), 2);
  daemon->Signal(SIGKILL);
  daemon->Wait();
  EXPECT_EQ(staged(), 2);
  daemon = serve();
  port = daemon->Port();
  EXPECT_EQ(staged(), 0);
  EXPECT_NE(batch().find("\"00003\""), std::string::npos);
}

TEST_F(IngotdTest, OtherAddressesAreRefused) {
  for (const std::string listen :
       {"0.0.0.0:0", "[::]:0", "192.0.2.1:80", "localhost:80", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", ":80"}) {
    const auto daemon = Run({"serve", "--data", data_, "--listen", listen});
    EXPECT_EQ(daemon->Wait(), 1) << listen;
    EXPECT_NE(daemon->Log().find("--listen " + listen), std::string::npos);
  }
}

TEST_F(IngotdTest, TokensSayWhoMay) {
  const auto secret = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"token", "create", "--data", data_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto daemon = Run(arguments);
    EXPECT_EQ(daemon->Wait(), 0) << daemon->Log();
    const std::string out = daemon->Log(".out");
    EXPECT_EQ(out.size(), 74);
    return out.substr(0, out.size() - 1);
  };
  const std::string admin = secret({"--scope", "admin", "--name", "root"});
  const std::string reader = secret({});
  const std::string bounded = secret({"--scope", "admin", "--for", "ns/a"});
  const std::string revoked = secret({"--scope", "admin", "--days", "1"});
  EXPECT_EQ(Run({"token", "revoke", "4", "--data", data_})->Wait(), 0);
  EXPECT_EQ(Run({"token", "revoke", "4", "--data", data_})->Wait(), 1);
  const auto list = Run({"token", "list", "--data", data_, "--json"});
  EXPECT_EQ(list->Wait(), 0);
  EXPECT_NE(list->Log(".out").find("\"name\":\"root\""), std::string::npos);
  EXPECT_NE(list->Log(".out").find("\"repository\":\"ns/a\""),
            std::string::npos);
  EXPECT_EQ(list->Log(".out").find(admin), std::string::npos);

  const auto daemon = Serve();
  const uint16_t port = daemon->Port();
  const auto stats = [&](const std::string& header) {
    return Ask(port, Simple("GET /api/stats", header));
  };
  const auto bearer = [](const std::string& token) {
    return "Authorization: Bearer " + token + "\r\n";
  };
  EXPECT_EQ(stats(bearer(admin)).status, 200);
  EXPECT_EQ(stats(bearer(reader)).status, 403);
  EXPECT_EQ(stats(bearer(bounded)).status, 403);
  const http::RawResponse anonymous = stats("");
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_NE(anonymous.head.find("WWW-Authenticate: Basic"), std::string::npos);
  // Unknown ones all get the same answer.
  const std::string unknown = stats(bearer("x")).body;
  EXPECT_EQ(stats(bearer("x")).status, 401);
  EXPECT_EQ(stats(bearer(revoked)).status, 401);
  EXPECT_EQ(stats(bearer(revoked)).body, unknown);
  EXPECT_EQ(stats("Authorization: Basic !\r\n").status, 401);
  EXPECT_EQ(Ask(port, Simple("GET /healthz")).status, 200);
  EXPECT_EQ(daemon->Log().find("hf_ingot_"), std::string::npos);
}

// While a daemon has the store open, commands ask it.
TEST_F(IngotdTest, CommandsWorkOnAServedStore) {
  Fill();
  const auto out = [&](std::vector<std::string> arguments, int code = 0) {
    arguments.insert(arguments.end(), {"--data", data_});
    const auto daemon = Run(std::move(arguments));
    EXPECT_EQ(daemon->Wait(), code) << daemon->Log();
    return daemon->Log(".out") + daemon->Log();
  };
  const std::string stats = out({"stats", "--json"});
  const std::string table = out({"stats"});
  EXPECT_NE(stats.find("\"files\":4}"), std::string::npos) << stats;
  EXPECT_NE(table.find("staged  files    4\n"), std::string::npos) << table;
  const std::string socket = data_ + "/admin.sock";
  const auto daemon = Serve();
  const uint16_t port = daemon->Port();
  struct stat status = {};
  ASSERT_EQ(stat(socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, S_IFSOCK | 0600);
  EXPECT_EQ(out({"stats", "--json"}), stats);
  EXPECT_EQ(out({"stats"}), table);
  EXPECT_EQ(out({"check", "--read-data"}), "ingotd: 0 problems\n");

  std::string secret = out({"token", "create", "--scope", "admin", "--for",
                            "ns/a", "--name", "mine"});
  ASSERT_EQ(secret.size(), 74);
  secret.pop_back();
  // It holds at once.
  EXPECT_EQ(Ask(port, Simple("GET /api/stats")).status, 401);
  EXPECT_EQ(Ask(port, Simple("GET /api/stats",
                             "Authorization: Bearer " + secret + "\r\n"))
                .status,
            403);
  EXPECT_EQ(out({"token", "list"}), "1  admin  ns/a  mine\n");
  EXPECT_NE(out({"token", "create", "--for", "n s"}, 1).find("refused"),
            std::string::npos);
  out({"token", "revoke", "7"}, 1);
  out({"token", "revoke", "1"});
  EXPECT_EQ(out({"token", "list", "--json"}), "[]\n");
  EXPECT_NE(daemon->Log().find("\"peer\":\"local\""), std::string::npos);
  EXPECT_EQ(daemon->Log().find(secret), std::string::npos);

  std::filesystem::remove(data_ + "/staged/0000000000000002");
  EXPECT_NE(out({"check"}, 3).find("0000000000000002"), std::string::npos);
  // What a daemon left behind that was killed hinders nobody.
  daemon->Signal(SIGKILL);
  daemon->Wait();
  EXPECT_TRUE(std::filesystem::exists(socket));
  out({"stats"});
  const auto next = Serve();
  next->Port();
  out({"stats"});
  next->Signal(SIGTERM);
  EXPECT_EQ(next->Wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

// With a token other addresses may be listened on: this one is nobody's.
TEST_F(IngotdTest, TokensAllowOtherAddresses) {
  ASSERT_EQ(Run({"token", "create", "--data", data_})->Wait(), 0);
  const auto daemon =
      Run({"serve", "--data", data_, "--listen", "192.0.2.1:80"});
  EXPECT_EQ(daemon->Wait(), 1);
  EXPECT_EQ(daemon->Log().find("loopback"), std::string::npos);
  EXPECT_NE(daemon->Log().find("192.0.2.1:80"), std::string::npos);
}

TEST_F(IngotdTest, LogsAndLimits) {
  const std::string log = temporary_ / "requests";
  const auto daemon = Run({"serve", "--data", data_, "--listen", "127.0.0.1:0",
                           "--log", log, "--log-format", "text", "--rate",
                           "0.1", "--burst", "3", "--rate-loopback"});
  const auto text = [&] {
    std::ifstream stream(log);
    return std::string{std::istreambuf_iterator<char>(stream), {}};
  };
  for (int i = 0; i < 1000 && text().find("port ") == std::string::npos; ++i) {
    usleep(10'000);
  }
  const uint16_t port = static_cast<uint16_t>(
      std::stoul(text().substr(text().find("port ") + 5)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Ask(port, Simple("GET /healthz")).status, 200);
  }
  EXPECT_EQ(Ask(port, Simple("GET /healthz")).status, 429);
  daemon->Signal(SIGTERM);
  EXPECT_EQ(daemon->Wait(), 0);
  EXPECT_NE(text().find("info message=\"request\" id="), std::string::npos);
  EXPECT_NE(text().find("status=429"), std::string::npos);
  EXPECT_EQ(daemon->Log(), "");
}

TEST_F(IngotdTest, CheckFindsDamage) {
  Fill();
  const auto clean = Run({"check", "--data", data_, "--read-data"});
  EXPECT_EQ(clean->Wait(), 0);
  const std::string file = data_ + "/staged/0000000000000002";
  {
    std::fstream stream(file, std::ios::in | std::ios::out);
    stream.put('\x55');
  }
  // The length is right.
  EXPECT_EQ(Run({"check", "--data", data_})->Wait(), 0);
  const auto read = Run({"check", "--data", data_, "--read-data"});
  EXPECT_EQ(read->Wait(), 3);
  EXPECT_NE(read->Log(".out").find(file), std::string::npos);
  std::filesystem::remove(file);
  EXPECT_EQ(Run({"check", "--data", data_})->Wait(), 3);
}

TEST_F(IngotdTest, Packs) {
  const std::string file = ingest::ModelFile(1, 0);
  const auto upload = [&](const std::string& bytes) {
    const auto storage = store::OpenFileStorage(data_);
    const auto opened =
        store::OpenStore(storage->get(), store::FolderOptions(data_));
    const Status uploaded = ingest::Upload(
        opened.get(), ingest::RepositoryOf(opened.get(), "me", "a"), bytes);
    EXPECT_TRUE(uploaded.ok()) << uploaded.error().message;
  };
  const auto staged = [&] {
    return std::distance(std::filesystem::directory_iterator(data_ + "/staged"),
                         std::filesystem::directory_iterator());
  };
  upload(file);
  const std::vector<std::string> arguments = {"compact", "--data", data_,
                                              "--level", "2",      "--json"};
  const auto packed = Run(arguments);
  EXPECT_EQ(packed->Wait(), 0) << packed->Log();
  EXPECT_NE(packed->Log(".out").find("\"files\":1,"), std::string::npos);
  EXPECT_NE(
      packed->Log(".out").find("\"raw_bytes\":" + std::to_string(file.size())),
      std::string::npos);
  EXPECT_EQ(staged(), 0);
  const auto nothing = Run({"compact", "--data", data_});
  EXPECT_EQ(nothing->Wait(), 0);
  EXPECT_NE(nothing->Log(".out").find("0 files, 0 packs"), std::string::npos);
  EXPECT_EQ(Run({"compact", "--data", data_, "--level", "10"})->Wait(), 2);
  // In the background.
  upload(ingest::ModelFile(1, 1));
  EXPECT_EQ(staged(), 1);
  const auto daemon = Serve();
  daemon->Port();
  for (int i = 0; i < 3000 && staged() > 0; ++i) usleep(10'000);
  EXPECT_EQ(staged(), 0);
  daemon->Signal(SIGTERM);
  EXPECT_EQ(daemon->Wait(), 0);
  EXPECT_NE(daemon->Log().find("packed 1 files"), std::string::npos);
  EXPECT_EQ(Run({"check", "--data", data_, "--read-data"})->Wait(), 0);
}

// By the daemon that has the store open, and without one.
TEST_F(IngotdTest, KeepsTheStoreInOrder) {
  const std::string kept = ingest::ModelFile(1, 0);
  {
    const auto storage = store::OpenFileStorage(data_);
    const auto opened =
        store::OpenStore(storage->get(), store::FolderOptions(data_));
    const uint64_t other = ingest::RepositoryOf(opened.get(), "me", "b");
    ASSERT_TRUE(ingest::Upload(opened.get(),
                               ingest::RepositoryOf(opened.get(), "me", "a"),
                               kept)
                    .ok());
    for (uint64_t family = 2; family < 5; ++family) {
      ASSERT_TRUE(
          ingest::Upload(opened.get(), other, ingest::ModelFile(family, 0))
              .ok());
    }
  }
  const auto out = [&](std::vector<std::string> arguments, int code = 0) {
    arguments.insert(arguments.end(), {"--data", data_});
    const auto command = Run(std::move(arguments));
    EXPECT_EQ(command->Wait(), code) << command->Log();
    return nlohmann::json::parse(command->Log(".out"), nullptr, false);
  };
  const auto daemon = Run({"serve", "--data", data_, "--listen", "127.0.0.1:0",
                           "--compact", "false"});
  const uint16_t port = daemon->Port();
  EXPECT_EQ(out({"compact", "--wait", "--json"})["files"], 4);
  EXPECT_EQ(Ask(port, Simple("POST /api/gc", "Content-Length: 22\r\n") +
                          "{\"grace_hours\": \"none\"}")
                .status,
            400);
  const std::string remove = R"({"name": "b", "organization": "me"})";
  EXPECT_EQ(Ask(port, Simple("DELETE /api/repos/delete",
                             "Content-Type: application/json\r\n"
                             "Content-Length: " +
                                 std::to_string(remove.size()) + "\r\n") +
                          remove)
                .status,
            200);
  const auto plan = out({"gc", "--dry-run", "--grace", "0", "--json"});
  EXPECT_EQ(plan["repacked"]["packs"], 1) << plan;
  EXPECT_EQ(plan["removed"]["packs"], 0);
  EXPECT_EQ(out({"gc", "--json"})["repacked"]["packs"], 1);
  daemon->Signal(SIGTERM);
  EXPECT_EQ(daemon->Wait(), 0);
  // The grace has not passed.
  EXPECT_EQ(out({"gc", "--json"})["removed"]["packs"], 0);
  EXPECT_EQ(out({"gc", "--grace", "0", "--json"})["removed"]["packs"], 1);
  out({"gc", "--grace", "no"}, 2);
  EXPECT_EQ(out({"check", "--read-data=100", "--json"})["problems"].size(), 0);
  out({"check", "--read-data=101"}, 2);
  // The only pack loses a byte: what was in it is named, and repair heals it
  // when it is sent again.
  const auto packs = std::filesystem::directory_iterator(data_ + "/pack");
  std::filesystem::resize_file(packs->path(),
                               std::filesystem::file_size(packs->path()) - 1);
  const auto found = out({"check", "--json"}, 3);
  ASSERT_EQ(found["lost"].size(), 1) << found;
  EXPECT_EQ(found["lost"][0]["repositories"][0], "me/a");
  EXPECT_EQ(out({"repair", "--json"}, 3)["after"]["lost"].size(), 1);
  {
    const auto storage = store::OpenFileStorage(data_);
    const auto opened =
        store::OpenStore(storage->get(), store::FolderOptions(data_));
    ASSERT_TRUE(ingest::Upload(opened.get(),
                               ingest::RepositoryOf(opened.get(), "me", "a"),
                               kept)
                    .ok());
  }
  EXPECT_EQ(out({"repair", "--json"})["compaction"]["files"], 1);
  out({"gc", "--grace", "0"});
  EXPECT_EQ(out({"check", "--read-data", "--json"})["problems"].size(), 0);
}

// What is not what was uploaded is named.
TEST_F(IngotdTest, SaysWhatCannotBePacked) {
  {
    const auto storage = store::OpenFileStorage(data_);
    const auto opened =
        store::OpenStore(storage->get(), store::FolderOptions(data_));
    ASSERT_TRUE(ingest::Upload(opened.get(),
                               ingest::RepositoryOf(opened.get(), "me", "a"),
                               "text")
                    .ok());
  }
  std::ofstream(data_ + "/staged/0000000000000001") << "tixt";
  const auto packed = Run({"compact", "--data", data_});
  EXPECT_EQ(packed->Wait(), 3);
  EXPECT_NE(packed->Log(".out").find("staged/0000000000000001"),
            std::string::npos);
}

TEST_F(IngotdTest, RebuildsTheIndex) {
  Fill();
  for (const auto& entry :
       std::filesystem::directory_iterator(data_ + "/index")) {
    std::ofstream(entry.path()) << "damaged";
  }
  EXPECT_EQ(Run({"check", "--data", data_})->Wait(), 1);
  EXPECT_EQ(Run({"rebuild-index", "--data", data_})->Wait(), 0);
  EXPECT_EQ(Run({"check", "--data", data_, "--read-data"})->Wait(), 0);
}

TEST_F(IngotdTest, OptionsMayComeFromElsewhere) {
  const std::string config = temporary_ / "ingotd.toml";
  std::ofstream(config) << "data = \"" << data_
                        << "\"\n[serve]\nlisten = \"127.0.0.1:0\"\n";
  {
    const auto daemon = Run({"--config", config, "serve"});
    EXPECT_EQ(Ask(daemon->Port(), Simple("GET /healthz")).status, 200);
  }
  setenv("INGOTD_DATA", data_.c_str(), 1);
  setenv("INGOTD_LISTEN", "127.0.0.1:0", 1);
  const auto daemon = Run({"serve"});
  unsetenv("INGOTD_DATA");
  unsetenv("INGOTD_LISTEN");
  EXPECT_EQ(Ask(daemon->Port(), Simple("GET /healthz")).status, 200);
}

TEST_F(IngotdTest, WrongUseIsExplained) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{},
        {"serve"},
        {"nothing", "--data", data_},
        {"serve", "--data", data_, "--threads", "0"},
        {"serve", "--data", data_, "--rate", "-1"},
        {"serve", "--data", data_, "--log-level", "loud"},
        {"serve", "--data", data_, "--log-format", "xml"}}) {
    EXPECT_EQ(Run(arguments)->Wait(), 2);
  }
  const auto help = Run({"--help"});
  EXPECT_EQ(help->Wait(), 0);
  EXPECT_NE(help->Log(".out").find("Examples:"), std::string::npos);
}

}  // namespace
}  // namespace ingot::app
