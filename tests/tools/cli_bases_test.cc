// --base: what is coded against other models, and how these are found again.

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Json = nlohmann::json;

constexpr size_t kRows = 96;
constexpr size_t kColumns = 64;

// bf16 weights with about one element in `rarity` changed in its low bits.
std::string Tuned(std::string weights, uint64_t seed, uint64_t rarity = 4) {
  const std::string noise = RandomBytes(weights.size() / 2, seed);
  for (size_t i = 0; i < noise.size(); ++i) {
    const auto value = static_cast<uint8_t>(noise[i]);
    if (value % rarity == 0) weights[2 * i] ^= static_cast<char>(1 + value % 3);
  }
  return weights;
}

SampleTensor Matrix(const std::string& name, const std::string& data,
                    const std::string& dtype = "BF16",
                    size_t columns = kColumns) {
  return {name, dtype, {data.size() / 2 / columns, columns}, data};
}

class CliBasesTest : public CliTest {
 protected:
  CliBasesTest() {
    fs::create_directory(Path("base"));
    Write("base/model", Base());
    Write("tuned", TunedModel(1));
  }

  static std::string Weights(uint64_t seed, size_t rows = kRows) {
    return WeightBytes(rows * kColumns, seed);
  }
  static std::string Base() {
    return Safetensors({Matrix("a", Weights(1)), Matrix("b", Weights(2)),
                        Matrix("c", Weights(3))});
  }
  // "c" stays as it is.
  static std::string TunedModel(uint64_t seed) {
    return Safetensors({Matrix("a", Tuned(Weights(1), seed)),
                        Matrix("b", Tuned(Weights(2), seed + 1)),
                        Matrix("c", Weights(3)),
                        Matrix("new", Weights(seed + 50))});
  }

  Json Inspect(const std::string& container) const {
    return Json::parse(RunOk({"inspect", "--json", container}));
  }
  void ExpectRestores(const std::string& container, const std::string& content,
                      const std::vector<std::string>& bases = {}) const {
    std::vector<std::string> arguments = {"decompress", "-c", container};
    std::vector<std::string> verify = {"verify", "-q", container};
    for (const std::string& base : bases) {
      arguments.insert(arguments.end(), {"--base", base});
      verify.insert(verify.end(), {"--base", base});
    }
    EXPECT_TRUE(RunOk(arguments) == content) << container;
    RunOk(verify);
  }
  size_t SizeOf(const std::string& name) const {
    return fs::file_size(Path(name));
  }
};

TEST_F(CliBasesTest, RoundTripsAtEveryLevel) {
  RunOk({"compress", "tuned", "-o", "plain"});
  for (int level = 1; level <= 9; ++level) {
    const std::string number = std::to_string(level);
    RunOk({"compress", "--level", number, "--base", "base/model", "-f", "tuned",
           "-o", "t.ingot"});
    EXPECT_LT(SizeOf("t.ingot"), SizeOf("plain") * 3 / 4) << level;
    ExpectRestores("t.ingot", Read("tuned"));
    // The same bytes with other threads, and with the folder as a base.
    RunOk({"compress", "-T3", "--level", number, "--base", "base", "tuned",
           "-f", "-o", "again"});
    EXPECT_TRUE(Read("t.ingot") == Read("again")) << level;
  }
}

TEST_F(CliBasesTest, InspectTellsOfBases) {
  RunOk({"compress", "--base", "./base/../base/model", "tuned"});
  const Json report = Inspect("tuned.ingot");
  EXPECT_EQ(report["depth"], 1);
  ASSERT_EQ(report["base_files"].size(), 1u);
  EXPECT_EQ(report["base_files"][0]["name"], "base/model");
  EXPECT_EQ(report["base_files"][0]["bytes"], Base().size());
  EXPECT_GT(report["totals"]["predicted_blocks"], 0);
  const Json& tensors = report["files"][0]["tensors"];
  EXPECT_EQ(tensors[0]["depth"], 1);
  EXPECT_EQ(tensors[2]["method"], "outside");
  EXPECT_EQ(tensors[3]["depth"], 0);
  const std::string text = RunOk({"inspect", "tuned.ingot"});
  EXPECT_THAT(text, HasSubstr("base base/model: "));
  EXPECT_THAT(text, HasSubstr("depth 1"));
  EXPECT_THAT(text, HasSubstr("predicted"));
}

