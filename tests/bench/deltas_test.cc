// Results of deltas as CSV, table and plot, and the documents they go to.

#include "bench/deltas.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "bench/documents.h"

namespace ingot {
namespace {

constexpr char kHead[] =
    "base,data,elements,changed,codec,raw_bytes,encoded_bytes\n";

std::vector<DeltaPair> SamplePairs() {
  return {{.base = std::string(kSyntheticBase),
           .data = "r=0.1",
           .elements = 100,
           .changed = 50,
           .sizes = {{"ingot-3", 200, 70}, {"xor + zstd-19", 200, 90}}},
          {.base = "dir/a,b.pt",
           .data = "dir/c.pt",
           .elements = 100,
           .changed = 25,
           .sizes = {{"ingot-3 alone", 400, 300},
                     {"ingot-3", 400, 120},
                     {"ingot-5", 400, 99},
                     {"ingot-9", 400, 98},
                     {"zstd-19 --patch-from", 400, 110},
                     {"entropy", 380, 95}}}};
}

TEST(DeltasTest, CsvComesBack) {
  const auto pairs = DeltasFromCsv(DeltasToCsv(SamplePairs(), "zstd 1"));
  ASSERT_TRUE(pairs.ok()) << pairs.error().message;
  EXPECT_EQ(*pairs, SamplePairs());
}

TEST(DeltasTest, WrongCsvNamesItsLine) {
  for (const char* const line :
       {"a,b,1,1,ingot-3,10", "a,b,1,2,ingot-3,10,5", "a,b,1,1,ingot-3,0,5",
        "a,b,1,1,ingot-3,10,5,6", "a,b,x,1,ingot-3,10,5", "\"a,b,1,1,c,10,5",
        "", "a,b,1,1,ingot-3,10,-5"}) {
    const auto pairs = DeltasFromCsv(std::string(kHead) + line + "\n");
    ASSERT_FALSE(pairs.ok()) << line;
    EXPECT_TRUE(pairs.error().message.starts_with("line 2: ")) << line;
  }
  EXPECT_FALSE(DeltasFromCsv("base,data\n").ok());
}

TEST(DeltasTest, TableSaysWhoIsBeaten) {
  const std::string table = DeltaTable(SamplePairs());
  EXPECT_EQ(table.find("r=0.1"), std::string::npos);
  EXPECT_NE(table.find("| 400 | 0.2500 | 0.7500 | 0.3000 | 0.2475 | "
                       "**0.2450** | 0.2750 | - | 0.2500 |"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("- a,b.pt \xE2\x86\x92 c.pt: ingot-3 by zstd-19 "
                       "--patch-from (120 and 110 bytes)\n"),
            std::string::npos)
      << table;
  EXPECT_TRUE(DeltaTable({SamplePairs()[0]}).empty());
}

TEST(DeltasTest, SectionsOfOneProgramOnly) {
  const std::string document =
      "a\n<!-- deltas: pairs -->\nold\n<!-- /deltas -->\n"
      "<!-- peers: files -->\nkept\n<!-- /peers -->\n";
  const auto text = [](std::string_view name) {
    return name == "pairs" ? std::optional<std::string>("new\n") : std::nullopt;
  };
  const auto updated = ReplaceSections(document, "deltas", text);
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(*updated,
            "a\n<!-- deltas: pairs -->\n\nnew\n\n<!-- /deltas -->\n"
            "<!-- peers: files -->\nkept\n<!-- /peers -->\n");
  EXPECT_FALSE(ReplaceSections("<!-- deltas: other -->\n<!-- /deltas -->",
                               "deltas", text)
                   .ok());
  EXPECT_FALSE(
      ReplaceSections("<!-- deltas: pairs -->\n", "deltas", text).ok());
}

// What is committed is complete, and below what its elements have raw.
TEST(DeltasTest, CommittedSizes) {
  std::ifstream file(INGOT_SOURCE_DIR "/bench/deltas.csv");
  const std::string csv{std::istreambuf_iterator<char>(file), {}};
  const auto pairs = DeltasFromCsv(csv);
  ASSERT_TRUE(pairs.ok()) << pairs.error().message;
  size_t synthetic = 0;
  for (const DeltaPair& pair : *pairs) {
    synthetic += pair.IsSynthetic() ? 1 : 0;
    for (const char* const codec : {"ingot-3", "ingot-5", "ingot-9"}) {
      const DeltaSize* const size = pair.Find(codec);
      ASSERT_NE(size, nullptr) << pair.data << " " << codec;
      EXPECT_LE(size->size(), pair.Find(kAlone)->size() * 1.001)
          << pair.data << " " << codec;
    }
  }
  EXPECT_EQ(synthetic, 14u);
  EXPECT_GT(pairs->size(), synthetic);
}

}  // namespace
}  // namespace ingot
