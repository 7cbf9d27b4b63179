// A pull that ends in the middle goes on where it was.

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

constexpr int kUnavailable = 5;
constexpr uint64_t kChunk = 16 << 20;  // of a pull
constexpr uint64_t kSize = 3 * kChunk + 12345;

class CliResumeTest : public HubTest {
 protected:
  void SetUp() override {
    Serve();
    Write("model/model.bin", model_);
    Write("model/config.json", "{}");
    Hub({"push", "me/model", "model"});
  }

  // The one file that a pull keeps with this suffix.
  fs::path Kept(const std::string& suffix) const {
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(Path("out/.ingot-pull"), error)) {
      if (entry.path().extension() == suffix) return entry.path();
    }
    return {};
  }
  int KeptChunks() const {
    std::ifstream state(Kept(".state"));
    int lines = 0;
    for (std::string line; std::getline(state, line);) {
      lines += !line.empty() && line.find(' ') == std::string::npos ? 1 : 0;
    }
    return lines;
  }
  // Ends a pull by a signal when it has two chunks or more, and not all.
  void PullHalf(int signal) {
    TcpProxy proxy(port_, {.limit = 3 * kChunk});
    RunOptions options = To(proxy.url());
    options.signal = signal;
    options.signal_when = [&] { return KeptChunks() >= 2; };
    const RunResult result =
        Run({"pull", "me/model", "-o", "out", "-j", "2"}, options);
    EXPECT_EQ(result.signal, signal) << result.err;
    EXPECT_FALSE(Exists("out/model.bin"));
    EXPECT_GE(KeptChunks(), 2);
  }
  json PullRest() const { return HubJson({"pull", "me/model", "-o", "out"}); }
  void ExpectComplete() const {
    EXPECT_TRUE(Read("out/model.bin") == model_);
    EXPECT_EQ(Read("out/config.json"), "{}");
    EXPECT_FALSE(Exists("out/.ingot-pull"));
  }

  const std::string model_ = RandomBytes(kSize, 9);
};

TEST_F(CliResumeTest, Killed) {
  for (const int signal : {SIGKILL, SIGINT}) {
    PullHalf(signal);
    const json report = PullRest();
    EXPECT_GE(report["resumed_bytes"], 2 * kChunk - (kChunk - 12345));
    EXPECT_LE(report["received_bytes"], 2 * kChunk + 100'000);
    ExpectComplete();
    fs::remove_all(Path("out"));
  }
}

TEST_F(CliResumeTest, TheServerGoes) {
  TcpProxy proxy(port_, {.limit = 3 * kChunk, .at_limit = [&] { Kill(); }});
  const RunResult result =
      Run({"pull", "me/model", "-o", "out", "-j", "2"}, To(proxy.url()));
  EXPECT_EQ(result.exit_code, kUnavailable) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_FALSE(Exists("out/model.bin"));
  EXPECT_GE(KeptChunks(), 1);
  Serve();
  EXPECT_GE(PullRest()["resumed_bytes"], 12345);
  ExpectComplete();
}

TEST_F(CliResumeTest, WhatIsDamagedIsFetchedAnew) {
  PullHalf(SIGKILL);
  // In the first chunk, whether it is there or not.
  {
    std::fstream part(Kept(".part"),
                      std::ios::in | std::ios::out | std::ios::binary);
    const std::string zeros(kSize / 2, '\0');
    part.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    part.seekp(kSize - 100);
    part.write(zeros.data(), 100);
  }
  const RunResult result =
      Run({"pull", "me/model", "-o", "out", "--json"}, To(url()));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("model.bin: what was there of it"));
  EXPECT_EQ(json::parse(result.out, nullptr, false)["resumed_bytes"], 0);
  ExpectComplete();
}

TEST_F(CliResumeTest, StatesThatAreNone) {
  PullHalf(SIGKILL);
  const std::string state = Kept(".state");
  const std::string part = Kept(".part");
  const std::string head = "ingot-pull 1 " + std::to_string(kSize) + " " +
                           std::to_string(kChunk) + "\n";
  fs::copy(Path("out"), Path("kept"), fs::copy_options::recursive);
  for (const std::string& text :
       {std::string(), std::string("0\n1\n2\n3\n"), std::string(100, '\0'),
        head + "-1\n4\n99999999999999999999\nx\n", head,
        std::string("ingot-pull 1 7 16777216\n0\n1\n")}) {
    std::ofstream(state, std::ios::trunc) << text;
    EXPECT_EQ(PullRest()["resumed_bytes"], 0) << text;
    ExpectComplete();
    fs::remove_all(Path("out"));
    fs::copy(Path("kept"), Path("out"), fs::copy_options::recursive);
  }
  // All of it is said to be there, and is not.
  std::ofstream(state, std::ios::trunc) << head << "0\n1\n2\n3\n";
  fs::resize_file(part, 0);
  fs::resize_file(part, kSize);
  EXPECT_EQ(Run({"pull", "me/model", "-o", "out"}, To(url())).exit_code, 0);
  ExpectComplete();
  // All of it is there, and waits for its name; a line was cut short.
  fs::remove_all(Path("out"));
  fs::copy(Path("kept"), Path("out"), fs::copy_options::recursive);
  std::ofstream(part, std::ios::trunc | std::ios::binary) << model_;
  std::ofstream(state, std::ios::trunc) << head << "0\n1\n2\n3\n1";
  const json report = PullRest();
  EXPECT_EQ(report["resumed_bytes"], kSize);
  EXPECT_LT(report["received_bytes"], 10'000);
  ExpectComplete();
  // Longer than the file.
  fs::remove_all(Path("out"));
  fs::copy(Path("kept"), Path("out"), fs::copy_options::recursive);
  fs::resize_file(part, kSize + 1);
  EXPECT_EQ(PullRest()["resumed_bytes"], 0);
  ExpectComplete();
}

// What others push meanwhile does not mix in.
TEST_F(CliResumeTest, OneCommitIsPulled) {
  std::atomic<bool> done = false;
  Write("newer/config.json", "{\"newer\": true}");
  Write("newer/model.bin", RandomBytes(kSize, 10));
  TcpProxy proxy(port_, {.look = [&](std::string_view bytes) {
                   if (bytes.find("/resolve/") == std::string_view::npos ||
                       done.exchange(true)) {
                     return;
                   }
                   Hub({"push", "me/model", "newer"});
                 }});
  RunOk({"pull", "me/model", "-o", "out"}, To(proxy.url()));
  EXPECT_TRUE(done);
  ExpectComplete();
}

TEST_F(CliResumeTest, OnePullAtATime) {
  TcpProxy proxy(port_, {.limit = kChunk, .at_limit = [&] {
                           const RunResult second = Run(
                               {"pull", "me/model", "-o", "out"}, To(url()));
                           EXPECT_EQ(second.exit_code, 1);
                           EXPECT_THAT(second.err, HasSubstr("another pull"));
                           Kill();
                         }});
  EXPECT_EQ(Run({"pull", "me/model", "-o", "out"}, To(proxy.url())).exit_code,
            kUnavailable);
}

// A pipe or a full disk: nothing half-written gets a name.
TEST_F(CliResumeTest, NoSpace) {
  RunOptions options = To(url());
  options.max_file_bytes = 2 * kChunk;
  const RunResult result = Run({"pull", "me/model", "-o", "out"}, options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("File too large"));
  EXPECT_FALSE(Exists("out/model.bin"));
  PullRest();
  ExpectComplete();
}

}  // namespace
}  // namespace ingot
