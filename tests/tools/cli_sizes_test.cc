// What a container costs a small file, and a folder of shards.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// With name, mode, time and digest.
constexpr uint64_t kMostForSmallFiles = 300;

class CliSizesTest : public CliTest {};

TEST_F(CliSizesTest, SmallFilesCostAtMost300Bytes) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"empty", ""},
      {"byte", "x"},
      {"hundred", RandomBytes(100, 1)},
      {"page", RandomBytes(4096, 2)},
      {"odd", RandomBytes(5000, 3)},
      {"tensor", Safetensors({{"weight", "F32", {16}, RandomBytes(64, 4)}})},
      {"tensors", Safetensors({{"a", "BF16", {8, 8}, RandomBytes(128, 5)},
                               {"b", "F32", {10}, RandomBytes(40, 6)},
                               {"empty", "F32", {0}, ""},
                               {"scalar", "I64", {}, RandomBytes(8, 7)}})},
      // An object of its own costs a digest and a place in the index more;
      // weights gain as much.
      {"object", Safetensors({{"w", "BF16", {64, 40}, WeightBytes(2560, 8)}})},
  };
  for (const auto& [name, content] : files) {
    Write(name, content);
    for (const std::string level : {"1", "3", "5", "9"}) {
      RunOk({"compress", "-f", "--level", level, name});
      const uint64_t size = fs::file_size(Path(name + ".ingot"));
      EXPECT_LE(size, content.size() + kMostForSmallFiles)
          << name << " of " << content.size() << " bytes, level " << level;
      RunOk({"decompress", "-f", "-o", "back", name + ".ingot"});
      EXPECT_TRUE(Read("back") == content) << name;
    }
  }
}

TEST_F(CliSizesTest, ShardsWithTheirIndex) {
  const std::string embed = WeightBytes(200 * 64, 1);
  const std::string first = Safetensors(
      {{"embed", "BF16", {200, 64}, embed},
       {"layers.0.weight", "BF16", {64, 64}, WeightBytes(64 * 64, 2)}});
  // The tied head lies in the other shard.
  const std::string second = Safetensors(
      {{"layers.1.weight", "BF16", {64, 64}, WeightBytes(64 * 64, 3)},
       {"lm_head.weight", "BF16", {200, 64}, embed}});
  const std::string index = R"({
  "metadata": {"total_size": 67584},
  "weight_map": {
    "embed": "model-00001-of-00002.safetensors",
    "layers.0.weight": "model-00001-of-00002.safetensors",
    "layers.1.weight": "model-00002-of-00002.safetensors",
    "lm_head.weight": "model-00002-of-00002.safetensors"
  }
}
)";
  fs::create_directory(Path("model"));
  const std::vector<std::pair<std::string, std::string>> files = {
      {"model-00001-of-00002.safetensors", first},
      {"model-00002-of-00002.safetensors", second},
      {"model.safetensors.index.json", index}};
  for (const auto& [name, content] : files) Write("model/" + name, content);
  RunOk({"compress", "model"});

  const json report = json::parse(RunOk({"inspect", "--json", "model.ingot"}));
  ASSERT_EQ(report["files"].size(), 3u);
  EXPECT_EQ(report["files"][0]["format"], "safetensors");
  EXPECT_EQ(report["files"][1]["format"], "safetensors");
  EXPECT_EQ(report["files"][2]["path"], "model.safetensors.index.json");
  EXPECT_EQ(report["files"][2]["format"], "opaque");
  EXPECT_EQ(report["files"][2]["note"], "");
  // embed, two layers; the head is embed again.
  EXPECT_EQ(report["totals"]["objects"], 3);
  const json& head = report["files"][1]["tensors"][1];
  EXPECT_EQ(head["name"], "lm_head.weight");
  EXPECT_EQ(head["shared"], true);

  EXPECT_TRUE(RunOk({"cat", "model.ingot", "lm_head.weight"}) == embed);
  RunOk({"verify", "model.ingot"});
  RunOk({"decompress", "-o", "back", "model.ingot"});
  for (const auto& [name, content] : files) {
    EXPECT_TRUE(Read("back/" + name) == content) << name;
  }
}

}  // namespace
}  // namespace ingot
