// Pull, with a daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/hub/hub_harness.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

constexpr int kError = 1;
constexpr int kUnavailable = 5;

class CliPullTest : public HubTest {
 protected:
  void SetUp() override { Serve(); }
};

TEST_F(CliPullTest, FoldersGoThereAndBack) {
  WriteModel();
  const json pushed = HubJson({"push", "me/model", "model"});
  EXPECT_EQ(pushed["created"], true);
  EXPECT_EQ(pushed["files"].size(), 12);
  EXPECT_EQ(StateOf(pushed, "model.safetensors"), "sent");
  const json pulled = HubJson({"pull", "me/model", "-o", "back"});
  EXPECT_EQ(pulled["commit"], pushed["commit"]);
  EXPECT_EQ(pulled["files"].size(), 13);
  ExpectSame("model", "back");
  EXPECT_FALSE(Exists("back/.ingot-pull"));
  // By default it is called as the repository is.
  fs::rename(Path("model"), Path("source"));
  EXPECT_THAT(Hub({"pull", "me/model"}), HasSubstr("13 files pulled"));
  ExpectSame("source", "model");
  // What is there is not fetched again.
  const json again = HubJson({"pull", "me/model"});
  EXPECT_EQ(StateOf(again, "model.safetensors"), "there");
  EXPECT_LT(again["received_bytes"], 20'000);
}

TEST_F(CliPullTest, PullsWhatIsAskedFor) {
  Write("model/a", "1");
  Write("model/sub/b", "2");
  Write("model/sub/deep/c", "3");
  Write("model/subway", "4");
  const std::string first = HubJson({"push", "me/model", "model"})["commit"];
  Write("model/a", "5");
  Hub({"push", "me/model", "model"});
  Hub({"pull", "me/model", "sub/", "a", "-o", "out"});
  EXPECT_EQ(Read("out/a"), "5");
  EXPECT_EQ(Read("out/sub/deep/c"), "3");
  EXPECT_FALSE(Exists("out/subway"));
  RunFails({"pull", "me/model", "subw", "-o", "out2"}, kError, "subw",
           To(url()));
  // An older commit differs: it is not put over what is there unasked.
  RunFails({"pull", "me/model", "--revision", first, "-o", "out"}, kError,
           "out/a: exists already and differs", To(url()));
  EXPECT_EQ(Read("out/a"), "5");
  EXPECT_FALSE(Exists("out/subway"));
  Hub({"pull", "me/model", "--revision", first, "-o", "out", "-f"});
  EXPECT_EQ(Read("out/a"), "1");
  EXPECT_EQ(Read("out/subway"), "4");
  RunFails({"pull", "me/model", "--revision", "nowhere"}, kError, "nowhere",
           To(url()));
  RunFails({"pull", "me/nothing"}, kError, "me/nothing", To(url()));
}

TEST_F(CliPullTest, WhatIsInTheWayOfAPull) {
  Write("model/a", "1");
  Write("model/sub/b", "2");
  Hub({"push", "me/model", "model"});
  Write("out/sub", "a file where a folder is to be");
  RunFails({"pull", "-f", "me/model", "-o", "out"}, kError, "out/sub",
           To(url()));
  EXPECT_FALSE(Exists("out/a"));
  fs::create_directories(Path("outside"));
  fs::create_directories(Path("linked"));
  fs::create_directory_symlink(Path("outside"), Path("linked/sub"));
  RunFails({"pull", "-f", "me/model", "-o", "linked"}, kError, "linked/sub",
           To(url()));
  EXPECT_FALSE(Exists("outside/b"));
  // A link gives way to the file; what it leads to stays.
  Write("precious", "precious");
  fs::create_directories(Path("third"));
  fs::create_symlink(Path("precious"), Path("third/a"));
  RunFails({"pull", "me/model", "-o", "third"}, kError, "third/a", To(url()));
  Hub({"pull", "-f", "me/model", "-o", "third"});
  EXPECT_EQ(Read("third/a"), "1");
  EXPECT_EQ(Read("precious"), "precious");
  // The folder for what is not complete is not to be a link either.
  fs::create_directories(Path("fourth"));
  fs::create_directory_symlink(Path("outside"), Path("fourth/.ingot-pull"));
  RunFails({"pull", "me/model", "-o", "fourth"}, kError, ".ingot-pull",
           To(url()));
  EXPECT_TRUE(fs::is_empty(Path("outside")));
}

TEST_F(CliPullTest, ManySmallFiles) {
  for (int i = 0; i < 300; ++i) {
    Write("model/" + std::to_string(i % 7) + "/" + std::to_string(i),
          std::to_string(i / 2));
  }
  Hub({"push", "me/model", "model"});
  Hub({"pull", "me/model", "-o", "back", "-j", "8"});
  ExpectSame("model", "back");
  EXPECT_FALSE(Exists("back/.ingot-pull"));
}

TEST_F(CliPullTest, NobodyIsThere) {
  Kill();
  RunFails({"pull", "me/model"}, kUnavailable, url(), To(url()));
  EXPECT_FALSE(Exists("model"));
}

using CliPullTokenTest = HubTest;

TEST_F(CliPullTokenTest, APrivateOneLooksAsIfItWereNotThere) {
  const std::string writer = MakeToken("write");
  Serve();
  Write("model/config.json", "{}");
  RunOk({"push", "me/model", "model"}, To(url(), writer));
  const std::vector<std::string> pull = {"pull", "me/model", "-o", "out"};
  RunFails(pull, kError, "or a token is needed", To(url()));
  RunFails(pull, kError, "401", To(url(), "hf_ingot_wrong"));
  EXPECT_FALSE(Exists("out"));
  RunOk(pull, To(url(), writer));
  EXPECT_EQ(Read("out/config.json"), "{}");
}

}  // namespace
}  // namespace ingot
