#include "bench/results.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "bench/documents.h"
#include "tests/bench/sample_results.h"

namespace ingot {
namespace {

TEST(ResultsTest, JsonComesBack) {
  const std::string json = ResultsToJson(SampleResults());
  const Result<Results> results = ResultsFromJson(json);
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_EQ(ResultsToJson(*results), json);
  EXPECT_EQ(results->Find("W1")->Find("zstd-19")->encoded_bytes, 783000U);
  EXPECT_EQ(results->Find("W1")->Find("zstd-18"), nullptr);
}

TEST(ResultsTest, WrongJsonIsAnError) {
  const std::string json = ResultsToJson(SampleResults());
  EXPECT_FALSE(ResultsFromJson("").ok());
  EXPECT_FALSE(ResultsFromJson("[]").ok());
  EXPECT_FALSE(ResultsFromJson("{\"data\": 3}").ok());
  EXPECT_FALSE(ResultsFromJson(json.substr(0, json.size() / 2)).ok());
}

TEST(ResultsTest, CsvComesBack) {
  const Results results = SampleResults();
  const Result<std::vector<SizeRow>> rows = SizesFromCsv(ResultsToCsv(results));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ASSERT_EQ(rows->size(), 24U);
  EXPECT_EQ((*rows)[2], (SizeRow{"W1", "zstd-19", true, 1000000, 783000}));
  EXPECT_EQ((*rows)[12].data, "dir/a,b.pt");
  EXPECT_FALSE((*rows)[15].sample);
}

TEST(ResultsTest, WrongCsvNamesItsLine) {
  const std::string head = "data,codec,part,raw_bytes,encoded_bytes\n";
  for (const char* const line :
       {"W1,zstd-1,all,10", "W1,zstd-1,some,10,5", "W1,zstd-1,all,10,5,6",
        "W1,zstd-1,all,ten,5", "W1,zstd-1,all,0,5", "\"W1,zstd-1,all,10,5",
        "\"W1\"x,zstd-1,all,10,5", "", "W1,zstd-1,all,10,-5",
        "W1,zstd-1,all,10,99999999999999999999"}) {
    const auto rows = SizesFromCsv(head + line + "\n");
    ASSERT_FALSE(rows.ok()) << line;
    EXPECT_TRUE(rows.error().message.starts_with("line 2: ")) << line;
  }
  EXPECT_FALSE(SizesFromCsv("data,codec\n").ok());
  EXPECT_TRUE(SizesFromCsv(head).ok());
}

TEST(ResultsTest, ChangesAreListed) {
  const std::vector<SizeRow> before = {{"W1", "ingot-3", false, 10, 7},
                                       {"W1", "ingot-9", false, 10, 6},
                                       {"W2", "ingot-3", false, 10, 8}};
  const std::vector<SizeRow> after = {{"W1", "ingot-3", false, 10, 6},
                                      {"W1", "ingot-9", false, 10, 6},
                                      {"W3", "ingot-3", false, 10, 9}};
  EXPECT_EQ(CompareSizes(before, after),
            std::vector<std::string>{"W1: ingot-3: 7 -> 6 bytes"});
}

// The committed sizes are complete, and no codec stands twice for one thing.
TEST(ResultsTest, CommittedSizes) {
  std::ifstream file(INGOT_SOURCE_DIR "/bench/results.csv");
  const std::string csv{std::istreambuf_iterator<char>(file), {}};
  const Result<std::vector<SizeRow>> rows = SizesFromCsv(csv);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  std::set<std::string> seen;
  for (const SizeRow& row : *rows) {
    EXPECT_TRUE(seen.insert(row.data + "\n" + row.codec).second)
        << row.data << " " << row.codec;
    EXPECT_GT(row.encoded_bytes, 0U);
  }
  for (const char* const data : {"W1", "W2", "W3", "W5"}) {
    for (const char* const codec :
         {"ingot-1", "ingot-3", "ingot-5", "ingot-6", "ingot-7", "ingot-9",
          "zstd-1", "zstd-3", "zstd-19", "xz-9", "lz4", "blosc-lz4-5+shuffle",
          "blosc-lz4-5+bitshuffle", "blosc-zstd-5+shuffle",
          "blosc-zstd-5+bitshuffle", "blosc-zstd-9+shuffle"}) {
      EXPECT_TRUE(seen.contains(std::string(data) + "\n" + codec))
          << data << " " << codec;
    }
  }
}

TEST(DocumentsTest, SectionsAreReplaced) {
  const Results results = SampleResults();
  const std::string before =
      "a\n<!-- peers: corpus -->\nold\n<!-- /peers -->\nb\n"
      "<!-- peers: files --><!-- /peers -->";
  EXPECT_FALSE(UpdateDocument(results, before).ok());  // no line of its own
  const std::string document =
      "a\n<!-- peers: corpus -->\nold\n<!-- /peers -->\nb\n";
  const Result<std::string> updated = UpdateDocument(results, document);
  ASSERT_TRUE(updated.ok()) << updated.error().message;
  EXPECT_EQ(*updated, "a\n<!-- peers: corpus -->\n\n" +
                          MarkdownSection(results, "corpus") +
                          "\n<!-- /peers -->\nb\n");
  EXPECT_NE(updated->find("| **all**, 2 | 2,000,000 | 0.6630 |"),
            std::string::npos)
      << *updated;
  EXPECT_NE(updated->find("on 2 of the 2 files, level 9 on 2."),
            std::string::npos)
      << *updated;
  EXPECT_EQ(*UpdateDocument(results, *updated), *updated);
  // Nothing measured for it: it stays.
  EXPECT_EQ(*UpdateDocument({}, document), document);
}

TEST(DocumentsTest, WrongCommentsAreErrors) {
  for (const char* const document :
       {"<!-- peers: corpus -->\n", "<!-- peers: novel -->\n<!-- /peers -->",
        "<!-- peers: corpus\n<!-- /peers -->"}) {
    EXPECT_FALSE(UpdateDocument({}, document).ok()) << document;
  }
}

TEST(DocumentsTest, TablesHaveEveryCodecAndFile) {
  const Results results = SampleResults();
  const std::string workloads = MarkdownSection(results, "workloads");
  EXPECT_NE(workloads.find("| zstd-19 \\* | 0.7830 | 0.12 | 0.20 |"),
            std::string::npos)
      << workloads;
  const std::string files = MarkdownSection(results, "files");
  EXPECT_NE(files.find("| dir/a,b.pt | BF16 | 1,000,000 | 0.6630 | "
                       "**0.6540** |"),
            std::string::npos)
      << files;
  EXPECT_EQ(MarkdownSection(results, "novel"), "");
}

}  // namespace
}  // namespace ingot
