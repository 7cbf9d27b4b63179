// inspect --explain: the choice that it shows is the one that was made.

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

using nlohmann::json;

constexpr size_t kRows = 300;
constexpr size_t kColumns = 128;
constexpr size_t kElements = kRows * kColumns;

template <typename Make>
std::string Elements(const Make& make) {
  const std::string noise = RandomBytes(4 * kElements, 5);
  std::string bytes;
  for (size_t i = 0; i < kElements; ++i) {
    uint32_t random = 0;
    std::memcpy(&random, noise.data() + 4 * i, sizeof(random));
    const auto element = make(random);
    char text[sizeof(element)];
    std::memcpy(text, &element, sizeof(element));
    bytes.append(text, sizeof(text));
  }
  return bytes;
}

class CliExplainTest : public CliTest {
 protected:
  CliExplainTest() {
    const std::vector<uint64_t> shape = {kRows, kColumns};
    std::string sparse = WeightBytes(kElements, 2);
    for (size_t i = 0; i < kElements; i += 2) {
      std::memset(sparse.data() + 2 * i, 0, 2);
    }
    Write("m", Safetensors(
                   {{"weights", "BF16", shape, WeightBytes(kElements, 1)},
                    {"sparse", "BF16", shape, sparse},
                    {"palette", "F32", shape, Elements([](uint32_t random) {
                       return 0.1f + 0.37f * static_cast<float>(random % 13);
                     })},
                    {"integers", "F32", shape, Elements([](uint32_t random) {
                       return static_cast<float>(random % 100'000);
                     })},
                    {"i32", "I32", shape,
                     Elements([](uint32_t random) { return random % 1000; })},
                    {"zeros", "F32", shape, std::string(4 * kElements, '\0')},
                    {"bias", "F32", {4}, RandomBytes(16, 3)}}));
  }

  json Explain(const std::string& tensor,
               const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"inspect", "--json", "--explain",
                                          tensor, "m.ingot"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return json::parse(RunOk(arguments));
  }

  // The attempt of that name in a list.
  static json Find(const json& attempts, const std::string& candidate) {
    for (const json& attempt : attempts) {
      if (attempt["candidate"] == candidate) return attempt;
    }
    return nullptr;
  }
};

TEST_F(CliExplainTest, TheLevelIsFoundAgain) {
  for (const std::string level : {"1", "3", "6", "9"}) {
    RunOk({"compress", "-f", "--level", level, "m"});
    const json inspected = json::parse(RunOk({"inspect", "--json", "m.ingot"}));
    for (const json& tensor : inspected["files"][0]["tensors"]) {
      if (tensor["method"] == "literal") continue;
      const json report = Explain(tensor["name"]);
      const json& selection = report["selection"];
      EXPECT_EQ(selection["same_bytes"], true) << level << report;
      // One block: its winner is the method that the container holds.
      const json& group = selection["groups"][0];
      ASSERT_EQ(group["blocks"].size(), 1u);
      const json& block = group["blocks"][0];
      EXPECT_EQ(block["method"], tensor["method"]);
      EXPECT_EQ(report["held"]["side_bytes"], group["side_bytes"]);
      // Exactly one attempt is chosen; none that was smaller lost.
      int chosen = 0;
      for (const json& attempt : block["attempts"]) {
        if (attempt["outcome"] == "chosen") {
          ++chosen;
          EXPECT_EQ(attempt["candidate"], block["method"]);
          EXPECT_EQ(attempt["bytes"], block["payload_bytes"]);
        } else if (!attempt["bytes"].is_null()) {
          EXPECT_GE(attempt["bytes"], block["payload_bytes"]);
        }
      }
      EXPECT_EQ(chosen, 1) << report;
    }
  }
}

TEST_F(CliExplainTest, TellsWhatWasTried) {
  RunOk({"compress", "m"});
  const json weights = Explain("weights");
  EXPECT_EQ(weights["shape"], (json{kRows, kColumns}));
  EXPECT_EQ(weights["selection"]["level"], 3);
  const json& plan = weights["selection"]["groups"][0]["attempts"];
  for (const std::string name :
       {"palette", "integers", "scaled", "rows", "sparse", "bytes"}) {
    const json attempt = Find(plan, name);
    EXPECT_EQ(attempt["outcome"], "ruled out") << name;
    EXPECT_NE(attempt["why"], "") << name;
  }
  EXPECT_FALSE(Find(plan, "both scales").is_null());
  EXPECT_EQ(Find(plan, "tiered")["outcome"], "chosen");

  const auto block = [&](const std::string& tensor) {
    return Explain(tensor)["selection"]["groups"][0]["blocks"][0];
  };
  EXPECT_EQ(block("sparse")["method"], "sparse");
  const json palette = block("palette");
  EXPECT_EQ(palette["method"], "palette");
  EXPECT_EQ(palette["attempts"][0]["outcome"], "larger");
  EXPECT_EQ(block("integers")["method"], "integers");
  const json i32 = block("i32");
  EXPECT_EQ(i32["method"], "split");
  EXPECT_EQ(i32["attempts"][0]["outcome"], "larger");
  EXPECT_EQ(block("zeros")["method"], "constant");
  EXPECT_TRUE(Explain("bias")["selection"].is_null());
}

TEST_F(CliExplainTest, AnotherLevelOnDemand) {
  RunOk({"compress", "m"});
  const json report = Explain("weights", {"--level", "9"});
  EXPECT_EQ(report["selection"]["level"], 9);
  EXPECT_EQ(report["selection"]["same_bytes"], false);
  EXPECT_LT(report["selection"]["plane_bytes"], report["held"]["plane_bytes"]);
  const json group = report["selection"]["groups"][0];
  EXPECT_EQ(group["blocks"][0]["method"], "modelled/cm");
  EXPECT_EQ(Find(group["attempts"], "cm")["outcome"], "chosen");
}

TEST_F(CliExplainTest, Text) {
  RunOk({"compress", "m"});
  const std::string text =
      RunOk({"inspect", "--explain", "palette", "m.ingot"});
  for (const std::string part :
       {"palette: F32 [300,128], 153600 bytes\n", ", the same\n",
        "\ngroup 0: elements 0 to 38400, 1 block, ", "\ndetector ", "\nscales ",
        "\nexponents ", "\nmethod of a block ", "\npalette "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_NE(
      RunOk({"inspect", "--explain", "bias", "m.ingot"}).find("A literal"),
      std::string::npos);
}

TEST_F(CliExplainTest, Errors) {
  RunOk({"compress", "m"});
  RunFails({"inspect", "--explain", "nobody", "m.ingot"}, 1,
           "no tensor \"nobody\"");
  RunFails({"inspect", "--explain", "weights", "--file", "x", "m.ingot"}, 1,
           "x");
  RunFails({"inspect", "--level", "3", "m.ingot"}, 2, "--explain");
  RunFails({"inspect", "--explain", "weights", "--level", "10", "m.ingot"}, 2,
           "--level");
}

}  // namespace
}  // namespace ingot
