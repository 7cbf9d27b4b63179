// ingot compress --chain: chains grow, restore, and survive whatever ends the
// process that adds to them.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class CliChainTest : public CliTest {
 protected:
  // Step `step` of a run: bf16 weights of which some change by little at each
  // step, a tensor that never changes, and a counter.
  static std::string Checkpoint(int step, size_t rows = 2000) {
    std::string weights = WeightBytes(rows * 64, 1);
    for (int i = 1; i <= step; ++i) {
      std::mt19937_64 random(static_cast<uint64_t>(i));
      for (size_t at = 0; at < weights.size(); at += 2 + 2 * (random() % 8)) {
        weights[at] = static_cast<char>(weights[at] ^ (random() % 8));
      }
    }
    return Safetensors(
        {{"frozen", "BF16", {300, 64}, WeightBytes(300 * 64, 2)},
         {"trained", "BF16", {rows, 64}, weights},
         {"step",
          "I64",
          {1},
          std::string(1, static_cast<char>(step)) + std::string(7, '\0')}});
  }
  static std::string NameOf(int step) {
    return "step_" + std::to_string(step) + ".safetensors";
  }
  void WriteCheckpoints(int begin, int end) const {
    for (int i = begin; i < end; ++i) Write("run/" + NameOf(i), Checkpoint(i));
  }
  Json Checkpoints() const {
    return Json::parse(Read("run.chain/chain.json"))["checkpoints"];
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    const Json checkpoints = Checkpoints();
    for (const Json& checkpoint : checkpoints) {
      names.push_back(checkpoint["name"]);
    }
    return names;
  }
  std::vector<int> Depths() const {
    std::vector<int> depths;
    const Json checkpoints = Checkpoints();
    for (const Json& checkpoint : checkpoints) {
      depths.push_back(checkpoint["depth"]);
    }
    return depths;
  }
  void ExpectRestores(const std::string& folder, int step) const {
    const std::string restored =
        RunOk({"decompress", "-c", folder + "/" + NameOf(step) + ".ingot"});
    EXPECT_TRUE(restored == Checkpoint(step)) << step;
  }
};

TEST_F(CliChainTest, CheckpointsAreCodedAgainstTheOneBefore) {
  WriteCheckpoints(7, 13);
  EXPECT_THAT(RunOk({"compress", "--chain", "run"}),
              HasSubstr("6 checkpoints, 6 of them new"));
  // Numbers count as such: 9 comes before 10.
  EXPECT_THAT(Names(), ElementsAre(NameOf(7), NameOf(8), NameOf(9), NameOf(10),
                                   NameOf(11), NameOf(12)));
  EXPECT_THAT(Depths(), ElementsAre(0, 1, 2, 3, 0, 1));
  for (int i = 7; i < 13; ++i) {
    ExpectRestores("run.chain", i);
    EXPECT_TRUE(Read("run/" + NameOf(i)) == Checkpoint(i));
    RunOk({"verify", "run.chain/" + NameOf(i) + ".ingot"});
  }
  const Json first = Checkpoints()[0];
  const Json second = Checkpoints()[1];
  EXPECT_EQ(first["container_bytes"],
            fs::file_size(Path("run.chain/" + NameOf(7) + ".ingot")));
  EXPECT_EQ(first["files"][0]["bytes"], Checkpoint(7).size());
  EXPECT_LT(second["container_bytes"].get<double>(),
            0.6 * first["container_bytes"].get<double>());
}

TEST_F(CliChainTest, NumbersInNamesCount) {
  const std::vector<std::string> ordered = {"10",
                                            "a",
                                            "a1",
                                            "a2-9",
                                            "a2-10",
                                            "a002-11",
                                            "a10",
                                            "a10b",
                                            "a99999999999999999999",
                                            "a100000000000000000000",
                                            "b"};
  for (const std::string& name : ordered) Write("run/" + name, name);
  RunOk({"compress", "-q", "--chain", "run"});
  EXPECT_EQ(Names(), ordered);
}

TEST_F(CliChainTest, LeftoversGoAndOtherFilesStay) {
  WriteCheckpoints(0, 1);
  fs::create_directory(Path("run.chain"));
  Write("run.chain/.chain.json.ingot-abcdef", "half");
  RunOk({"compress", "-q", "--chain", "run"});
  Write("run.chain/.step_1.safetensors.ingot.ingot-abcdef", "half");
  Write("run.chain/step_1.safetensors.ingot", "not listed");
  Write("run.chain/.step_0.safetensors.ingot-abcdef", "being decompressed");
  Write("run.chain/notes", "of somebody");
  WriteCheckpoints(0, 2);
  RunOk({"compress", "-q", "--chain", "run"});
  ExpectRestores("run.chain", 1);
  EXPECT_FALSE(Exists("run.chain/.chain.json.ingot-abcdef"));
  EXPECT_FALSE(Exists("run.chain/.step_1.safetensors.ingot.ingot-abcdef"));
  EXPECT_TRUE(Exists("run.chain/.step_0.safetensors.ingot-abcdef"));
  EXPECT_EQ(Read("run.chain/notes"), "of somebody");
}

