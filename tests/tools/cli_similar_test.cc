// similar: which files are found to be kin, and how it says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "codec/bytes.h"
#include "tests/sanitized.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr size_t kRows = 1024;
constexpr size_t kColumns = 64;
constexpr size_t kRowBytes = kColumns * 2;

// bf16 weights of which one in `every` has moved to the next number.
std::string Changed(std::string weights, size_t every) {
  for (size_t i = 0; i < weights.size(); i += 2 * every) weights[i] ^= 1;
  return weights;
}

std::string Model(const std::string& name, const std::string& first,
                  const std::string& second) {
  return Safetensors(
      {{name + ".first", "BF16", {first.size() / kRowBytes, kColumns}, first},
       {name + ".second",
        "BF16",
        {second.size() / kRowBytes, kColumns},
        second}});
}

// Whether tags are nested, attributes quoted and no other '<' or '&' occurs.
bool IsWellFormed(std::string_view xml) {
  std::vector<std::string_view> open;
  size_t roots = 0;
  while (!xml.empty()) {
    if (xml[0] == '&') {
      const size_t end = xml.find(';');
      if (end == std::string_view::npos || end > 5) return false;
      xml.remove_prefix(end + 1);
    } else if (xml[0] != '<') {
      if (open.empty() && xml[0] != '\n') return false;
      xml.remove_prefix(1);
    } else {
      size_t end = 1;
      bool quoted = false;
      for (; end < xml.size() && (quoted || xml[end] != '>'); ++end) {
        if (xml[end] == '<') return false;
        if (xml[end] == '"') quoted = !quoted;
      }
      if (end == xml.size()) return false;
      const std::string_view tag = xml.substr(1, end - 1);
      xml.remove_prefix(end + 1);
      if (tag.starts_with('/')) {
        if (open.empty() || open.back() != tag.substr(1)) return false;
        open.pop_back();
      } else if (!tag.ends_with('/')) {
        roots += open.empty();
        open.push_back(tag.substr(0, tag.find(' ')));
      }
    }
  }
  return open.empty() && roots == 1;
}

class CliSimilarTest : public CliTest {
 protected:
  CliSimilarTest() {
    Write("base", Model("base", first_, second_));
    Write("tuned", Model("renamed", Changed(second_, 4), Changed(first_, 4)));
    Write("other", Model("base", WeightBytes(kRows * kColumns, 11),
                         WeightBytes(kRows * kColumns, 12)));
  }

  json Compare(std::vector<std::string> paths) const {
    std::vector<std::string> arguments = {"similar", "--json", "--tensors"};
    arguments.insert(arguments.end(), paths.begin(), paths.end());
    return json::parse(RunOk(arguments));
  }

  const std::string first_ = WeightBytes(kRows * kColumns, 1);
  const std::string second_ = WeightBytes(kRows * kColumns, 2);
};

TEST_F(CliSimilarTest, RenamedTensorsFindTheirBase) {
  const json report = Compare({"base", "tuned", "other"});
  ASSERT_EQ(report["files"].size(), 3u);
  EXPECT_EQ(report["files"][0]["path"], "base");
  EXPECT_EQ(report["files"][0]["best_base"], "tuned");
  EXPECT_EQ(report["files"][1]["best_base"], "base");
  EXPECT_TRUE(report["files"][2]["best_base"].is_null());
  ASSERT_EQ(report["pairs"].size(), 6u);
  const json& pair = report["pairs"][2];
  EXPECT_EQ(pair["file"], "tuned");
  EXPECT_EQ(pair["base"], "base");
  // One in four moved up or down by one: 0.81 bits for where, a fourth for
  // the direction, in 16.
  EXPECT_NEAR(pair["size"], (0.811 + 0.25) / 16, 0.02);
  EXPECT_NEAR(pair["distance"], 0.06, 0.06);
  EXPECT_NEAR(pair["estimated_bytes"].get<double>(),
              pair["size"].get<double>() *
                  report["files"][1]["raw_bytes"].get<double>(),
              1);
  ASSERT_EQ(pair["tensors"].size(), 2u);
  EXPECT_EQ(pair["tensors"][0]["name"], "renamed.first");
  EXPECT_EQ(pair["tensors"][0]["bases"][0]["name"], "base.second");
  EXPECT_EQ(pair["tensors"][1]["bases"][0]["name"], "base.first");
  EXPECT_EQ(pair["tensors"][1]["bases"][0]["elements"], kRows * kColumns);
  // The unrelated: nothing found, nothing gained.
  const json& none = report["pairs"][1];
  EXPECT_EQ(none["base"], "other");
  EXPECT_TRUE(none["tensors"].empty());
  EXPECT_EQ(none["size"], report["files"][0]["size_alone"]);
  EXPECT_NEAR(none["size"], 0.66, 0.03);
  EXPECT_NEAR(none["distance"], 0.66, 0.01);
}

