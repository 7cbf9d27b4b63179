// git-lfs, as people have it: a push to ingotd and a pull by somebody else.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "tests/daemon/app/daemon_process.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::app {
namespace {

namespace fs = std::filesystem;

class GitLfsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("git lfs version >/dev/null 2>&1") != 0) {
      GTEST_SKIP() << "git-lfs is not installed (Debian: git-lfs)";
    }
    // No configuration but the test's.
    setenv("HOME", (temporary_ / "home").c_str(), 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_TERMINAL_PROMPT", "0", 1);
    fs::create_directory(temporary_ / "home");
    ASSERT_TRUE(
        Shell("git config --global user.name test && "
              "git config --global user.email test@example.org && "
              "git config --global init.defaultBranch main && "
              "git lfs install --skip-repo"));
  }

  // A command in a folder of the test's; its output is in the file "output".
  bool Shell(const std::string& command, const std::string& folder = "home") {
    const std::string line = "cd " + (temporary_ / folder) + " && (" + command +
                             ") >" + (temporary_ / "output") + " 2>&1";
    const bool done = std::system(line.c_str()) == 0;
    EXPECT_TRUE(done || expect_failure_) << command << "\n" << Output();
    return done;
  }
  std::string Output() const { return Read(temporary_ / "output"); }
  static std::string Read(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  const store::TemporaryFolder temporary_;
  const std::string data_ = temporary_ / "store";
  bool expect_failure_ = false;
};

TEST_F(GitLfsTest, PushesAndPulls) {
  Daemon create({"token", "create", "--data", data_, "--scope", "write"},
                temporary_ / "token");
  ASSERT_EQ(create.Wait(), 0);
  std::string secret = create.Log(".out");
  secret.pop_back();
  const Daemon daemon({"serve", "--data", data_, "--listen", "127.0.0.1:0"},
                      temporary_ / "daemon");
  const std::string port = std::to_string(daemon.Port());
  const std::string body = R"({"name": "me/model"})";
  ASSERT_EQ(http::Ask(daemon.Port(),
                      http::Simple("POST /api/repos/create",
                                   "Authorization: Bearer " + secret +
                                       "\r\nContent-Length: " +
                                       std::to_string(body.size()) + "\r\n") +
                          body)
                .status,
            200);

  // A model beside what git itself keeps, in a remote that is a folder.
  std::string model(3'000'000, 'w');
  for (size_t i = 0; i < model.size(); ++i) {
    model[i] = static_cast<char>(i * i >> 8);
  }
  ASSERT_TRUE(Shell("git init --bare remote.git && git init source"));
  const std::string source = "home/source";
  std::ofstream(temporary_ / "home/source/model.safetensors", std::ios::binary)
      << model;
  const std::string url =
      "http://any:" + secret + "@127.0.0.1:" + port + "/me/model.git/info/lfs";
  ASSERT_TRUE(
      Shell("git remote add origin ../remote.git && "
            "git config lfs.url " +
                url +
                " && "
                "git lfs track '*.safetensors' && git add . && "
                "git commit -m Model && git push origin main",
            source));
  ASSERT_TRUE(Shell("git lfs push --all origin", source));

  // Somebody else.
  const std::string clone =
      "git clone -c lfs.url=" + url + " remote.git copy && cd copy";
  ASSERT_TRUE(Shell(clone));
  EXPECT_TRUE(Read(temporary_ / "home/copy/model.safetensors") == model);
  ASSERT_TRUE(Shell("git lfs fsck", "home/copy"));

  // Without the token nothing comes.
  expect_failure_ = true;
  EXPECT_FALSE(Shell("git clone -c lfs.url=http://127.0.0.1:" + port +
                     "/me/model.git/info/lfs remote.git nothing"));
  EXPECT_FALSE(Read(temporary_ / "home/nothing/model.safetensors") == model);
  EXPECT_EQ(daemon.Log().find(secret), std::string::npos);
}

}  // namespace
}  // namespace ingot::app
