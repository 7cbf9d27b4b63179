// What an operator does: the unit for systemd, and backups as README.md has
// them.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/ingest/ingest_samples.h"
#include "tests/daemon/store/temporary_folder.h"
#include "tests/tools/samples.h"

namespace ingot::app {
namespace {

namespace fs = std::filesystem;
using http::Ask;
using http::Simple;

std::string Contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(UnitTest, SystemdTakesIt) {
  if (std::system("systemd-analyze --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs systemd-analyze (Debian: systemd)";
  }
  const store::TemporaryFolder temporary;
  std::string unit = Contents(INGOT_UNIT);
  const size_t begin = unit.find("ExecStart=") + 10;
  // Where the tests have the program.
  unit.replace(begin, unit.find(' ', begin) - begin, INGOTD_PATH);
  const auto verify = [&](const std::string& text) {
    std::ofstream(temporary / "ingotd.service") << text;
    const std::string line = "systemd-analyze verify " +
                             (temporary / "ingotd.service") + " >" +
                             (temporary / "output") + " 2>&1";
    const int status = std::system(line.c_str());
    return (status == 0 ? "" : "failed: ") + Contents(temporary / "output");
  };
  EXPECT_EQ(verify(unit), "");
  // It would say so.
  EXPECT_NE(verify(unit + "\n[Service]\nProtectSystm=strict\n"), "");
}

// Service managers are told when it serves, and when it ends.
TEST(NotifyTest, TellsTheManager) {
  const store::TemporaryFolder temporary;
  const int handle = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = temporary / "notify";
  name.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(handle, reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)),
            0);
  const timeval wait = {.tv_sec = 10, .tv_usec = 0};
  setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  const auto next = [&] {
    char bytes[100];
    const ssize_t size = recv(handle, bytes, sizeof(bytes), 0);
    return std::string(bytes, size < 0 ? 0 : static_cast<size_t>(size));
  };
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  Daemon daemon(
      {"serve", "--data", temporary / "store", "--listen", "127.0.0.1:0"},
      temporary / "log");
  unsetenv("NOTIFY_SOCKET");
  EXPECT_EQ(next(), "READY=1");
  EXPECT_EQ(Ask(daemon.Port(), Simple("GET /readyz")).status, 200);
  daemon.Signal(SIGTERM);
  EXPECT_EQ(next(), "STOPPING=1");
  EXPECT_EQ(daemon.Wait(), 0);
  close(handle);
}

// What README.md shows after `begin`.
std::string Shown(const std::string& begin) {
  const std::string readme = Contents(INGOT_README);
  const size_t at = readme.find(begin);
  EXPECT_NE(at, std::string::npos) << begin;
  const size_t first = at + begin.size();
  return readme.substr(first, readme.find("```", first) - first);
}

// The proxy of README.md.
TEST(ProxyTest, NginxMayStandBefore) {
  if (std::system("nginx -v >/dev/null 2>&1 && curl -V >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs nginx and curl (Debian: nginx, curl)";
  }
  const store::TemporaryFolder temporary;
  const std::string data = temporary / "store";
  Daemon create({"token", "create", "--data", data, "--scope", "write"},
                temporary / "token");
  ASSERT_EQ(create.Wait(), 0);
  std::string secret = create.Log(".out");
  secret.pop_back();
  const Daemon daemon({"serve", "--data", data, "--listen", "127.0.0.1:0",
                       "--public-url", "https://hub.example.org"},
                      temporary / "log");
  std::string location = Shown("```nginx\n");
  const std::string port = "7878";
  ASSERT_NE(location.find(port), std::string::npos);
  location.replace(location.find(port), port.size(),
                   std::to_string(daemon.Port()));
  std::ofstream(temporary / "nginx.conf")
      << (geteuid() == 0 ? "user root;\n" : "") << "pid nginx.pid;\n"
      << "events {}\nhttp {\naccess_log off;\nclient_body_temp_path body;\n"
      << "proxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n"
      << "uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\nserver {\n"
      << "listen unix:" << (temporary / "front") << ";\n"
      << location << "}\n}\n";
  ASSERT_EQ(
      std::system(("nginx -p " + (temporary / ".") + " -e " +
                   (temporary / "errors") + " -c " + (temporary / "nginx.conf"))
                      .c_str()),
      0)
      << Contents(temporary / "errors");
  const auto curl = [&](const std::string& arguments) {
    const std::string line =
        "timeout 60 curl -sS --fail --unix-socket " + (temporary / "front") +
        " -H 'Authorization: Bearer " + secret + "' " + arguments + " >" +
        (temporary / "got") + " 2>" + (temporary / "problem");
    EXPECT_EQ(std::system(line.c_str()), 0)
        << arguments << Contents(temporary / "problem")
        << Contents(temporary / "errors");
    return Contents(temporary / "got");
  };
  EXPECT_NE(curl("-d '{\"name\": \"me/model\"}' http://h/api/repos/create")
                .find("\"https://hub.example.org/me/model\""),
            std::string::npos);
  const std::string file = RandomBytes(5'000'000, 1);
  std::ofstream(temporary / "file", std::ios::binary) << file;
  const std::string url =
      "http://h/me/model.git/info/lfs/objects/" + ToHex(ingest::DigestOf(file));
  curl("-T " + (temporary / "file") + " " + url);
  EXPECT_TRUE(curl(url) == file);
  EXPECT_TRUE(curl("-r 1000000-3999999 " + url) ==
              file.substr(1'000'000, 3'000'000));
  const pid_t nginx = std::stoi(Contents(temporary / "nginx.pid"));
  EXPECT_EQ(kill(nginx, SIGTERM), 0);
  for (int i = 0; i < 1000 && kill(nginx, 0) == 0; ++i) usleep(10'000);
}

// The commands of README.md's "Backup", for these folders.
std::string BackupCommands(const std::string& from, const std::string& to) {
  std::string commands = Shown("<!-- backup -->\n```sh\n");
  const auto replace = [&](const std::string& what, const std::string& by) {
    size_t found = 0;
    EXPECT_NE(commands.find(what), std::string::npos) << commands;
    while ((found = commands.find(what, found)) != std::string::npos) {
      commands.replace(found, what.size(), by);
      found += by.size();
    }
  };
  replace("/var/lib/ingotd", from);
  replace("/backup/ingotd", to);
  replace("ingotd check", INGOTD_PATH " check");
  return commands;
}

// While clients upload and commit, and what they upload is packed.
TEST(BackupTest, CopiesAServedStore) {
  if (std::system("rsync --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs rsync (Debian: rsync)";
  }
  const store::TemporaryFolder temporary;
  const std::string data = temporary / "store";
  const std::string copy = temporary / "copy";
  auto daemon = std::make_unique<Daemon>(
      std::vector<std::string>{"serve", "--data", data, "--listen",
                               "127.0.0.1:0"},
      temporary / "log");
  const uint16_t port = daemon->Port();
  const auto post = [&](const std::string& path, const std::string& body) {
    return Ask(port, Simple("POST " + path,
                            "Content-Length: " + std::to_string(body.size()) +
                                "\r\n") +
                         body)
        .status;
  };
  ASSERT_EQ(post("/api/repos/create", R"({"name": "me/model"})"), 200);
  // A file of its own, uploaded and committed.
  const auto commit = [&](uint64_t number) {
    const std::string file = ingest::ModelFile(1 + number / 7, number);
    const std::string oid = ToHex(ingest::DigestOf(file));
    const auto put =
        Ask(port,
            Simple("PUT /me/model.git/info/lfs/objects/" + oid,
                   "Content-Length: " + std::to_string(file.size()) + "\r\n") +
                file);
    return put.status == 200 &&
           post("/api/models/me/model/commit/main",
                "{\"key\":\"header\",\"value\":{\"summary\":\"x\"}}\n"
                "{\"key\":\"lfsFile\",\"value\":{\"path\":\"" +
                    std::to_string(number) +
                    "\",\"algo\":\"sha256\",\"oid\":\"" + oid + "\",\"size\":" +
                    std::to_string(file.size()) + "}}\n") == 200;
  };
  std::atomic<uint64_t> committed = 0;
  std::atomic<bool> stop = false;
  std::thread uploads([&] {
    for (uint64_t number = 0; !stop; ++number) {
      EXPECT_TRUE(commit(number)) << number;
      committed = number + 1;
      // Moments without uploads, in which packing begins.
      if (number % 50 == 49)
        std::this_thread::sleep_for(std::chrono::seconds(4));
    }
  });
  const auto files_in = [&](const char* folder) {
    return std::distance(fs::directory_iterator(data + "/" + folder),
                         fs::directory_iterator());
  };
  for (int i = 0; i < 3000 && (committed < 60 || files_in("pack") == 0); ++i) {
    usleep(10'000);
  }
  EXPECT_GT(files_in("pack"), 0);
  const uint64_t before = committed;
  const std::string line = "set -e\n" + BackupCommands(data, copy);
  std::ofstream(temporary / "backup.sh") << line;
  const int copied =
      std::system(("timeout 100 sh " + (temporary / "backup.sh") + " >" +
                   (temporary / "output") + " 2>&1")
                      .c_str());
  EXPECT_EQ(copied, 0) << Contents(temporary / "output");
  stop = true;
  uploads.join();
  EXPECT_GT(committed, before) << "nothing went on meanwhile";
  daemon->Signal(SIGTERM);
  EXPECT_EQ(daemon->Wait(), 0);

  Daemon check({"check", "--data", copy, "--read-data"}, temporary / "check");
  EXPECT_EQ(check.Wait(), 0) << check.Log(".out");
  // All that was acknowledged before it began is there.
  const Daemon restored({"serve", "--data", copy, "--listen", "127.0.0.1:0"},
                        temporary / "restored");
  const uint16_t other = restored.Port();
  for (uint64_t number = 0; number < before; ++number) {
    const auto got = Ask(
        other, Simple("GET /me/model/resolve/main/" + std::to_string(number)));
    EXPECT_TRUE(got.body == ingest::ModelFile(1 + number / 7, number))
        << number;
  }
  std::printf("%llu commits before, %llu after the copy\n",
              static_cast<unsigned long long>(before),
              static_cast<unsigned long long>(committed.load()));
}

}  // namespace
}  // namespace ingot::app
