// inspect, cat and bench: what they say about a container agrees with it.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codec/digest.h"
#include "tests/formats/gguf_writer.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class CliViewsTest : public CliTest {
 protected:
  CliViewsTest() {
    Write("model.safetensors", model_);
    RunOk({"compress", "model.safetensors", "-o", "model.ingot"});
  }

  uint64_t DataOffset() const {
    return 8 + LoadLittleEndian<uint64_t>(model_.data());
  }

  const std::string model_ = TiedModel(1);
};

TEST_F(CliViewsTest, InspectJson) {
  const json report = json::parse(RunOk({"inspect", "--json", "model.ingot"}));
  const uint64_t size = fs::file_size(Path("model.ingot"));
  EXPECT_EQ(report["container"], "model.ingot");
  EXPECT_EQ(report["encoded_bytes"], size);
  EXPECT_EQ(report["raw_bytes"], model_.size());
  ASSERT_EQ(report["files"].size(), 1u);
  const json& file = report["files"][0];
  EXPECT_EQ(file["path"], "model.safetensors");
  EXPECT_EQ(file["format"], "safetensors");
  EXPECT_EQ(file["note"], "");
  EXPECT_EQ(file["bytes"], model_.size());
  EXPECT_EQ(file["sha256"], ToHex(HashBytes(AsBytes(model_))));
  EXPECT_EQ(file["literal_bytes"], DataOffset());
  ASSERT_EQ(file["tensors"].size(), 8u);

  const json& embed = file["tensors"][0];
  EXPECT_EQ(embed["name"], "embed");
  EXPECT_EQ(embed["dtype"], "BF16");
  EXPECT_EQ(embed["shape"], (json{200, 64}));
  EXPECT_EQ(embed["raw_bytes"], 200 * 64 * 2);
  EXPECT_EQ(embed["shared"], false);
  const double encoded = embed["encoded_bytes"];
  EXPECT_GT(encoded, 0);
  EXPECT_LT(encoded, 200 * 64 * 2 * 0.75);
  EXPECT_DOUBLE_EQ(embed["size"], encoded / (200 * 64 * 2));
  EXPECT_DOUBLE_EQ(embed["bits_per_element"], encoded * 8 / (200 * 64));
  EXPECT_GT(embed["bits_per_exponent"], 1.0);
  EXPECT_LT(embed["bits_per_exponent"], 8.0);

  const json& scalar = file["tensors"][2];
  EXPECT_EQ(scalar["shape"], json::array());
  EXPECT_EQ(scalar["method"], "literal");
  EXPECT_TRUE(scalar["encoded_bytes"].is_null());
  const json& head = file["tensors"][6];
  EXPECT_EQ(head["name"], "head");
  EXPECT_EQ(head["shared"], true);
  EXPECT_EQ(head["encoded_bytes"], embed["encoded_bytes"]);

  uint64_t sum = 0;
  for (const std::string cause :
       {"exponent_bytes", "remainder_bytes", "byte_bytes", "side_bytes",
        "overhead_bytes", "literal_bytes", "record_bytes", "index_bytes"}) {
    sum += report["totals"][cause].get<uint64_t>();
  }
  EXPECT_EQ(sum, size);
}

