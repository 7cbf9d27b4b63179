// Pull and push with containers, where that moves fewer bytes, with a daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/tools/hub/hub_harness.h"
#include "tests/tools/hub/tcp_proxy.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

constexpr uint64_t kChunk = 16 << 20;  // of a pull

std::string BigModel(uint64_t seed, uint64_t rows = 1024) {
  return Safetensors(
      {{"a", "BF16", {rows, 1024}, WeightBytes(rows * 1024, seed)},
       {"b", "BF16", {512, 1024}, WeightBytes(512 * 1024, seed + 1)}});
}

// One weight of ten is a little different.
std::string FineTune(std::string model) {
  const size_t data = model.find("}}") + 16;
  for (size_t at = data + data % 2; at < model.size(); at += 20) {
    model[at] = static_cast<char>(model[at] ^ 1);
  }
  return model;
}

class CliNativeTest : public HubTest {
 protected:
  // What is pushed stays as it is until Pack.
  void SetUp() override { Serve({"--compact", "0"}); }

  void Pack() const {
    app::Daemon compact({"compact", "--data", store_ + "/data"},
                        store_ + "/compact");
    EXPECT_EQ(compact.Wait(), 0) << compact.Log();
  }
  json Push(const std::string& repository, const std::string& path) const {
    return HubJson({"push", repository, path, "--no-native"});
  }
  static json FileOf(const json& report, const std::string& path) {
    for (const json& file : report["files"]) {
      if (file["path"] == path) return file;
    }
    return {};
  }
  // It came, or went, as a container.
  static bool AsContainer(const json& report, const std::string& path) {
    return FileOf(report, path).contains("container_bytes");
  }

  const std::string base_ = BigModel(1);
  const std::string tuned_ = FineTune(base_);
};

TEST_F(CliNativeTest, WhatIsPackedComesAsAContainer) {
  Write("m.safetensors", base_);
  EXPECT_GT(Push("me/base", "m.safetensors")["sent_bytes"], base_.size());
  // Of what is staged there is no container, and nothing to be said of that.
  const json staged = HubJson({"pull", "me/base", "-o", "staged"});
  EXPECT_FALSE(AsContainer(staged, "m.safetensors"));
  EXPECT_GT(staged["received_bytes"], base_.size());
  EXPECT_EQ(staged["notes"], json::array());
  EXPECT_TRUE(Read("staged/m.safetensors") == base_);
  Pack();
  const json packed = HubJson({"pull", "me/base", "-o", "packed"});
  EXPECT_TRUE(AsContainer(packed, "m.safetensors")) << packed;
  EXPECT_LT(packed["received_bytes"], base_.size() * 3 / 4);
  EXPECT_GE(packed["received_bytes"],
            FileOf(packed, "m.safetensors")["container_bytes"]);
  EXPECT_TRUE(Read("packed/m.safetensors") == base_);
  EXPECT_FALSE(Exists("packed/.ingot-pull"));
  const json plain = HubJson({"pull", "me/base", "-o", "plain", "--no-native"});
  EXPECT_FALSE(AsContainer(plain, "m.safetensors"));
  EXPECT_GT(plain["received_bytes"], base_.size());
  EXPECT_TRUE(Read("plain/m.safetensors") == base_);
}

TEST_F(CliNativeTest, WhatThisMachineHasDoesNotCome) {
  Write("m.safetensors", base_);
  Push("me/base", "m.safetensors");
  Write("m.safetensors", tuned_);
  Push("me/tuned", "m.safetensors");
  Pack();
  Write("base.safetensors", base_);
  const json pulled = HubJson(
      {"pull", "me/tuned", "-o", "out", "--base", Path("base.safetensors")});
  EXPECT_TRUE(AsContainer(pulled, "m.safetensors")) << pulled;
  EXPECT_LT(pulled["received_bytes"], tuned_.size() / 2);
  EXPECT_TRUE(Read("out/m.safetensors") == tuned_);
  // Without, its base comes along; wherever that is no gain, the file does.
  const json alone = HubJson({"pull", "me/tuned", "-o", "alone"});
  EXPECT_GT(alone["received_bytes"], pulled["received_bytes"]);
  EXPECT_TRUE(Read("alone/m.safetensors") == tuned_);
  // A base that is none of this file is of no harm.
  Write("other.safetensors", BigModel(77));
  HubJson(
      {"pull", "me/tuned", "-o", "odd", "--base", Path("other.safetensors")});
  EXPECT_TRUE(Read("odd/m.safetensors") == tuned_);
  RunFails({"pull", "me/tuned", "-o", "none", "--base", Path("missing")}, 1,
           "missing", To(url()));
  EXPECT_FALSE(Exists("none/m.safetensors"));
}

TEST_F(CliNativeTest, FilesOfTheFolderAreBases) {
  Write("model/m.safetensors", base_);
  const std::string first = Push("me/model", "model")["commit"];
  Write("model/m.safetensors", tuned_);
  Write("model/copy.safetensors", base_);
  Push("me/model", "model");
  Pack();
  // A file that is replaced by what resembles it.
  Hub({"pull", "me/model", "--revision", first, "-o", "out"});
  const json newer =
      HubJson({"pull", "me/model", "m.safetensors", "-f", "-o", "out"});
  EXPECT_TRUE(AsContainer(newer, "m.safetensors")) << newer;
  EXPECT_LT(newer["received_bytes"], tuned_.size() / 2);
  EXPECT_TRUE(Read("out/m.safetensors") == tuned_);
  // One that was pulled before and has another name.
  Hub({"pull", "me/model", "copy.safetensors", "-o", "two"});
  const json rest = HubJson({"pull", "me/model", "-o", "two"});
  EXPECT_EQ(StateOf(rest, "copy.safetensors"), "there");
  EXPECT_LT(rest["received_bytes"], tuned_.size() / 2) << rest;
  EXPECT_TRUE(Read("two/m.safetensors") == tuned_);
}