TEST_F(CliSimilarTest, ShardsAndExtensions) {
  const std::string shard =
      Changed(first_, 50).substr(256 * kRowBytes, 512 * kRowBytes);
  const std::string extended = second_ + WeightBytes(100 * kColumns, 3);
  Write("parts", Model("part", shard, extended));
  const json pair = Compare({"parts", "base"})["pairs"][0];
  ASSERT_EQ(pair["tensors"].size(), 2u);
  const json& of_shard = pair["tensors"][0]["bases"][0];
  EXPECT_EQ(of_shard["name"], "base.first");
  EXPECT_EQ(of_shard["first_element"], 0);
  EXPECT_EQ(of_shard["base_first_element"], 256 * kColumns);
  EXPECT_EQ(of_shard["elements"], 512 * kColumns);
  EXPECT_LT(pair["tensors"][0]["size"], 0.02);
  const json& of_extended = pair["tensors"][1]["bases"][0];
  EXPECT_EQ(of_extended["name"], "base.second");
  EXPECT_EQ(of_extended["base_first_element"], 0);
  EXPECT_EQ(of_extended["elements"], kRows * kColumns);
  // What was appended has no base.
  EXPECT_NEAR(pair["tensors"][1]["size"], 0.66 * 100 / 1124, 0.02);
}

TEST_F(CliSimilarTest, ContainersAreLikeTheirFiles) {
  const json files = Compare({"base", "tuned"});
  RunOk({"compress", "base"});
  RunOk({"compress", "-7", "tuned"});
  const json containers = Compare({"base.ingot", "tuned.ingot"});
  ASSERT_EQ(containers["pairs"].size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    for (const char* const key : {"distance", "size", "tensors"}) {
      EXPECT_EQ(containers["pairs"][i][key], files["pairs"][i][key]) << key;
    }
  }
  EXPECT_EQ(Compare({"base", "base.ingot"})["pairs"][1]["distance"],
            Compare({"base.ingot", "base"})["pairs"][0]["distance"]);
}

TEST_F(CliSimilarTest, FoldersCountFilesWithElements) {
  std::filesystem::create_directories(Path("hub/deep"));
  Write("hub/a.safetensors", Read("base"));
  Write("hub/deep/b.safetensors", Read("tuned"));
  Write("hub/README.md", std::string(10000, 'x'));
  const json report = Compare({"hub"});
  ASSERT_EQ(report["files"].size(), 2u);
  EXPECT_EQ(report["files"][0]["path"], "a.safetensors");
  EXPECT_EQ(report["files"][0]["best_base"], "deep/b.safetensors");
  // Named twice, it counts once.
  EXPECT_EQ(Compare({"hub", "hub/a.safetensors"})["files"].size(), 2u);
}