TEST_F(CliChainTest, EveryStepNeedsAtMostKeyframeContainers) {
  WriteCheckpoints(0, 7);
  RunOk({"compress", "-q", "--chain", "--keyframe", "3", "run"});
  EXPECT_THAT(Depths(), ElementsAre(0, 1, 2, 0, 1, 2, 0));
  for (int i = 0; i < 7; ++i) {
    // Elsewhere, so that nothing else is found.
    const fs::path alone = Path("alone");
    fs::create_directory(alone);
    for (int k = i - i % 3; k <= i; ++k) {
      const std::string name = NameOf(k) + ".ingot";
      fs::copy_file(Path("run.chain/" + name), alone / name);
    }
    const fs::path hidden = Path("hidden");
    fs::rename(Path("run.chain"), hidden);
    fs::rename(Path("run"), Path("hidden-run"));
    ExpectRestores("alone", i);
    fs::rename(hidden, Path("run.chain"));
    fs::rename(Path("hidden-run"), Path("run"));
    fs::remove_all(alone);
  }
}

TEST_F(CliChainTest, AChainGrowsAsTrainingGoesOn) {
  WriteCheckpoints(0, 6);
  RunOk({"compress", "-q", "--no-metadata", "--chain", "-o", ".//whole.chain",
         "run"});
  fs::remove_all(Path("run"));
  for (const int end : {1, 3, 3, 6}) {
    WriteCheckpoints(0, end);
    RunOk({"compress", "-q", "--no-metadata", "--chain", "run/"});
    EXPECT_EQ(Names().size(), static_cast<size_t>(end));
  }
  // The same bytes as of all at once, wherever the chain lies.
  for (int i = 0; i < 6; ++i) {
    const std::string name = NameOf(i) + ".ingot";
    ExpectRestores("run.chain", i);
    EXPECT_TRUE(Read("run.chain/" + name) == Read("whole.chain/" + name));
  }
  EXPECT_EQ(Read("run.chain/chain.json"), Read("whole.chain/chain.json"));
}

TEST_F(CliChainTest, TheKeyframeOfTheChainHoldsUntilAnotherIsGiven) {
  WriteCheckpoints(0, 2);
  RunOk({"compress", "-q", "--chain", "--keyframe", "2", "run"});
  WriteCheckpoints(2, 4);
  RunOk({"compress", "-q", "--chain", "run"});
  EXPECT_THAT(Depths(), ElementsAre(0, 1, 0, 1));
  WriteCheckpoints(4, 6);
  RunOk({"compress", "-q", "--chain", "--keyframe", "17", "run"});
  EXPECT_THAT(Depths(), ElementsAre(0, 1, 0, 1, 2, 3));
  for (int i = 0; i < 6; ++i) ExpectRestores("run.chain", i);
}