TEST_F(CliViewsTest, InspectText) {
  const std::string text = RunOk({"inspect", "model.ingot"});
  for (const std::string& part :
       {"model.ingot: " + std::to_string(fs::file_size(Path("model.ingot"))) +
            " bytes for 1 file of " + std::to_string(model_.size()) + " bytes",
        std::string("\nfile model.safetensors: safetensors, "),
        std::string("\nembed "), std::string(" [200,64] "),
        std::string(" (shared) "), std::string("\nencoded bytes by cause ")}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST_F(CliViewsTest, CatTensors) {
  const std::string embed = WeightBytes(200 * 64, 1);
  const auto cat = [&](const std::string& elements) {
    return RunOk({"cat", "model.ingot", "embed", "--elements", elements});
  };
  EXPECT_TRUE(RunOk({"cat", "model.ingot", "embed"}) == embed);
  EXPECT_TRUE(RunOk({"cat", "model.ingot", "head"}) == embed);
  EXPECT_EQ(cat("0:1"), embed.substr(0, 2));
  EXPECT_TRUE(cat("777:8200") == embed.substr(2 * 777, 2 * (8200 - 777)));
  EXPECT_EQ(cat(":3"), embed.substr(0, 6));
  EXPECT_EQ(cat("12799:"), embed.substr(2 * 12799));
  EXPECT_EQ(cat("5:5"), "");
  EXPECT_EQ(cat("12800:12800"), "");
  EXPECT_EQ(RunOk({"cat", "model.ingot", "empty"}), "");
  EXPECT_EQ(RunOk({"cat", "model.ingot", "flags", "--elements", "1:"}), "\1\1");
  RunFails({"cat", "model.ingot", "embed", "--elements", "0:12801"}, 2,
           "12800 elements");
  RunFails({"cat", "model.ingot", "embed", "--elements", "2:1"}, 2, "2:1");
  RunFails({"cat", "model.ingot", "nobody"}, 1, "no tensor \"nobody\"");
  RunFails({"cat", "model.ingot", "embed", "--file", "other"}, 1, "other");
}

TEST_F(CliViewsTest, CatElementsSmallerThanBytes) {
  Write("small", Safetensors({{"f4", "F4", {10000}, RandomBytes(5000, 1)},
                              {"f6", "F6_E2M3", {8}, "123456"}}));
  RunOk({"compress", "small"});
  EXPECT_EQ(RunOk({"cat", "small.ingot", "f4", "--elements", "2:6"}),
            RandomBytes(5000, 1).substr(1, 2));
  EXPECT_EQ(RunOk({"cat", "small.ingot", "f6", "--elements", "4:8"}), "456");
  RunFails({"cat", "small.ingot", "f4", "--elements", "1:3"}, 2,
           "does not begin at a byte");
}

TEST_F(CliViewsTest, CatElementsOfPackedBlocks) {
  GgufWriter gguf;
  const std::string blocks = RandomBytes(400 * 18, 1);
  gguf.Tensor("q", {64, 200}, 2, blocks);
  Write("model.gguf", gguf.Finish());
  RunOk({"compress", "model.gguf"});
  EXPECT_TRUE(RunOk({"cat", "model.gguf.ingot", "q"}) == blocks);
  EXPECT_EQ(RunOk({"cat", "model.gguf.ingot", "q", "--elements", "64:128"}),
            blocks.substr(36, 36));
  RunFails({"cat", "model.gguf.ingot", "q", "--elements", "64:127"}, 2,
           "element 127 lies inside a block of 32");
}

TEST_F(CliViewsTest, CatBytes) {
  const auto cat = [&](uint64_t begin, uint64_t end) {
    return RunOk({"cat", "model.ingot", "--bytes",
                  std::to_string(begin) + ":" + std::to_string(end)});
  };
  EXPECT_TRUE(RunOk({"cat", "model.ingot"}) == model_);
  for (const uint64_t begin :
       {uint64_t{0}, uint64_t{7}, DataOffset() - 1, DataOffset() + 25599,
        uint64_t{model_.size() - 1}, uint64_t{model_.size()}}) {
    for (const uint64_t length : {0, 1, 3, 30000}) {
      const uint64_t end = std::min<uint64_t>(begin + length, model_.size());
      EXPECT_TRUE(cat(begin, end) == model_.substr(begin, end - begin))
          << begin << ":" << end;
    }
  }
  RunFails({"cat", "model.ingot", "--bytes",
            "0:" + std::to_string(model_.size() + 1)},
           2, "bytes of the file");
}

TEST_F(CliViewsTest, CatOneOfManyFiles) {
  Write("repo/a.safetensors", SampleModel(1));
  Write("repo/b.safetensors", SampleModel(2));
  RunOk({"compress", "repo"});
  RunFails({"cat", "repo.ingot", "embed"}, 2, "--file");
  EXPECT_TRUE(RunOk({"cat", "repo.ingot", "embed", "--file",
                     "b.safetensors"}) == WeightBytes(200 * 64, 2));
  EXPECT_TRUE(RunOk({"cat", "repo.ingot", "--file", "b.safetensors"}) ==
              SampleModel(2));
  RunFails({"cat", "repo.ingot", "--bytes", "0:1"}, 2, "say which");
  RunFails({"cat", "repo.ingot", "--file", "c"}, 1, "c");
}

TEST_F(CliViewsTest, BenchJsonCountsTheWholeContainer) {
  const std::string text =
      RunOk({"bench", "--json", "--runs", "1", "--level", "1", "--level", "3",
             "-T2", "model.safetensors"},
            {.environment = {"INGOT_KERNEL=scalar"}});
  const json results = json::parse(text);
  ASSERT_EQ(results.size(), 2u);
  const std::vector<std::string> keys = {
      "file",        "level",       "threads",       "kernel",
      "raw_bytes",   "copies",      "encoded_bytes", "size",
      "encode_gbps", "decode_gbps", "memcpy_gbps",   "ntcopy_gbps",
      "roundtrip_ok"};
  for (const json& result : results) {
    EXPECT_EQ(result.size(), keys.size());
    for (const std::string& key : keys) EXPECT_TRUE(result.contains(key));
    EXPECT_EQ(result["file"], "model.safetensors");
    EXPECT_EQ(result["threads"], 2);
    EXPECT_EQ(result["kernel"], "scalar");
    EXPECT_EQ(result["raw_bytes"], model_.size());
    EXPECT_EQ(result["copies"], 1);
    EXPECT_EQ(result["roundtrip_ok"], true);
    for (const std::string speed :
         {"encode_gbps", "decode_gbps", "memcpy_gbps", "ntcopy_gbps"}) {
      EXPECT_GT(result[speed], 0.0) << speed;
    }
    const int level = result["level"];
    RunOk({"compress", "-f", "--level", std::to_string(level),
           "model.safetensors"});
    EXPECT_EQ(result["encoded_bytes"],
              fs::file_size(Path("model.safetensors.ingot")));
  }
  EXPECT_EQ(results[0]["level"], 1);
  EXPECT_EQ(results[1]["level"], 3);
}

TEST_F(CliViewsTest, BenchTable) {
  Write("empty", "");
  const std::string text =
      RunOk({"bench", "--runs", "1", "model.safetensors", "empty"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  EXPECT_EQ(text.find("DIFFERENT"), std::string::npos);
}

}  // namespace
}  // namespace ingot
