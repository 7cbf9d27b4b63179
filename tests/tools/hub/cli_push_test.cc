// Push, ls, rm and stats, with a daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "tests/tools/hub/hub_harness.h"
#include "tests/tools/hub/tcp_proxy.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr int kError = 1;
constexpr int kUsage = 2;
constexpr int kConflict = 4;
constexpr int kUnavailable = 5;

class CliPushTest : public HubTest {
 protected:
  void SetUp() override { Serve(); }
};

TEST_F(CliPushTest, WhatIsThereIsNotSentAgain) {
  WriteModel();
  const json first = HubJson({"push", "me/model", "model", "--no-native"});
  EXPECT_GT(first["sent_bytes"], 4'000'000);
  const json again = HubJson({"push", "me/model", "model"});
  EXPECT_EQ(again["commit"], first["commit"]);
  EXPECT_EQ(StateOf(again, "model.safetensors"), "unchanged");
  EXPECT_EQ(StateOf(again, "long.txt"), "unchanged");
  EXPECT_LT(again["sent_bytes"], 20'000);
  // One file more, whose bytes the repository has.
  Write("model/again.safetensors", SampleModel(1));
  const json more = HubJson({"push", "me/model", "model"});
  EXPECT_NE(more["commit"], first["commit"]);
  EXPECT_EQ(more["parent"], first["commit"]);
  EXPECT_EQ(StateOf(more, "again.safetensors"), "there");
  EXPECT_LT(more["sent_bytes"], 20'000);
}

TEST_F(CliPushTest, ManySmallFilesAreOneCommit) {
  for (int i = 0; i < 600; ++i) {
    Write("model/" + std::to_string(i) + ".txt",
          std::to_string(i) + std::string(30'000, 'x'));
  }
  const json pushed = HubJson({"push", "me/model", "model"});
  const json tree = HubJson({"ls", "me/model"});
  EXPECT_EQ(tree.size(), 601);
  int large = 0;
  for (const json& file : pushed["files"]) large += file["large"] == true;
  // 18 MB do not fit a commit: some went before it.
  EXPECT_GT(large, 100);
  EXPECT_LT(large, 400);
  EXPECT_LT(HubJson({"push", "me/model", "model"})["sent_bytes"], 600'000);
}

TEST_F(CliPushTest, WhatAPushLeavesOut) {
  Write("model/a", "a");
  Write("model/.git/HEAD", "ref");
  Write("model/.env", "secret");
  Write("model/.gitignore", "*.tmp");
  Write("model/.ingot-pull/x.part", "p");
  Write("target", "linked");
  fs::create_symlink(Path("target"), Path("model/link"));
  fs::create_directory_symlink("..", Path("model/loop"));
  fs::create_symlink("nothing", Path("model/dangling"));
  ASSERT_EQ(mkfifo(Path("model/pipe").c_str(), 0600), 0);
  const auto names = [&] {
    std::vector<std::string> found;
    for (const json& entry : HubJson({"ls", "-R", "me/model"})) {
      found.push_back(entry["path"]);
    }
    return found;
  };
  const RunResult result = Run({"push", "me/model", "model"}, To(url()));
  EXPECT_EQ(result.exit_code, 0);
  for (const std::string note :
       {"model/.git: skipped", "model/.env: skipped: hidden",
        "model/.ingot-pull: skipped", "model/loop: skipped",
        "model/dangling: skipped", "model/pipe: skipped"}) {
    EXPECT_THAT(result.err, HasSubstr(note));
  }
  EXPECT_THAT(names(), testing::ElementsAre(".gitattributes", ".gitignore", "a",
                                            "link"));
  EXPECT_EQ(Run({"push", "--hidden", "me/model", "model"}, To(url())).exit_code,
            0);
  EXPECT_THAT(names(), testing::ElementsAre(".env", ".gitattributes",
                                            ".gitignore", "a", "link"));
}

TEST_F(CliPushTest, PathsOfAPush) {
  Write("a/x", "1");
  Write("b/x", "2");
  Write("y", "3");
  RunFails({"push", "me/model", "a", "b"}, kUsage, "both would be x",
           To(url()));
  RunFails({"push", "me/model", "missing"}, kError, "missing", To(url()));
  fs::create_directory(Path("nothing"));
  RunFails({"push", "me/model", "nothing"}, kUsage, "no files", To(url()));
  Write("bad/a\nb", "x");
  RunFails({"push", "me/model", "bad"}, kUsage, "control character", To(url()));
  Write("worse/\xFF", "x");
  RunFails({"push", "me/model", "worse"}, kUsage, "UTF-8", To(url()));
  // Nothing of this has made the repository.
  RunFails({"ls", "me/model"}, kError, "me/model", To(url()));
  Hub({"push", "datasets/me/data", "a", "y", "--into", "sub/dir/"});
  Hub({"push", "--type", "dataset", "me/data", "b/x"});
  RunFails({"push", "--type", "space", "datasets/me/data", "y"}, kUsage,
           "is no space", To(url()));
  const json tree = HubJson({"ls", "-R", "datasets/me/data"});
  std::vector<std::string> files;
  for (const json& entry : tree) {
    if (entry["type"] == "file") files.push_back(entry["path"]);
  }
  EXPECT_THAT(files, testing::ElementsAre(".gitattributes", "sub/dir/x",
                                          "sub/dir/y", "x"));
}

TEST_F(CliPushTest, DryRunsChangeNothing) {
  WriteModel();
  EXPECT_THAT(Hub({"push", "-n", "me/model", "model"}),
              HasSubstr("12 files to push"));
  RunFails({"ls", "me/model"}, kError, "me/model", To(url()));
  Hub({"push", "me/model", "model/one"});
  EXPECT_THAT(Hub({"push", "-n", "me/model", "model"}),
              HasSubstr("11 files to push, 1 unchanged"));
  EXPECT_EQ(HubJson({"ls", "me/model"}).size(), 2);
}

TEST_F(CliPushTest, SomebodyElseIsFirst) {
  Write("base", "0");
  Hub({"push", "me/model", "base"});
  Write("mine.bin", RandomBytes(100'000, 1));
  Write("theirs.bin", RandomBytes(100'000, 2));
  // The moment before the server sees the commit.
  std::atomic<bool> done = false;
  TcpProxy proxy(port_, {.look = [&](std::string_view bytes) {
                   if (bytes.find("/commit/main") == std::string_view::npos ||
                       done.exchange(true)) {
                     return;
                   }
                   Hub({"push", "me/model", "theirs.bin"});
                 }});
  const RunResult mine =
      Run({"push", "me/model", "mine.bin", "--json"}, To(proxy.url()));
  EXPECT_EQ(mine.exit_code, kConflict);
  EXPECT_THAT(mine.err, HasSubstr("somebody else committed first"));
  const json report = json::parse(mine.out, nullptr, false);
  EXPECT_EQ(report["conflict"], true);
  EXPECT_EQ(report["commit"], "");
  EXPECT_EQ(HubJson({"ls", "me/model"}).size(), 3);  // without mine.bin
  // What was sent is not sent again.
  const json again = HubJson({"push", "me/model", "mine.bin"});
  EXPECT_EQ(StateOf(again, "mine.bin"), "there");
  EXPECT_LT(again["sent_bytes"], 5'000);
  EXPECT_EQ(HubJson({"ls", "me/model"}).size(), 4);
}

TEST_F(CliPushTest, FilesThatChangeMeanwhileAreNotPushed) {
  Write("base", "0");
  Hub({"push", "me/model", "base"});
  Write("model.bin", RandomBytes(100'000, 1));
  for (const std::string moment : {"/preupload/", "/objects/batch", "PUT "}) {
    std::atomic<bool> done = false;
    TcpProxy proxy(port_, {.look = [&](std::string_view bytes) {
                     if (bytes.find(moment) == std::string_view::npos ||
                         done.exchange(true)) {
                       return;
                     }
                     Write("model.bin", RandomBytes(100'000, 7));
                     fs::last_write_time(Path("model.bin"),
                                         fs::file_time_type::clock::now() +
                                             std::chrono::seconds(5));
                   }});
    RunFails({"push", "me/model", "model.bin"}, kError, "changed while",
             To(proxy.url()));
    EXPECT_TRUE(done) << moment;
    Write("model.bin", RandomBytes(100'000, 1));
  }
  EXPECT_EQ(HubJson({"ls", "me/model"}).size(), 2);
}

TEST_F(CliPushTest, ListsAndRemoves) {
  Write("model/a.bin", std::string(10, '\0'));
  Write("model/sub/b", "22");
  Write("model/sub/c", "333");
  Hub({"push", "--public", "me/model", "model"});
  Hub({"push", "spaces/me/page", "model/sub/b"});
  const json repositories = HubJson({"ls"});
  ASSERT_EQ(repositories.size(), 2);
  EXPECT_EQ(repositories[0]["repository"], "me/model");
  EXPECT_EQ(repositories[0]["private"], false);
  EXPECT_EQ(repositories[1]["repository"], "spaces/me/page");
  EXPECT_EQ(repositories[1]["private"], true);
  EXPECT_THAT(Hub({"ls"}), HasSubstr("spaces/me/page  tokens"));

  const std::string table = Hub({"ls", "me/model"});
  EXPECT_THAT(table, HasSubstr("a.bin            10  20"));
  EXPECT_THAT(table, HasSubstr("sub/              -  20"));
  const json one = HubJson({"ls", "me/model/sub/c"});
  ASSERT_EQ(one.size(), 1);
  EXPECT_EQ(one[0]["bytes"], 3);
  EXPECT_EQ(HubJson({"ls", "models/me/model/sub"}).size(), 2);
  RunFails({"ls", "me/model/none"}, kError, "me/model/none", To(url()));
  RunFails({"ls", "me"}, kUsage, "NAMESPACE/NAME", To(url()));

  RunFails({"rm", "me/model", "a.bin", "none"}, kError, "me/model/none",
           To(url()));
  EXPECT_EQ(HubJson({"ls", "me/model"}).size(), 3);
  Hub({"rm", "me/model", "a.bin", "sub/"});
  EXPECT_EQ(HubJson({"ls", "me/model"}).size(), 1);

  RunFails({"rm", "me/model"}, kUsage, "--repository", To(url()));
  RunFails({"rm", "me/model", "a", "--repository"}, kUsage, "--repository",
           To(url()));
  RunFails({"rm", "me/model", "--repository"}, kUsage, "no terminal",
           To(url()));
  EXPECT_EQ(HubJson({"ls"}).size(), 2);
  Hub({"rm", "me/model", "--repository", "--yes"});
  EXPECT_EQ(HubJson({"ls"}).size(), 1);
}

TEST_F(CliPushTest, SaysWhatTheStoreHolds) {
  Write("a.bin", std::string(10, '\0'));
  Hub({"push", "me/model", "a.bin"});
  EXPECT_EQ(HubJson({"stats"})["staged"]["bytes"], 10);
  EXPECT_THAT(Hub({"stats"}), HasSubstr("staged  bytes    10\n"));
}

TEST_F(CliPushTest, NobodyIsThere) {
  Kill();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"ls"}, {"rm", "me/model", "a"}, {"stats"}}) {
    RunFails(arguments, kUnavailable, url(), To(url()));
  }
  for (const std::string endpoint :
       {"nonsense://x", "http://", "http://u:geheim@h", "http://h?q",
        "file:///etc/passwd"}) {
    const RunResult result = Run({"ls"}, To(endpoint));
    EXPECT_EQ(result.exit_code, kUsage) << endpoint;
    EXPECT_THAT(result.err, HasSubstr("endpoint"));
    EXPECT_THAT(result.err, Not(HasSubstr("geheim")));
  }
}

using CliTokenTest = HubTest;

TEST_F(CliTokenTest, TokensSayWhoMay) {
  const std::string writer = MakeToken("write");
  const std::string reader = MakeToken("read");
  Serve();
  Write("model/config.json", "{}");
  Write("model/model.bin", RandomBytes(10'000, 1));
  const std::vector<std::string> push = {"push", "me/model", "model"};
  RunFails(push, kError, "401", To(url()));
  RunFails(push, kError, "403", To(url(), reader));
  RunOk(push, To(url(), writer));
  // A private one looks as if it were not there.
  const std::vector<std::string> list = {"ls", "me/model"};
  RunFails(list, kError, "or a token is needed", To(url()));
  RunFails(list, kError, "401", To(url(), "hf_ingot_wrong"));
  EXPECT_THAT(RunOk(list, To(url(), reader)), HasSubstr("model.bin"));
  EXPECT_EQ(RunOk({"ls", "--json"}, To(url())), "[]\n");
  RunFails({"rm", "me/model", "config.json"}, kError, "403", To(url(), reader));
  RunFails({"stats"}, kError, "403", To(url(), writer));
  // From a file.
  Write("token", reader + "\n");
  RunOk({"ls", "me/model", "--token-file", "token"}, To(url()));
  RunFails({"ls", "--token-file", "none"}, kError, "none", To(url()));
  Write("empty", "\n");
  RunFails({"ls", "--token-file", "empty"}, kUsage, "token", To(url()));
  RunFails({"ls"}, kUsage, "token", To(url(), "a\r\nX-Evil: 1"));
  // Nobody wrote it down.
  EXPECT_EQ(daemon_->Log().find(writer), std::string::npos);
  EXPECT_EQ(daemon_->Log().find("signature="), std::string::npos);
}

}  // namespace
}  // namespace ingot