TEST_F(CliSimilarTest, Text) {
  const std::string two = RunOk({"similar", "base", "tuned"});
  EXPECT_THAT(two, HasSubstr("file   best base"));
  EXPECT_THAT(two, HasSubstr("\ntuned  base "));
  EXPECT_THAT(two, Not(HasSubstr("size given")));
  const std::string three =
      RunOk({"similar", "--tensors", "base", "tuned", "other"});
  EXPECT_THAT(three, HasSubstr("\nother  -  "));
  EXPECT_THAT(three, HasSubstr("size given"));
  EXPECT_THAT(three, HasSubstr("\ntuned given base\n"));
  EXPECT_THAT(three, HasSubstr("\nrenamed.first   BF16   base.second "));
}

TEST_F(CliSimilarTest, Svg) {
  Write("<&\">\n", Read("other"));
  RunOk({"similar", "--svg", "map.svg", "base", "<&\">\n", "tuned"});
  const std::string svg = Read("map.svg");
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(IsWellFormed(svg)) << svg;
  EXPECT_THAT(svg, HasSubstr(">&lt;&amp;&quot;&gt;\\x0a</text>"));
  // The kin are neighbours, joined once.
  const size_t base = svg.find(">base<");
  const size_t tuned = svg.find(">tuned<");
  const size_t other = svg.find(">&lt;");
  ASSERT_NE(base, std::string::npos);
  EXPECT_LT(base, tuned);
  EXPECT_LT(tuned, other);
  EXPECT_NE(svg.find("<polyline"), std::string::npos);
  EXPECT_EQ(svg.find("<polyline"), svg.rfind("<polyline"));
  // Nothing is overwritten unasked.
  RunFails({"similar", "--svg", "map.svg", "base", "other"}, 1, "map.svg");
  EXPECT_EQ(Read("map.svg"), svg);
  RunOk({"similar", "-f", "--svg", "map.svg", "base", "other"});
  EXPECT_NE(Read("map.svg"), svg);
  EXPECT_TRUE(IsWellFormed(Read("map.svg")));
}

TEST_F(CliSimilarTest, WellFormedMeansSomething) {
  EXPECT_TRUE(IsWellFormed("<a x=\"1>2\"><b/>&lt;</a>\n"));
  for (const std::string_view bad :
       {"<a>", "<a></b>", "<a/>x", "<a>&</a>", "<a></a><b></b>", "<a><</a>"}) {
    EXPECT_FALSE(IsWellFormed(bad)) << bad;
  }
}

TEST_F(CliSimilarTest, SmallAndEmptyFiles) {
  Write("empty", "");
  Write("tiny", "abc");
  const json report = Compare({"empty", "tiny", "base"});
  for (const json& file : report["files"]) {
    EXPECT_TRUE(file["best_base"].is_null());
  }
  EXPECT_TRUE(report["files"][1]["size_alone"] == 1.0);
}

TEST_F(CliSimilarTest, Failures) {
  RunFails({"similar"}, 2, "PATH");
  RunFails({"similar", "base"}, 2, "two model files");
  RunFails({"similar", "base", "base"}, 2, "two model files");
  RunFails({"similar", "base", "nobody"}, 1, "nobody");
  RunFails({"similar", "base", "other", "--dtype", "bf17"}, 2, "bf17");
  RunOk({"compress", "base"});
  std::string container = Read("base.ingot");
  container[container.size() / 3] ^= 1;
  Write("damaged.ingot", container);
  RunFails({"similar", "damaged.ingot", "base"}, 3, "damaged.ingot");
}

// A gigabyte each that takes no room on disk.
TEST_F(CliSimilarTest, ReadsLittleOfLargeFiles) {
  for (const std::string name : {"one", "two"}) {
    std::ofstream(Path(name)).close();
    std::filesystem::resize_file(Path(name), uint64_t{1} << 30);
  }
  const RunResult result =
      Run({"similar", "--dtype", "bf16", "--columns", "4096", "one", "two"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  if (!kSanitized) {
    EXPECT_LT(result.max_rss_bytes, int64_t{64} << 20);
  }
}

}  // namespace
}  // namespace ingot