TEST_F(CliBasesTest, BasesAreFoundByTheirBytes) {
  RunOk({"compress", "--base", "base/model", "tuned"});
  const std::string tuned = Read("tuned");
  // Where it was, seen from another folder; beside the container; anywhere
  // under any name.
  fs::create_directory(Path("far"));
  fs::rename(Path("tuned.ingot"), Path("far/tuned.ingot"));
  ExpectRestores("far/tuned.ingot", tuned);
  fs::rename(Path("base/model"), Path("far/model"));
  ExpectRestores("far/tuned.ingot", tuned);
  fs::create_directory(Path("far/base"));
  fs::rename(Path("far/model"), Path("far/base/model"));
  ExpectRestores("far/tuned.ingot", tuned);
  fs::create_directories(Path("else/where"));
  fs::rename(Path("far/base/model"), Path("else/where/renamed"));
  ExpectRestores("far/tuned.ingot", tuned, {"else"});
  ExpectRestores("far/tuned.ingot", tuned, {"else/where/renamed"});
  // As a container; as a tensor of another file.
  RunOk({"compress", "else/where/renamed", "-o", "stored.ingot"});
  Write("mixed",
        Safetensors({Matrix("x", Weights(2)), Matrix("a", Weights(9)),
                     Matrix("y", Weights(1)), Matrix("z", Weights(3))}));
  fs::remove_all(Path("else"));
  ExpectRestores("far/tuned.ingot", tuned, {"stored.ingot"});
  ExpectRestores("far/tuned.ingot", tuned, {"mixed"});
}

TEST_F(CliBasesTest, MissingAndWrongBases) {
  RunOk({"compress", "--base", "base/model", "tuned"});
  const auto fails = [&](const std::vector<std::string>& bases) {
    for (const std::string command : {"decompress", "verify", "cat"}) {
      std::vector<std::string> arguments = {command, "tuned.ingot"};
      if (command == "decompress") {
        arguments.insert(arguments.end(), {"-o", "out"});
      }
      for (const std::string& base : bases) {
        arguments.insert(arguments.end(), {"--base", base});
      }
      const RunResult result = Run(arguments);
      EXPECT_EQ(result.exit_code, 1) << command << result.err;
      EXPECT_THAT(result.err, HasSubstr("needs object "));
      EXPECT_THAT(result.err, HasSubstr("'base/model' (sha256 "));
      EXPECT_FALSE(Exists("out"));
    }
  };
  const std::string base = Read("base/model");
  // The same names and shapes, one byte another in each tensor.
  std::string other = base;
  for (const size_t third : {1, 3, 5}) {
    other[other.size() - kRows * kColumns * third] ^= 1;
  }
  Write("base/model", other);
  fails({});
  fails({"base/model"});
  Write("base/model", base.substr(0, base.size() - kRows * kColumns * 4));
  fails({"base"});
  fs::remove(Path("base/model"));
  fails({});
  fs::create_directory(Path("base/model"));
  fails({"base"});
  RunFails({"verify", "--base", "nowhere", "tuned.ingot"}, 1, "nowhere");
  // What needs no base can still be had.
  EXPECT_TRUE(RunOk({"cat", "tuned.ingot", "new"}) == Weights(51));
}

TEST_F(CliBasesTest, WhatDoesNotFitIsCodedAlone) {
  const std::string tuned = Tuned(Weights(1), 7);
  Write("model", Safetensors({Matrix("a", tuned)}));
  RunOk({"compress", "model", "-o", "alone"});
  const std::vector<SampleTensor> bases = {
      Matrix("other", Weights(1)), Matrix("a", Weights(1), "F16"),
      Matrix("a", Weights(1), "BF16", kColumns / 2),
      Matrix("a", RandomBytes(2 * kRows * kColumns, 3))};
  for (const SampleTensor& base : bases) {
    Write("base/model", Safetensors({base}));
    RunOk({"compress", "-f", "--base", "base", "model"});
    EXPECT_TRUE(Read("alone") == Read("model.ingot")) << base.name;
  }
}

TEST_F(CliBasesTest, MoreAndFewerRows) {
  const std::string rows = Weights(1, 200);
  const std::string tuned = Tuned(rows, 7);
  const size_t row = 2 * kColumns;
  for (const size_t kept : {190, 200}) {
    Write("base/model", Safetensors({Matrix("a", rows.substr(0, kept * row))}));
    for (const size_t wanted : {190, 199, 200}) {
      Write("model", Safetensors({Matrix("a", tuned.substr(0, wanted * row))}));
      RunOk({"compress", "-f", "--base", "base", "model"});
      EXPECT_EQ(Inspect("model.ingot")["depth"], 1) << kept << " " << wanted;
      ExpectRestores("model.ingot", Read("model"));
    }
  }
}

