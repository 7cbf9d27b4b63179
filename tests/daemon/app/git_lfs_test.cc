// git-lfs, as people have it: a push to ingotd, a pull by somebody else, locks.

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

  // Makes a token of that scope.
  std::string Token(const std::string& scope, const std::string& name) {
    Daemon create(
        {"token", "create", "--data", data_, "--scope", scope, "--name", name},
        temporary_ / "token");
    EXPECT_EQ(create.Wait(), 0);
    std::string secret = create.Log(".out");
    if (!secret.empty()) secret.pop_back();
    return secret;
  }
  static void CreateRepository(uint16_t port, const std::string& secret) {
    const std::string body = R"({"name": "me/model"})";
    EXPECT_EQ(
        http::Ask(port, http::Simple("POST /api/repos/create",
                                     "Authorization: Bearer " + secret +
                                         "\r\nContent-Length: " +
                                         std::to_string(body.size()) + "\r\n") +
                            body)
            .status,
        200);
  }
  static std::string Url(uint16_t port, const std::string& secret) {
    return "http://any:" + secret + "@127.0.0.1:" + std::to_string(port) +
           "/me/model.git/info/lfs";
  }

  const store::TemporaryFolder temporary_;
  const std::string data_ = temporary_ / "store";
  bool expect_failure_ = false;
};

TEST_F(GitLfsTest, PushesAndPulls) {
  const std::string secret = Token("write", "ci");
  const Daemon daemon({"serve", "--data", data_, "--listen", "127.0.0.1:0"},
                      temporary_ / "daemon");
  CreateRepository(daemon.Port(), secret);

  // A model beside what git itself keeps, in a remote that is a folder.
  std::string model(3'000'000, 'w');
  for (size_t i = 0; i < model.size(); ++i) {
    model[i] = static_cast<char>(i * i >> 8);
  }
  ASSERT_TRUE(Shell("git init --bare remote.git && git init source"));
  const std::string source = "home/source";
  std::ofstream(temporary_ / "home/source/model.safetensors", std::ios::binary)
      << model;
  const std::string url = Url(daemon.Port(), secret);
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
  EXPECT_FALSE(Shell(
      "git clone -c lfs.url=http://127.0.0.1:" + std::to_string(daemon.Port()) +
      "/me/model.git/info/lfs remote.git nothing"));
  EXPECT_FALSE(Read(temporary_ / "home/nothing/model.safetensors") == model);
  EXPECT_EQ(daemon.Log().find(secret), std::string::npos);
}

TEST_F(GitLfsTest, LocksAndUnlocks) {
  const std::string one = Token("write", "one");
  const std::string two = Token("write", "two");
  const std::string admin = Token("admin", "boss");
  const Daemon daemon({"serve", "--data", data_, "--listen", "127.0.0.1:0"},
                      temporary_ / "daemon");
  CreateRepository(daemon.Port(), one);
  ASSERT_TRUE(Shell("git init --bare remote.git && git init one"));
  const auto use = [&](const std::string& secret) {
    return "git config lfs.url " + Url(daemon.Port(), secret) +
           " && git config lfs.locksverify true";
  };
  ASSERT_TRUE(Shell(
      use(one) + " && git remote add origin ../remote.git && "
                 "git lfs track --lockable '*.bin' && mkdir w && "
                 "echo first > w/a.bin && echo first > w/b.bin && "
                 "git add . && git commit -m First && git push origin main",
      "home/one"));
  ASSERT_TRUE(Shell("git clone -c lfs.url=" + Url(daemon.Port(), two) +
                    " remote.git two"));
  ASSERT_TRUE(Shell(use(two), "home/two"));

  ASSERT_TRUE(Shell("git lfs lock w/a.bin", "home/one"));
  ASSERT_TRUE(Shell("git lfs locks", "home/two"));
  EXPECT_NE(Output().find("w/a.bin"), std::string::npos) << Output();
  EXPECT_NE(Output().find("one"), std::string::npos) << Output();
  // It is marked as theirs and ours.
  ASSERT_TRUE(Shell("git lfs locks --verify", "home/one"));
  EXPECT_TRUE(Output().starts_with("O w/a.bin")) << Output();
  ASSERT_TRUE(Shell("git lfs locks --verify", "home/two"));
  EXPECT_TRUE(Output().starts_with("  w/a.bin")) << Output();

  // Whoever has not locked the file can neither lock it nor push it.
  const std::string change =
      "chmod u+w w/*.bin && echo other > w/a.bin && git commit -am Other";
  ASSERT_TRUE(Shell(change, "home/two"));
  expect_failure_ = true;
  EXPECT_FALSE(Shell("git lfs lock w/a.bin", "home/two"));
  EXPECT_FALSE(Shell("git push origin main", "home/two"));
  EXPECT_NE(Output().find("w/a.bin - one"), std::string::npos) << Output();
  EXPECT_FALSE(Shell("git lfs unlock w/a.bin", "home/two"));
  EXPECT_FALSE(Shell("git lfs unlock --force w/a.bin", "home/two"));
  expect_failure_ = false;

  // Another file is not concerned, and the owner pushes.
  ASSERT_TRUE(
      Shell("git reset --hard origin/main && chmod u+w w/*.bin && "
            "echo other > w/b.bin && git commit -am Other && "
            "git push origin main",
            "home/two"));
  ASSERT_TRUE(
      Shell("git pull --rebase origin main && "
            "echo second > w/a.bin && git commit -am Second && "
            "git push origin main",
            "home/one"));
  EXPECT_NE(Output().find("w/a.bin"), std::string::npos) << Output();
  ASSERT_TRUE(
      Shell("git lfs unlock w/a.bin && git lfs lock w/b.bin", "home/one"));

  // By force, of who administers the repository.
  ASSERT_TRUE(Shell(use(admin), "home/two"));
  expect_failure_ = true;
  EXPECT_FALSE(Shell("git lfs unlock w/b.bin", "home/two"));
  expect_failure_ = false;
  ASSERT_TRUE(Shell("git lfs unlock --force w/b.bin", "home/two"));
  ASSERT_TRUE(Shell("git lfs locks", "home/one"));
  EXPECT_EQ(Output().find("w/"), std::string::npos) << Output();
  for (const std::string& secret : {one, two, admin}) {
    EXPECT_EQ(daemon.Log().find(secret), std::string::npos);
  }
}

}  // namespace
}  // namespace ingot::app