TEST_F(CliChainTest, FoldersAndOtherFormatsAreCheckpointsToo) {
  for (int i = 1; i < 4; ++i) {
    const std::string folder = "run/checkpoint-" + std::to_string(100 * i);
    Write(folder + "/model-1.safetensors", Checkpoint(i));
    Write(folder + "/model-2.safetensors", SampleModel(7));
    Write(folder + "/state/rng", RandomBytes(5000, 3));
  }
  Write("run/checkpoint-50", "just text");
  fs::create_directories(Path("run/checkpoint-60"));  // no files yet
  Write("run/.partial", "hidden");
  Write("run/config.json", "{}");
  const RunResult result =
      Run({"compress", "--chain", "--match", "checkpoint-*", "run"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("checkpoint-60: skipped"));
  EXPECT_THAT(Names(), ElementsAre("checkpoint-50", "checkpoint-100",
                                   "checkpoint-200", "checkpoint-300"));
  EXPECT_EQ(RunOk({"cat", "run.chain/checkpoint-50.ingot"}), "just text");
  for (int i = 1; i < 4; ++i) {
    const std::string name = "checkpoint-" + std::to_string(100 * i);
    RunOk({"decompress", "-o", "out/", "run.chain/" + name + ".ingot"});
    EXPECT_TRUE(Read("out/model-1.safetensors") == Checkpoint(i));
    EXPECT_TRUE(Read("out/model-2.safetensors") == SampleModel(7));
    EXPECT_TRUE(Read("out/state/rng") == RandomBytes(5000, 3));
    fs::remove_all(Path("out"));
  }
}

TEST_F(CliChainTest, ACheckpointThatChangedIsRefused) {
  WriteCheckpoints(0, 2);
  RunOk({"compress", "-q", "--chain", "run"});
  const std::string manifest = Read("run.chain/chain.json");
  WriteCheckpoints(2, 3);
  Write("run/" + NameOf(1), Checkpoint(1) + "x");
  RunFails({"compress", "--chain", "run"}, 1, "step_1.safetensors: changed");
  Write("run/" + NameOf(1), Checkpoint(9));
  RunFails({"compress", "--chain", "run"}, 1, "has SHA-256");
  EXPECT_EQ(Read("run.chain/chain.json"), manifest);
  EXPECT_FALSE(Exists("run.chain/" + NameOf(2) + ".ingot"));
  // Another time alone is no change.
  Write("run/" + NameOf(1), Checkpoint(1));
  fs::last_write_time(Path("run/" + NameOf(1)),
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  RunOk({"compress", "-q", "--chain", "run"});
  EXPECT_THAT(Depths(), ElementsAre(0, 1, 2));
}

TEST_F(CliChainTest, RemovesWhatIsVerified) {
  WriteCheckpoints(0, 3);
  RunOk({"compress", "-q", "--chain", "--rm", "run"});
  EXPECT_FALSE(Exists("run/" + NameOf(0)));
  // Kept before, and now asked to go.
  WriteCheckpoints(2, 5);
  RunOk({"compress", "-q", "--chain", "run"});
  EXPECT_TRUE(Exists("run/" + NameOf(4)));
  RunOk({"compress", "-q", "--chain", "--rm", "run"});
  EXPECT_FALSE(Exists("run/" + NameOf(2)));
  EXPECT_FALSE(Exists("run/" + NameOf(4)));
  for (int i = 0; i < 5; ++i) ExpectRestores("run.chain", i);
  // A container that no longer restores keeps its checkpoint.
  WriteCheckpoints(4, 5);
  const std::string path = "run.chain/" + NameOf(4) + ".ingot";
  std::string damaged = Read(path);
  damaged[damaged.size() / 2] = static_cast<char>(~damaged[damaged.size() / 2]);
  Write(path, damaged);
  RunFails({"compress", "-q", "--chain", "--rm", "run"}, 3, NameOf(4));
  EXPECT_TRUE(Read("run/" + NameOf(4)) == Checkpoint(4));
}

TEST_F(CliChainTest, DamagedChainsAreNotContinued) {
  WriteCheckpoints(0, 2);
  RunOk({"compress", "-q", "--chain", "run"});
  WriteCheckpoints(2, 3);
  const std::string manifest = Read("run.chain/chain.json");
  for (size_t size = 0; size + 2 < manifest.size(); size += 37) {
    Write("run.chain/chain.json", manifest.substr(0, size));
    RunFails({"compress", "--chain", "run"}, 3, "chain.json");
  }
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = manifest;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    Write("run.chain/chain.json", text);
  };
  with("\"ingot_chain\": 1", "\"ingot_chain\": 2");
  RunFails({"compress", "--chain", "run"}, 3, "newer ingot");
  with("\"depth\": 0", "\"depth\": 1");
  RunFails({"compress", "--chain", "run"}, 3, "depth");
  with("\"name\": \"step_0", "\"name\": \"../step_0");
  RunFails({"compress", "--chain", "run"}, 3, "name");
  with("\"name\": \"step_1", "\"name\": \"step_0");
  RunFails({"compress", "--chain", "run"}, 3, "name");
  with("\"keyframe\": 4", "\"keyframe\": 1000");
  RunFails({"compress", "--chain", "run"}, 3, "keyframe");
  with("\"container_bytes\": ", "\"container_bytes\": 1");
  RunFails({"compress", "--chain", "run"}, 3, "chain.json says");
  Write("run.chain/chain.json", manifest);
  fs::rename(Path("run.chain/" + NameOf(0) + ".ingot"), Path("away"));
  RunFails({"compress", "--chain", "run"}, 1, NameOf(0) + ".ingot");
  RunFails({"decompress", "-o", "out", "run.chain/" + NameOf(1) + ".ingot"}, 1,
           "'" + NameOf(0) + ".ingot'");
  EXPECT_FALSE(Exists("out"));
  fs::rename(Path("away"), Path("run.chain/" + NameOf(0) + ".ingot"));
  RunOk({"compress", "-q", "--chain", "run"});
  EXPECT_THAT(Depths(), ElementsAre(0, 1, 2));
}

TEST_F(CliChainTest, OtherFoldersAreLeftAlone) {
  WriteCheckpoints(0, 1);
  Write("home/precious", "x");
  RunFails({"compress", "--chain", "-o", "home", "run"}, 1, "precious");
  Write("file", "x");
  RunFails({"compress", "--chain", "-o", "file", "run"}, 1, "file");
  RunFails({"compress", "--chain", "-o", "run", "run"}, 2, "itself");
  RunFails({"compress", "--chain", "-o", "no/such", "run"}, 1, "no/such");
  RunFails({"compress", "--chain", "run/" + NameOf(0)}, 1, "step_0");
  fs::create_directory(Path("empty"));
  RunFails({"compress", "--chain", "empty"}, 1, "no checkpoints");
  EXPECT_THAT(List(), ElementsAre("empty/", "file", "home/", "home/precious",
                                  "run/", "run/" + NameOf(0)));
  // One that lies among the checkpoints is none.
  RunOk({"compress", "-q", "--chain", "-o", "run/chain", "run"});
  RunOk({"compress", "-q", "--chain", "-o", "run/chain", "run"});
  ExpectRestores("run/chain", 0);
}

TEST_F(CliChainTest, OneProcessAtATime) {
  WriteCheckpoints(0, 1);
  fs::create_directory(Path("run.chain"));
  const int fd =
      open(Path("run.chain").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  RunFails({"compress", "--chain", "run"}, 1, "another process");
  close(fd);
  RunOk({"compress", "-q", "--chain", "run"});
}

TEST_F(CliChainTest, AFullDiskAddsNothing) {
  WriteCheckpoints(0, 1);
  RunOk({"compress", "-q", "--chain", "run"});
  WriteCheckpoints(1, 2);
  const std::vector<std::string> before = List();
  RunFails({"compress", "--chain", "run"}, 1, "write at offset",
           {.max_file_bytes = 20'000});
  EXPECT_EQ(List(), before);
  RunOk({"compress", "-q", "--chain", "run"});
  ExpectRestores("run.chain", 1);
}

TEST_F(CliChainTest, CommandLinesWithoutMeaning) {
  WriteCheckpoints(0, 1);
  RunFails({"compress", "--keyframe", "4", "run"}, 2, "--chain");
  RunFails({"compress", "--match", "*", "run"}, 2, "--chain");
  RunFails({"compress", "--chain", "--keyframe", "0", "run"}, 2, "--keyframe");
  RunFails({"compress", "--chain", "--keyframe", "18", "run"}, 2, "--keyframe");
  RunFails({"compress", "--chain", "-"}, 2, "--chain");
  RunFails({"compress", "--chain", "-c", "run"}, 2, "--chain");
  RunFails({"compress", "--chain", "-f", "run"}, 2, "--chain");
  RunFails({"compress", "--chain", "-o", "-", "run"}, 2, "--chain");
}

TEST_F(CliChainTest, KilledAtAnyMomentNothingIsLost) {
  constexpr int kKills = 20;
  constexpr int kSteps = 5;
  for (int i = 0; i < kSteps; ++i) {
    Write("run/" + NameOf(i), Checkpoint(i, 8000));
  }
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  RunOk({"compress", "-q", "--chain", "run"});
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(
      Clock::now() - start);
  std::map<std::string, std::string> expected;
  for (const std::string& name : Names()) {
    expected[name] = Read("run.chain/" + name + ".ingot");
  }
  fs::remove_all(Path("run.chain"));
  std::mt19937_64 random(42);
  int killed = 0;
  int listed_after_kill = 0;
  for (int round = 0; killed < kKills && round < 10 * kKills; ++round) {
    const std::chrono::microseconds moment(
        random() % static_cast<uint64_t>(whole.count()));
    const RunResult result =
        Run({"compress", "-q", "--chain", "run"}, {.kill_after = moment});
    if (result.signal == SIGKILL) ++killed;
    std::vector<std::string> names;
    if (Exists("run.chain/chain.json")) names = Names();
    if (result.signal == SIGKILL && !names.empty()) ++listed_after_kill;
    for (const std::string& name : names) {
      ASSERT_TRUE(Read("run.chain/" + name + ".ingot") == expected[name]);
      EXPECT_TRUE(RunOk({"decompress", "-c", "run.chain/" + name + ".ingot"}) ==
                  Read("run/" + name))
          << name;
    }
    if (names.size() < kSteps && round % 3 != 2) continue;
    // Completes what is there, and leaves nothing else.
    RunOk({"compress", "-q", "--chain", "run"});
    EXPECT_EQ(Names().size(), static_cast<size_t>(kSteps));
    size_t files = 0;
    for ([[maybe_unused]] const auto& entry :
         fs::directory_iterator(Path("run.chain"))) {
      ++files;
    }
    EXPECT_EQ(files, kSteps + 1U);
    for (const auto& [name, bytes] : expected) {
      EXPECT_TRUE(Read("run.chain/" + name + ".ingot") == bytes);
    }
    fs::remove_all(Path("run.chain"));
  }
  EXPECT_EQ(killed, kKills);
  EXPECT_GT(listed_after_kill, 0);
}

}  // namespace
}  // namespace ingot
