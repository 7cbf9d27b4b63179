// ingot patch: whole files and shards become the new ones, or stay the old.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
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

// Some elements by a little.
std::string Drift(std::string weights, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (size_t at = 0; at < weights.size(); at += 2 + 2 * (random() % 6)) {
    weights[at] = static_cast<char>(weights[at] ^ (random() % 8));
  }
  return weights;
}

class CliPatchTest : public CliTest {
 protected:
  static constexpr size_t kRows = 4096;
  static constexpr size_t kColumns = 80;

  static std::vector<SampleTensor> OldTensors() {
    return {
        {"matrix", "BF16", {kRows, kColumns}, WeightBytes(kRows * kColumns, 1)},
        {"frozen", "BF16", {64, 64}, WeightBytes(64 * 64, 2)},
        {"bias", "BF16", {8192}, WeightBytes(8192, 3)},
        {"norm", "BF16", {1024}, WeightBytes(1024, 4)},
        {"wide", "F32", {2, 70'000}, RandomBytes(4 * 2 * 70'000, 5)},
        {"grown", "BF16", {100, 64}, WeightBytes(100 * 64, 6)},
        {"kept", "BF16", {64}, WeightBytes(64, 9)}};
  }
  static std::vector<SampleTensor> NewTensors() {
    std::vector<SampleTensor> tensors = OldTensors();
    for (const size_t i : {0, 2, 3}) {
      tensors[i].data = Drift(tensors[i].data, i);
    }
    tensors[4].data.replace(1000, 4, "abcd");
    tensors[5] = {
        "grown", "BF16", {120, 64}, tensors[5].data + WeightBytes(20 * 64, 7)};
    tensors.push_back({"added", "I64", {1000}, RandomBytes(8000, 8)});
    return tensors;
  }
  // Rows [begin, end) of them.
  static SampleTensor Rows(const SampleTensor& tensor, uint64_t begin,
                           uint64_t end) {
    const size_t row = tensor.data.size() / tensor.shape[0];
    SampleTensor rows = tensor;
    rows.shape[0] = end - begin;
    rows.data = tensor.data.substr(begin * row, (end - begin) * row);
    return rows;
  }

  void WriteBoth() const {
    Write("old", Safetensors(OldTensors()));
    Write("new", Safetensors(NewTensors()));
  }
  void MakePatch() const {
    WriteBoth();
    RunOk({"patch", "make", "--shards", "16", "-o", "p.patch", "old", "new"});
  }
};

