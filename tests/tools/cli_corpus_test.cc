// Every real file below INGOT_CORPUS comes back bit for bit: each alone, and
// all of them as one container.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/tools/cli_harness.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;

class CliCorpusTest : public CliTest {
 protected:
  void SetUp() override {
    const char* const corpus = std::getenv("INGOT_CORPUS");
    if (corpus == nullptr) GTEST_SKIP() << "INGOT_CORPUS is not set";
    corpus_ = corpus;
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(corpus_)) {
      if (entry.is_regular_file()) {
        files_.push_back(entry.path().lexically_relative(corpus_).string());
      }
    }
    ASSERT_FALSE(files_.empty()) << corpus_;
  }

  static std::string ReadAll(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path corpus_;
  std::vector<std::string> files_;
};

TEST_F(CliCorpusTest, EveryFile) {
  uint64_t raw = 0;
  uint64_t encoded = 0;
  for (const std::string& file : files_) {
    SCOPED_TRACE(file);
    RunOk({"compress", "-f", "-o", "packed.ingot", corpus_ / file});
    RunOk({"verify", "-q", "packed.ingot"});
    RunOk({"decompress", "-f", "-o", "restored", "packed.ingot"});
    EXPECT_TRUE(Read("restored") == ReadAll(corpus_ / file));
    raw += fs::file_size(corpus_ / file);
    encoded += fs::file_size(Path("packed.ingot"));
  }
  std::cout << files_.size() << " files, " << raw << " -> " << encoded
            << " bytes" << std::endl;
}

TEST_F(CliCorpusTest, TheWholeFolder) {
  RunOk({"compress", "-o", "corpus.ingot", corpus_});
  RunOk({"verify", "-q", "corpus.ingot"});
  RunOk({"decompress", "-o", "restored/", "corpus.ingot"});
  for (const std::string& file : files_) {
    EXPECT_TRUE(Read("restored/" + file) == ReadAll(corpus_ / file)) << file;
  }
}

}  // namespace
}  // namespace ingot