TEST_F(CliNativeTest, APullThatWasKilledGoesOn) {
  const std::string model = BigModel(5, 32 << 10);
  Write("m.safetensors", model);
  Push("me/big", "m.safetensors");
  Pack();
  const auto kept_chunks = [&] {
    int lines = 0;
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(Path("out/.ingot-pull"), error)) {
      if (entry.path().extension() != ".state") continue;
      std::ifstream state(entry.path());
      for (std::string line; std::getline(state, line);) {
        lines += !line.empty() && line.find(' ') == std::string::npos ? 1 : 0;
      }
    }
    return lines;
  };
  for (const int signal : {SIGKILL, SIGINT}) {
    TcpProxy proxy(port_, {.limit = 2 * kChunk});
    RunOptions options = To(proxy.url());
    options.signal = signal;
    options.signal_when = [&] { return kept_chunks() >= 1; };
    const RunResult result =
        Run({"pull", "me/big", "-o", "out", "-j", "1"}, options);
    EXPECT_EQ(result.signal, signal) << result.err;
    EXPECT_FALSE(Exists("out/m.safetensors"));
    const json rest = HubJson({"pull", "me/big", "-o", "out"});
    const uint64_t container = FileOf(rest, "m.safetensors")["container_bytes"];
    EXPECT_LT(container, model.size() * 3 / 4);
    EXPECT_GE(rest["resumed_bytes"], kChunk);
    EXPECT_LE(rest["received_bytes"], container - kChunk + 20'000);
    EXPECT_TRUE(Read("out/m.safetensors") == model);
    EXPECT_FALSE(Exists("out/.ingot-pull"));
    fs::remove_all(Path("out"));
  }
}

TEST_F(CliNativeTest, FilesGoAsContainers) {
  Write("model/m.safetensors", base_);
  const std::string noise = RandomBytes(3 << 20, 4);
  Write("model/noise.bin", noise);
  const json pushed = HubJson({"push", "me/base", "model"});
  EXPECT_TRUE(AsContainer(pushed, "m.safetensors")) << pushed;
  EXPECT_EQ(StateOf(pushed, "m.safetensors"), "sent");
  EXPECT_FALSE(AsContainer(pushed, "noise.bin"));
  EXPECT_LT(pushed["sent_bytes"], base_.size() * 3 / 4 + noise.size());
  EXPECT_EQ(pushed["notes"], json::array());
  Hub({"pull", "me/base", "-o", "back"});
  ExpectSame("model", "back");
  const json again = HubJson({"push", "me/base", "model"});
  EXPECT_EQ(StateOf(again, "m.safetensors"), "unchanged");
  EXPECT_LT(again["sent_bytes"], 20'000);
  // Nothing of it is left here.
  for (const std::string& name : List()) {
    EXPECT_EQ(name.find("ingot-push"), std::string::npos) << name;
  }
}

TEST_F(CliNativeTest, FilesGoAsWhatChanged) {
  Write("base.safetensors", base_);
  Write("m.safetensors", tuned_);
  const std::vector<std::string> push = {
      "push",  "me/tuned", "m.safetensors", "--base", Path("base.safetensors"),
      "--json"};
  // The server has no such base: it is told once.
  RunResult result = Run(push, To(url()));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("is sent without bases"));
  json pushed = json::parse(result.out, nullptr, false);
  EXPECT_TRUE(AsContainer(pushed, "m.safetensors")) << pushed;
  EXPECT_LT(pushed["sent_bytes"], 2 * tuned_.size());
  Hub({"pull", "me/tuned", "-o", "one"});
  EXPECT_TRUE(Read("one/m.safetensors") == tuned_);
  // It has it, packed.
  Push("me/base", "base.safetensors");
  Pack();
  Write("m.safetensors", tuned_.substr(0, tuned_.size() - 2) + "xy");
  result = Run(push, To(url()));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  pushed = json::parse(result.out, nullptr, false);
  EXPECT_TRUE(AsContainer(pushed, "m.safetensors")) << pushed;
  EXPECT_LT(pushed["sent_bytes"], tuned_.size() / 2);
  Hub({"pull", "me/tuned", "-o", "two"});
  EXPECT_TRUE(Read("two/m.safetensors") == Read("m.safetensors"));
}

TEST_F(CliNativeTest, WhereNothingCanBeWrittenFilesGoAsTheyAre) {
  Write("m.safetensors", base_);
  RunOptions options = To(url());
  options.environment.push_back("TMPDIR=" + Path("missing").string());
  const RunResult result =
      Run({"push", "me/base", "m.safetensors", "--json"}, options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("is not sent as a container"));
  EXPECT_GT(json::parse(result.out, nullptr, false)["sent_bytes"],
            base_.size());
  Hub({"pull", "me/base", "-o", "back"});
  EXPECT_TRUE(Read("back/m.safetensors") == base_);
}

}  // namespace
}  // namespace ingot