TEST_F(CliPatchTest, MakesTheNewFileOutOfTheOldOne) {
  MakePatch();
  EXPECT_LT(fs::file_size(Path("p.patch")), Read("new").size() / 2);
  Write("model", Read("old"));
  chmod(Path("model").c_str(), 0640);
  EXPECT_EQ(RunOk({"patch", "apply", "p.patch", "model"}), "");
  EXPECT_TRUE(Read("model") == Read("new"));
  struct stat info;
  ASSERT_EQ(stat(Path("model").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
  // Whoever needs no more than a container may take it as one.
  RunOk({"decompress", "--base", "old", "-o", "restored", "p.patch"});
  EXPECT_TRUE(Read("restored") == Read("new"));
  EXPECT_THAT(List(),
              ElementsAre("model", "new", "old", "p.patch", "restored"));
}

TEST_F(CliPatchTest, TellsWhatItIsFor) {
  MakePatch();
  const Json info = Json::parse(RunOk({"patch", "info", "--json", "p.patch"}));
  EXPECT_EQ(info["base"]["name"], "old");
  EXPECT_EQ(info["base"]["bytes"], Read("old").size());
  EXPECT_EQ(info["target"]["name"], "new");
  EXPECT_EQ(info["bytes"], fs::file_size(Path("p.patch")));
  std::vector<std::string> names;
  for (const Json& tensor : info["shard_tensors"]) {
    names.push_back(tensor["name"]);
  }
  // What is the same, or of another shape, is not among them.
  EXPECT_THAT(names, ElementsAre("matrix", "bias", "norm", "wide"));
  const std::string text = RunOk({"patch", "info", "p.patch"});
  EXPECT_THAT(text, HasSubstr(info["base"]["sha256"].get<std::string>()));
  EXPECT_THAT(text, HasSubstr(info["target"]["sha256"].get<std::string>()));
  EXPECT_THAT(RunOk({"inspect", "p.patch"}),
              HasSubstr(info["base"]["sha256"].get<std::string>()));
}

TEST_F(CliPatchTest, TheSameBytesHoweverItIsMade) {
  MakePatch();
  Write("sub/old", Read("old"));
  RunOk({"patch", "make", "--shards", "16", "-T", "1", "-o", "1.patch",
         "sub/../sub/old", "new"});
  RunOk({"patch", "make", "--shards", "16", "-T", "4", "-o", "4.patch",
         Path("sub/old").string(), Path("new").string()});
  EXPECT_TRUE(Read("1.patch") == Read("p.patch"));
  EXPECT_TRUE(Read("4.patch") == Read("p.patch"));
  RunOk({"patch", "make", "--shards", "16", "old", "new"});
  EXPECT_TRUE(Read("new.patch") == Read("p.patch"));
}

TEST_F(CliPatchTest, AppliedTwiceChangesNothing) {
  MakePatch();
  RunOk({"patch", "apply", "p.patch", "old"});
  struct stat before;
  struct stat after;
  ASSERT_EQ(stat(Path("old").c_str(), &before), 0);
  EXPECT_EQ(RunOk({"patch", "apply", "p.patch", "old"}),
            "old: already patched\n");
  EXPECT_EQ(RunOk({"patch", "apply", "-q", "p.patch", "old"}), "");
  ASSERT_EQ(stat(Path("old").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(CliPatchTest, OtherFilesAreRefused) {
  MakePatch();
  const Json info = Json::parse(RunOk({"patch", "info", "--json", "p.patch"}));
  std::string other = Read("old");
  other.back() = static_cast<char>(~other.back());
  Write("other", other);
  RunFails({"patch", "apply", "p.patch", "other"}, 1,
           "expected " + info["base"]["sha256"].get<std::string>());
  EXPECT_TRUE(Read("other") == other);
  Write("empty", "");
  RunFails({"patch", "apply", "p.patch", "empty"}, 1, "nothing changed");
  RunFails({"patch", "apply", "p.patch", "missing"}, 1, "missing");
  fs::create_directory(Path("folder"));
  RunFails({"patch", "apply", "p.patch", "folder"}, 2, "a folder");
  RunFails({"patch", "apply", "old", "old"}, 3, "old");
  RunOk({"compress", "old"});
  RunFails({"patch", "apply", "old.ingot", "old"}, 2, "no patch");
  RunFails({"patch", "info", "old.ingot"}, 2, "no patch");
  RunFails({"patch", "make", "old.ingot", "new"}, 2, "a container");
  RunFails({"patch", "make", "old", "old.ingot"}, 2, "a container");
  RunFails({"patch", "make", "old", "folder"}, 2, "a folder");
  RunFails({"patch", "make", "-f", "-o", "old", "old", "new"}, 2, "an input");
  RunFails({"patch", "make", "-o", "p.patch", "old", "new"}, 1, "exists");
  RunFails({"patch"}, 2, "ingot patch --help");
  RunFails({"patch", "undo"}, 2, "undo: no such command");
  EXPECT_THAT(List(), ElementsAre("empty", "folder/", "new", "old", "old.ingot",
                                  "other", "p.patch"));
}

TEST_F(CliPatchTest, FilesOfAnyKind) {
  const std::string text = "one\ntwo\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {text, text + "three\n"},
      {text, ""},
      {"", text},
      {text, text},
      {SampleModel(1), SampleModel(1)},
      {SampleModel(1), TiedModel(2)},
      {RandomBytes(300'000, 1), SampleModel(2)},
      {SampleModel(1), RandomBytes(300'000, 1)}};
  for (const auto& [before, after] : cases) {
    Write("a", before);
    Write("b", after);
    RunOk({"patch", "make", "-f", "a", "b"});
    RunOk({"patch", "apply", "-q", "b.patch", "a"});
    EXPECT_TRUE(Read("a") == after);
  }
  Write("a", RandomBytes(40'000, 1));
  Write("b", Drift(RandomBytes(40'000, 1), 1));
  RunOk(
      {"patch", "make", "-f", "--dtype", "bf16", "--columns", "100", "a", "b"});
  EXPECT_LT(fs::file_size(Path("b.patch")), 20'000U);
  RunOk({"patch", "apply", "-q", "b.patch", "a"});
  EXPECT_TRUE(Read("a") == Read("b"));
}

TEST_F(CliPatchTest, DamagedPatchesChangeNothing) {
  MakePatch();
  const std::string patch = Read("p.patch");
  const std::string before = Read("old");
  std::mt19937_64 random(1);
  for (int i = 0; i < 25; ++i) {
    Write("cut.patch", patch.substr(0, random() % patch.size()));
    RunFails({"patch", "apply", "cut.patch", "old"}, 3, "cut.patch");
  }
  int failed = 0;
  for (int i = 0; i < 40; ++i) {
    std::string flipped = patch;
    const size_t at = random() % patch.size();
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    Write("flipped.patch", flipped);
    const RunResult result =
        Run({"patch", "apply", "-o", "out", "flipped.patch", "old"});
    EXPECT_EQ(result.signal, 0);
    if (result.exit_code == 0) {
      // Padding, or a name.
      EXPECT_TRUE(Read("out") == Read("new"));
      fs::remove(Path("out"));
    } else {
      ++failed;
      EXPECT_FALSE(Exists("out"));
    }
  }
  EXPECT_GT(failed, 30);
  EXPECT_TRUE(Read("old") == before);
  EXPECT_THAT(List(), ElementsAre("cut.patch", "flipped.patch", "new", "old",
                                  "p.patch"));
}

TEST_F(CliPatchTest, TargetsThatCannotBeReplaced) {
  MakePatch();
  const std::string before = Read("old");
  chmod(Path("old").c_str(), 0444);
  RunFails({"patch", "apply", "p.patch", "old"}, 1, "read-only");
  RunOk({"patch", "apply", "-o", "out", "p.patch", "old"});
  EXPECT_TRUE(Read("out") == Read("new"));
  RunFails({"patch", "apply", "-o", "out", "p.patch", "old"}, 1, "-f");
  RunOk({"patch", "apply", "-f", "-o", "out", "p.patch", "old"});
  RunFails({"patch", "apply", "-f", "-o", "old", "p.patch", "old"}, 2,
           "the target itself");
  chmod(Path("old").c_str(), 0644);
  RunFails({"patch", "apply", "p.patch", "old"}, 1, "write at offset",
           {.max_file_bytes = 300'000});
  EXPECT_TRUE(Read("old") == before);
  EXPECT_THAT(List(), ElementsAre("new", "old", "out", "p.patch"));
  // A link gives way to the new file, what it leads to stays.
  fs::create_symlink("old", Path("link"));
  RunOk({"patch", "apply", "p.patch", "link"});
  EXPECT_FALSE(fs::is_symlink(Path("link")));
  EXPECT_TRUE(Read("link") == Read("new"));
  EXPECT_TRUE(Read("old") == before);
}

class CliPatchKillTest : public CliPatchTest {
 protected:
  // Files that take a while.
  void WriteLarge() const {
    const std::string weights = WeightBytes(4000 * 1024, 1);
    before_ = Safetensors({{"w", "BF16", {4000, 1024}, weights}});
    after_ = Safetensors({{"w", "BF16", {4000, 1024}, Drift(weights, 1)}});
    Write("old", before_);
    Write("new", after_);
    RunOk({"patch", "make", "-o", "p.patch", "old", "new"});
  }
  mutable std::string before_;
  mutable std::string after_;
};

TEST_F(CliPatchKillTest, InterruptedItLeavesTheOldFileAlone) {
  WriteLarge();
  for (const int number : {SIGINT, SIGTERM}) {
    const RunResult result =
        Run({"patch", "apply", "p.patch", "old"}, {.signal = number});
    EXPECT_EQ(result.signal, number);
    EXPECT_TRUE(Read("old") == before_);
    EXPECT_THAT(List(), ElementsAre("new", "old", "p.patch"));
  }
}

TEST_F(CliPatchKillTest, KilledItLeavesTheOldFileOrTheNewOne) {
  WriteLarge();
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  RunOk({"patch", "apply", "p.patch", "old"});
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(
      Clock::now() - start);
  std::mt19937_64 random(7);
  int killed = 0;
  for (int i = 0; i < 20; ++i) {
    Write("old", before_);
    const std::chrono::microseconds moment(
        random() % static_cast<uint64_t>(whole.count()));
    const RunResult result =
        Run({"patch", "apply", "p.patch", "old"}, {.kill_after = moment});
    if (result.signal == SIGKILL) ++killed;
    const std::string left = Read("old");
    EXPECT_TRUE(left == before_ || left == after_);
    if (result.exit_code == 0) {
      EXPECT_TRUE(left == after_);
    }
    RunOk({"patch", "apply", "-q", "p.patch", "old"});
    EXPECT_TRUE(Read("old") == after_);
  }
  EXPECT_GT(killed, 5);
}

class CliShardTest : public CliPatchTest {
 protected:
  // Tensors of the shard `rank` of `ranks`.
  static std::vector<SampleTensor> Shard(
      const std::vector<SampleTensor>& tensors, uint64_t rank, uint64_t ranks) {
    std::vector<SampleTensor> shard = {
        {"own", "I64", {1}, std::string(8, static_cast<char>(rank))}};
    // In another order than in the whole.
    for (const size_t i : {3, 0, 6, 2, 1}) {
      const uint64_t rows = tensors[i].shape[0] / ranks;
      shard.push_back(Rows(tensors[i], rank * rows, (rank + 1) * rows));
    }
    return shard;
  }
  static std::vector<std::string> Apply(uint64_t rank, uint64_t ranks,
                                        const std::string& file) {
    std::vector<std::string> arguments = {"patch", "apply", "p.patch", file};
    for (const size_t i : {0, 1, 2, 3, 6}) {
      const SampleTensor tensor = OldTensors()[i];
      const uint64_t rows = tensor.shape[0] / ranks;
      arguments.insert(arguments.end(),
                       {"--tensor", tensor.name, "--rows",
                        std::to_string(rank * rows) + ":" +
                            std::to_string((rank + 1) * rows)});
    }
    return arguments;
  }
};

TEST_F(CliShardTest, EachTakesItsRows) {
  for (const std::string level : {"-1", "-3", "-5", "-6", "-9"}) {
    SCOPED_TRACE(level);
    WriteBoth();
    RunOk({"patch", "make", level, "--shards", "4", "-f", "-o", "p.patch",
           "old", "new"});
    const std::vector<uint64_t> counts = level == "-3"
                                             ? std::vector<uint64_t>{1, 2, 4}
                                             : std::vector<uint64_t>{2};
    for (const uint64_t ranks : counts) {
      for (uint64_t rank = 0; rank < ranks; ++rank) {
        Write("shard", Safetensors(Shard(OldTensors(), rank, ranks)));
        EXPECT_EQ(RunOk(Apply(rank, ranks, "shard")), "");
        EXPECT_TRUE(Read("shard") ==
                    Safetensors(Shard(NewTensors(), rank, ranks)))
            << rank << " of " << ranks;
        EXPECT_EQ(RunOk(Apply(rank, ranks, "shard")),
                  "shard: already patched\n");
      }
    }
  }
  // The whole of it, too.
  RunOk({"patch", "apply", "p.patch", "old"});
  EXPECT_TRUE(Read("old") == Read("new"));
}

TEST_F(CliShardTest, CutWhereRowsDivide) {
  WriteBoth();
  // 4 divides 12 and 4096.
  RunOk({"patch", "make", "--shards", "12", "-o", "p.patch", "old", "new"});
  const auto shard = [](const std::vector<SampleTensor>& tensors) {
    return Safetensors({Rows(tensors[0], 1024, 3072)});
  };
  Write("shard", shard(OldTensors()));
  RunOk({"patch", "apply", "p.patch", "shard", "--tensor", "matrix", "--rows",
         "1024:3072"});
  EXPECT_TRUE(Read("shard") == shard(NewTensors()));

  // So many rows that their only divisor would make tiny parts.
  constexpr uint64_t kPrime = 1'000'003;
  const std::string before = WeightBytes(kPrime, 1);
  const std::string after = Drift(before, 1);
  Write("old", Safetensors({{"t", "BF16", {kPrime}, before}}));
  Write("new", Safetensors({{"t", "BF16", {kPrime}, after}}));
  RunOk(
      {"patch", "make", "--shards", "8", "-f", "-o", "p.patch", "old", "new"});
  EXPECT_LT(fs::file_size(Path("p.patch")), kPrime);
  RunFails({"patch", "apply", "p.patch", "old", "--tensor", "t"}, 3,
           "whole files only");
  RunOk({"patch", "apply", "p.patch", "old"});
  EXPECT_TRUE(Read("old") == Read("new"));
  RunFails({"patch", "make", "--shards", "0", "old", "new"}, 2, "--shards");
}

TEST_F(CliShardTest, UpToSixteenShards) {
  MakePatch();
  for (uint64_t rank = 0; rank < 16; ++rank) {
    const auto shard = [rank](const std::vector<SampleTensor>& tensors) {
      return Safetensors({Rows(tensors[0], rank * 256, rank * 256 + 256)});
    };
    Write("shard", shard(OldTensors()));
    RunOk(
        {"patch", "apply", "p.patch", "shard", "--tensor", "matrix", "--rows",
         std::to_string(rank * 256) + ":" + std::to_string(rank * 256 + 256)});
    EXPECT_TRUE(Read("shard") == shard(NewTensors()));
  }
  // Rows that are longer than a block.
  Write("shard", Safetensors({Rows(OldTensors()[4], 1, 2)}));
  EXPECT_THAT(RunOk({"patch", "apply", "p.patch", "shard", "--tensor", "wide",
                     "--rows", "1:"}),
              HasSubstr("already"));
  Write("shard", Safetensors({Rows(OldTensors()[4], 0, 1)}));
  RunOk({"patch", "apply", "p.patch", "shard", "--tensor", "wide", "--rows",
         ":1"});
  EXPECT_TRUE(Read("shard") == Safetensors({Rows(NewTensors()[4], 0, 1)}));
}

TEST_F(CliShardTest, WhatDoesNotFitIsRefused) {
  MakePatch();
  const auto fails = [&](const SampleTensor& tensor, const std::string& rows,
                         int code, const std::string& text) {
    const std::string file = Safetensors({tensor});
    Write("shard", file);
    RunFails({"patch", "apply", "p.patch", "shard", "--tensor", tensor.name,
              "--rows", rows},
             code, text);
    EXPECT_TRUE(Read("shard") == file);
  };
  const std::vector<SampleTensor> old = OldTensors();
  const SampleTensor upper = Rows(old[0], 0, 2048);
  fails(upper, "2048:4096", 1, "nothing changed");
  fails(upper, "0:1024", 2, "dtype and shape");
  fails(upper, "0:5000", 2, "rows of the tensor");
  fails(Rows(old[0], 0, 100), "0:100", 2, "cut every 256 rows");
  SampleTensor wrong = upper;
  wrong.data[77'777] = static_cast<char>(~wrong.data[77'777]);
  fails(wrong, "0:2048", 1, "byte 40960: SHA-256");
  wrong = upper;
  wrong.dtype = "F16";
  fails(wrong, "0:2048", 2, "dtype and shape");
  wrong = upper;
  wrong.name = "unknown";
  fails(wrong, "0:2048", 1, "no tensor 'unknown'");
  fails(NewTensors()[7], "0:1000", 3, "no digests of parts");
  fails(NewTensors()[5], "0:120", 3, "no digests of parts");
  // Half of it is new already, and cannot have come from here.
  wrong = upper;
  wrong.data =
      Rows(NewTensors()[0], 0, 1024).data + Rows(old[0], 1024, 2048).data;
  fails(wrong, "0:2048", 1, "nothing changed");

  Write("shard", "matrix");
  RunFails({"patch", "apply", "p.patch", "shard", "--tensor", "matrix"}, 3,
           "of format");
  Write("shard", Safetensors({old[0]}));
  RunFails({"patch", "apply", "p.patch", "shard", "--tensor", "matrix",
            "--tensor", "matrix"},
           2, "named twice");
  RunFails({"patch", "apply", "p.patch", "shard", "--tensor", "bias"}, 1,
           "shard: no tensor 'bias'");
  RunFails({"patch", "apply", "p.patch", "shard", "--rows", "0:1"}, 2,
           "--tensor");
  RunFails({"patch", "apply", "p.patch", "shard", "--tensor", "matrix",
            "--tensor", "bias", "--rows", "0:1"},
           2, "one for each");
  RunFails({"patch", "apply", "p.patch", "shard", "--tensor", "matrix",
            "--rows", "x"},
           2, "expected A:B");
  EXPECT_TRUE(Read("shard") == Safetensors({old[0]}));
  RunOk({"patch", "make", "-f", "-o", "p.patch", "old", "new"});
  EXPECT_THAT(RunOk({"patch", "info", "p.patch"}),
              HasSubstr("for whole files only"));
  RunFails({"patch", "apply", "p.patch", "shard", "--tensor", "matrix"}, 3,
           "whole files only");
}

TEST_F(CliShardTest, DamagedPatchesChangeNothing) {
  MakePatch();
  const std::string patch = Read("p.patch");
  const std::string before = Safetensors(Shard(OldTensors(), 1, 2));
  const std::string after = Safetensors(Shard(NewTensors(), 1, 2));
  std::mt19937_64 random(3);
  int failed = 0;
  for (int i = 0; i < 60; ++i) {
    std::string flipped = patch;
    // The index, at the end, more often than the rest.
    const size_t range = i % 2 == 0 ? patch.size() : 9000;
    const size_t at = patch.size() - 1 - random() % range;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    Write("p.patch", flipped);
    Write("shard", before);
    const RunResult result = Run(Apply(1, 2, "shard"));
    EXPECT_EQ(result.signal, 0);
    if (result.exit_code != 0) ++failed;
    EXPECT_TRUE(Read("shard") == (result.exit_code == 0 ? after : before));
  }
  EXPECT_GT(failed, 10);
  EXPECT_THAT(List(), ElementsAre("new", "old", "p.patch", "shard"));
}

}  // namespace
}  // namespace ingot