TEST_F(CliBasesTest, ShardsMakeUpATensor) {
  const std::string rows = Weights(1, 200);
  const size_t cut = 77 * 2 * kColumns;
  Write("base/model-00001-of-00002",
        Safetensors({Matrix("a", rows.substr(0, cut))}));
  Write("base/model-00002-of-00002",
        Safetensors({Matrix("a", rows.substr(cut))}));
  fs::remove(Path("base/model"));
  Write("model", Safetensors({Matrix("a", Tuned(rows, 4, 50))}));
  RunOk({"compress", "--base", "base", "model"});
  const Json report = Inspect("model.ingot");
  EXPECT_EQ(report["base_files"].size(), 2u);
  EXPECT_LT(SizeOf("model.ingot"), rows.size() / 4);
  ExpectRestores("model.ingot", Read("model"));
}

TEST_F(CliBasesTest, RawElements) {
  const std::string raw = WeightBytes(20'000, 3) + "x";
  Write("base/raw", raw);
  Write("tuned.bin", Tuned(raw, 5));
  for (const bool columns : {false, true}) {
    std::vector<std::string> arguments = {"compress", "-f",     "--dtype",
                                          "bf16",     "--base", "base/raw"};
    if (columns) arguments.insert(arguments.end(), {"--columns", "100"});
    std::vector<std::string> file = arguments;
    file.push_back("tuned.bin");
    RunOk(file);
    EXPECT_EQ(Inspect("tuned.bin.ingot")["depth"], 1);
    ExpectRestores("tuned.bin.ingot", Read("tuned.bin"));
    arguments.insert(arguments.end(), {"-o", "pipe.ingot", "-"});
    RunOk(arguments, {.piped_file = "tuned.bin"});
    EXPECT_EQ(Inspect("pipe.ingot")["depth"], 1);
    ExpectRestores("pipe.ingot", Read("tuned.bin"));
  }
}

TEST_F(CliBasesTest, WhatHasNoNamesIsFoundByItsPlace) {
  // Files of no format that anybody knows, with floats in two places.
  const std::string between(6000, '.');
  const auto file = [&](const std::string& first, const std::string& second) {
    return "header" + between + first + between + second + "end";
  };
  const std::string a = Weights(1, 2000);
  const std::string b = Weights(2, 3000);
  Write("old", file(a, b));
  Write("new", file(Tuned(a, 1), Tuned(b, 2)));
  RunOk({"compress", "new", "-o", "alone"});
  for (const char* const level : {"3", "5", "9"}) {
    RunOk({"compress", "-f", "--level", level, "--base", "old", "new"});
    EXPECT_LT(SizeOf("new.ingot"), SizeOf("alone") * 3 / 4) << level;
    ExpectRestores("new.ingot", Read("new"));
  }
  // Read from a pipe, it is opaque.
  RunOk({"compress", "--base", "old", "-o", "piped", "-"},
        {.piped_file = "new"});
  ExpectRestores("piped", Read("new"));
  // A container has objects instead of a file's bytes.
  RunOk({"compress", "old"});
  RunOk({"compress", "-f", "--base", "old.ingot", "new"});
  EXPECT_LT(SizeOf("new.ingot"), SizeOf("alone") * 3 / 4);
  fs::rename(Path("old"), Path("moved"));
  ExpectRestores("new.ingot", Read("new"));
  // Elsewhere by one byte: the floats of the base are none here.
  Write("shifted", "x" + Read("new"));
  RunOk({"compress", "--base", "moved", "shifted"});
  EXPECT_LT(SizeOf("shifted.ingot"), SizeOf("alone") * 101 / 100);
  ExpectRestores("shifted.ingot", Read("shifted"));
}

TEST_F(CliBasesTest, Pipes) {
  RunOk({"compress", "--base", "base", "-o", "t.ingot", "-"},
        {.piped_file = "tuned"});
  EXPECT_EQ(Inspect("t.ingot")["depth"], 1);
  const std::string container =
      RunOk({"compress", "-c", "--base", "base", "tuned"});
  Write("c.ingot", container);
  for (const char* name : {"t.ingot", "c.ingot"}) {
    EXPECT_TRUE(RunOk({"decompress", "--base", "base", "-"},
                      {.piped_file = name}) == Read("tuned"));
    const RunResult missing = Run({"decompress", "-"}, {.piped_file = name});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_THAT(missing.err, HasSubstr("needs object "));
    // A file is no pipe: it says where its base was.
    EXPECT_TRUE(RunOk({"decompress", "-"}, {.input_file = name}) ==
                Read("tuned"));
  }
}

TEST_F(CliBasesTest, ChainsOfContainers) {
  // Each container's base is the one before.
  std::vector<std::string> models = {Base()};
  std::string previous = "base/model";
  for (int depth = 1; depth <= 4; ++depth) {
    models.push_back(TunedModel(static_cast<uint64_t>(100 * depth)));
    Write("m", models.back());
    const std::string container = "v" + std::to_string(depth) + ".ingot";
    RunOk({"compress", "--level", depth % 2 == 0 ? "5" : "3", "--base",
           previous, "m", "-o", container});
    EXPECT_EQ(Inspect(container)["depth"], depth);
    previous = container;
    // An unchanged tensor stays with the model that has it.
    EXPECT_EQ(Inspect(container)["files"][0]["tensors"][2]["method"],
              "outside");
  }
  Write("m", TunedModel(999));
  RunOk({"compress", "m", "-o", "alone"});
  RunOk({"compress", "--base", "v4.ingot", "m", "-o", "v5.ingot"});
  const Json fifth = Inspect("v5.ingot");
  EXPECT_EQ(fifth["depth"], 0);
  RunOk({"compress", "-f", "--max-depth", "5", "--base", "v4.ingot", "m", "-o",
         "v5.ingot"});
  EXPECT_EQ(Inspect("v5.ingot")["depth"], 5);
  RunOk({"compress", "-f", "--max-depth", "2", "--base", "v1.ingot", "m", "-o",
         "v2b.ingot"});
  EXPECT_EQ(Inspect("v2b.ingot")["depth"], 2);
  for (int depth = 1; depth <= 4; ++depth) {
    const std::string container = "v" + std::to_string(depth) + ".ingot";
    ExpectRestores(container, models[static_cast<size_t>(depth)]);
    const std::string elements =
        RunOk({"cat", container, "b", "--elements", "1000:1003"});
    const std::string wanted =
        Tuned(Weights(2), static_cast<uint64_t>(100 * depth + 1));
    EXPECT_TRUE(elements == wanted.substr(2000, 6)) << depth;
  }
  ExpectRestores("v5.ingot", Read("m"));
  // One link is gone.
  fs::rename(Path("v2.ingot"), Path("hidden"));
  RunFails({"verify", "v4.ingot"}, 1, "needs object ");
  ExpectRestores("v4.ingot", models[4], {"hidden"});
  ExpectRestores("v1.ingot", models[1]);
}

TEST_F(CliBasesTest, CyclesEnd) {
  Write("copy", Base());
  RunOk({"compress", "--base", "base/model", "tuned", "-o", "v1.ingot"});
  // The base from what is coded against it.
  RunOk({"compress", "--base", "v1.ingot", "--base", "copy", "base/model", "-o",
         "v2.ingot"});
  EXPECT_EQ(Inspect("v2.ingot")["depth"], 2);
  ExpectRestores("v2.ingot", Base(), {"copy"});
  fs::remove(Path("copy"));
  fs::remove(Path("base/model"));
  for (const char* name : {"v1.ingot", "v2.ingot"}) {
    RunFails({"verify", "--base", "v1.ingot", "--base", "v2.ingot", name}, 1,
             "needs object ");
    RunFails({"decompress", "-o", "out", "--base", ".", name}, 1,
             "needs object ");
  }
}

TEST_F(CliBasesTest, DamagedBaseContainers) {
  RunOk({"compress", "base/model", "-o", "stored.ingot"});
  RunOk({"compress", "--base", "stored.ingot", "tuned"});
  EXPECT_EQ(Inspect("tuned.ingot")["depth"], 1);
  fs::remove(Path("base/model"));
  ExpectRestores("tuned.ingot", Read("tuned"));
  std::string stored = Read("stored.ingot");
  stored[1000] ^= 1;
  Write("stored.ingot", stored);
  RunFails({"verify", "tuned.ingot"}, 3, "stored.ingot");
  RunFails({"compress", "-f", "--base", "stored.ingot", "tuned"}, 3,
           "stored.ingot");
  Write("stored.ingot", stored.substr(0, 5000));
  RunFails({"compress", "-f", "--base", "stored.ingot", "tuned"}, 3,
           "stored.ingot");
}

TEST_F(CliBasesTest, NothingIsItsOwnBase) {
  RunFails({"compress", "--base", "tuned", "tuned"}, 2, "own base");
  fs::create_hard_link(Path("tuned"), Path("base/link"));
  RunOk({"compress", "--base", ".", "tuned"});
  EXPECT_EQ(Inspect("tuned.ingot")["base_files"][0]["name"], "base/model");
  ExpectRestores("tuned.ingot", Read("tuned"));
  // The container that is replaced is none either.
  RunOk({"compress", "-f", "--base", ".", "tuned"});
  ExpectRestores("tuned.ingot", Read("tuned"));
  const std::string content = Read("tuned");
  fs::remove(Path("base/link"));
  RunOk({"compress", "-f", "--rm", "--base", "base", "tuned"});
  EXPECT_FALSE(Exists("tuned"));
  ExpectRestores("tuned.ingot", content);
}

TEST_F(CliBasesTest, Folders) {
  fs::create_directory(Path("models"));
  Write("models/one", TunedModel(5));
  Write("models/two", TunedModel(8));
  RunOk({"compress", "--base", "base", "models"});
  EXPECT_EQ(Inspect("models.ingot")["base_files"].size(), 1u);
  RunOk({"decompress", "-o", "out", "models.ingot"});
  EXPECT_TRUE(Read("out/one") == TunedModel(5));
  EXPECT_TRUE(Read("out/two") == TunedModel(8));
}

// Bits of the differences of bf16 elements given the base's exponent, by
// definition.
double EntropyBits(const std::string& elements, const std::string& base) {
  const auto load = [](const std::string& bytes, size_t i) {
    return static_cast<uint8_t>(bytes[2 * i]) |
           static_cast<uint8_t>(bytes[2 * i + 1]) << 8;
  };
  const auto value = [](int bits) {
    return bits & 0x8000 ? -(bits & 0x7FFF) : bits;
  };
  std::map<std::pair<int, int>, double> pairs;
  std::map<int, double> exponents;
  for (size_t i = 0; i < base.size() / 2; ++i) {
    const int from = load(base, i);
    const int exponent = from >> 7 & 0xFF;
    const int difference = value(load(elements, i)) - value(from);
    ++pairs[{exponent, from & 0x8000 ? -difference : difference}];
    ++exponents[exponent];
  }
  double bits = 0;
  for (const auto& [pair, count] : pairs) bits -= count * std::log2(count);
  for (const auto& [exponent, count] : exponents) {
    bits += count * std::log2(count);
  }
  return bits;
}

TEST_F(CliBasesTest, BenchShowsTheEntropyOfDifferences) {
  Write("other", Safetensors({Matrix("x", Weights(9))}));
  const Json results =
      Json::parse(RunOk({"bench", "--json", "--runs", "1", "--level", "1",
                         "--base", "base", "tuned", "other"}));
  ASSERT_EQ(results.size(), 2u);
  const Json& result = results[0];
  const std::string base_a = Weights(1);
  const std::string base_b = Weights(2);
  const std::string a = Tuned(base_a, 1);
  const std::string b = Tuned(base_b, 2);
  uint64_t changed = 0;
  for (size_t i = 0; i < a.size(); ++i) {  // only low bytes change
    changed += (a[i] != base_a[i]) + (b[i] != base_b[i]);
  }
  // "c" equals its base, "new" has none.
  const size_t raw = 3 * a.size();
  const double entropy = (EntropyBits(a, base_a) + EntropyBits(b, base_b)) / 8 /
                         static_cast<double>(raw);
  EXPECT_EQ(result["delta_raw_bytes"], raw);
  EXPECT_EQ(result["delta_elements"], raw / 2);
  EXPECT_EQ(result["delta_changed"], changed);
  EXPECT_NEAR(result["entropy"].get<double>() / entropy, 1, 0.05);
  const double size =
      result["delta_bytes"].get<double>() / static_cast<double>(raw);
  EXPECT_GT(size, 0.9 * entropy);
  EXPECT_LT(size, 2 * entropy);
  EXPECT_LT(result["delta_bytes"], result["encoded_bytes"]);
  // A file that the base has nothing for.
  EXPECT_EQ(results[1]["delta_raw_bytes"], 0u);
  EXPECT_EQ(results[1]["delta_bytes"], 0u);
  EXPECT_EQ(results[1]["entropy"], 1.0);
}

TEST_F(CliBasesTest, Usage) {
  RunFails({"compress", "--base"}, 2, "--base");
  RunFails({"compress", "--max-depth", "0", "tuned"}, 2, "max-depth");
  RunFails({"compress", "--max-depth", "17", "tuned"}, 2, "max-depth");
  RunFails({"compress", "--base", "nowhere", "tuned"}, 1, "nowhere");
  RunFails({"compress", "--base", "/dev/null", "tuned"}, 2, "/dev/null");
}

}  // namespace
}  // namespace ingot
