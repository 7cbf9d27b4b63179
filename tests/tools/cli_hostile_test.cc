// Damaged containers: an error that says so and no output, or the very bytes.

#include <gtest/gtest.h>

#include "tests/sanitized.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

constexpr int kCorrupt = 3;

class CliHostileTest : public CliTest {
 protected:
  CliHostileTest() {
    Write("model", model_);
    RunOk({"compress", "-o", "good.ingot", "model"});
    container_ = Read("good.ingot");
  }

  void ExpectRefusedOrIdentical(const RunResult& result,
                                std::string_view output) const {
    EXPECT_EQ(result.signal, 0);
    if (result.exit_code == 0) {
      EXPECT_TRUE(Read(output) == model_);
      std::filesystem::remove(Path(output));
    } else {
      EXPECT_EQ(result.exit_code, kCorrupt) << result.err;
      EXPECT_TRUE(result.err.starts_with("ingot: ")) << result.err;
      EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
      EXPECT_FALSE(Exists(output));
    }
  }

  void ExpectRefusedOrIdentical(const std::string& damaged) const {
    Write("bad.ingot", damaged);
    ExpectRefusedOrIdentical(Run({"decompress", "-T1", "bad.ingot"}), "bad");
    ExpectRefusedOrIdentical(
        Run({"decompress", "-T1", "-o", "piped", "-"}, {.input = damaged}),
        "piped");
    // The output, good or bad, and nothing else.
    EXPECT_EQ(List(),
              (std::vector<std::string>{"bad.ingot", "good.ingot", "model"}));
  }

  const std::string model_ = Safetensors(
      {{"a", "BF16", {50, 64}, WeightBytes(50 * 64, 1)}, {"b", "U8", {1}, "x"}},
      1);
  std::string container_;
};

TEST_F(CliHostileTest, Truncated) {
  for (size_t size = 0; size < container_.size();
       size += (size < 200 || size + 200 > container_.size() ? 5 : 97) *
               (kSanitized ? 5 : 1)) {
    SCOPED_TRACE(size);
    const std::string cut = container_.substr(0, size);
    ExpectRefusedOrIdentical(cut);
    Write("bad.ingot", cut);
    RunFails({"verify", "bad.ingot"}, kCorrupt, "bad.ingot");
  }
}

TEST_F(CliHostileTest, FlippedBits) {
  for (size_t at = 0; at < container_.size();
       at += (at < 200 || at + 200 > container_.size() ? 3 : 61) *
             (kSanitized ? 5 : 1)) {
    SCOPED_TRACE(at);
    std::string damaged = container_;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    ExpectRefusedOrIdentical(damaged);
    // Every byte is covered by something that verify compares.
    Write("bad.ingot", damaged);
    RunFails({"verify", "bad.ingot"}, kCorrupt, "bad.ingot");
    const RunResult inspected = Run({"inspect", "bad.ingot"});
    EXPECT_TRUE(inspected.exit_code == 0 || inspected.exit_code == kCorrupt);
  }
}

TEST_F(CliHostileTest, AppendedTo) {
  ExpectRefusedOrIdentical(container_ + "x");
  ExpectRefusedOrIdentical(container_ + container_);
  RunFails({"decompress", "-o", "out", "-"}, kCorrupt,
           "(stdin): ", {.input = container_ + "x"});
}

TEST_F(CliHostileTest, DamageInOneFileOfManyLeavesTheOthersWhole) {
  Write("repo/a", RandomBytes(70000, 1));
  Write("repo/b", RandomBytes(70000, 2));
  Write("repo/c", RandomBytes(70000, 3));
  RunOk({"compress", "repo"});
  std::string damaged = Read("repo.ingot");
  const size_t at = damaged.find(RandomBytes(70000, 2).substr(30000, 32));
  ASSERT_NE(at, std::string::npos) << "random bytes are stored as they are";
  damaged[at] = static_cast<char>(damaged[at] ^ 1);
  Write("repo.ingot", damaged);
  RunFails({"decompress", "-o", "out", "repo.ingot"}, kCorrupt,
           "(while restoring b)");
  EXPECT_TRUE(Read("out/a") == RandomBytes(70000, 1));
  EXPECT_FALSE(Exists("out/b"));
}

}  // namespace
}  // namespace ingot
