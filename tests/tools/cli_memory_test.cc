// 1 GiB goes through 256 MiB of memory, by file and by pipe; with a base,
// through 384 MiB.

#include <gtest/gtest.h>

#include <fstream>

#include "codec/bytes.h"
#include "tests/sanitized.h"
#include "tests/tools/cli_harness.h"
#include "tests/tools/samples.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxRss = int64_t{256} << 20;
constexpr int64_t kMaxRssWithBase = int64_t{384} << 20;
constexpr uint64_t kSize = uint64_t{1} << 30;

class CliMemoryTest : public CliTest {
 protected:
  void SetUp() override {
    if (kSanitized) {
      GTEST_SKIP() << "sanitizers need memory of their own";
    }
  }

  // `prefix` and then random pieces, again and again, up to kSize bytes behind
  // it.
  void WriteLarge(std::string_view prefix, const std::string& piece) const {
    std::ofstream out(Path("model"), std::ios::binary);
    out.write(prefix.data(), static_cast<std::streamsize>(prefix.size()));
    for (uint64_t done = 0; done < kSize; done += piece.size()) {
      out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    }
    out.close();
    ASSERT_TRUE(out.good());
  }

  void ExpectBounded(const std::vector<std::string>& base = {}) const {
    const auto run = [&](std::vector<std::string> arguments,
                         const RunOptions& options) {
      arguments.insert(arguments.end(), base.begin(), base.end());
      const RunResult result = Run(arguments, options);
      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_LE(result.max_rss_bytes, base.empty() ? kMaxRss : kMaxRssWithBase)
          << testing::PrintToString(arguments);
      std::cout << (result.max_rss_bytes >> 20)
                << " MiB: " << testing::PrintToString(arguments) << std::endl;
    };
    run({"compress", "-T2", "model"}, {});
    run({"decompress", "-T2", "-o", "restored", "model.ingot"}, {});
    ExpectSameFiles("model", "restored");
    run({"decompress", "-T2", "-f", "-o", "restored", "-"},
        {.piped_file = "model.ingot"});
    ExpectSameFiles("model", "restored");
    fs::remove(Path("restored"));
    run({"compress", "-T2", "-f", "-o", "model.ingot", "-"},
        {.piped_file = "model"});
    run({"verify", "-T2", "model.ingot"}, {});
    fs::remove(Path("model.ingot"));
  }

  void ExpectSameFiles(std::string_view a, std::string_view b) const {
    std::ifstream left(Path(a), std::ios::binary);
    std::ifstream right(Path(b), std::ios::binary);
    std::string one(1 << 20, '\0');
    std::string two(1 << 20, '\0');
    while (left.read(one.data(), 1 << 20).gcount() > 0) {
      right.read(two.data(), 1 << 20);
      ASSERT_EQ(left.gcount(), right.gcount());
      ASSERT_TRUE(one == two);
    }
    right.read(two.data(), 1);
    EXPECT_EQ(right.gcount(), 0);
  }
};

// What a safetensors file of one tensor begins with.
std::string LargeHeader() {
  const std::string header =
      R"({"w":{"dtype":"BF16","shape":[131072,4096],"data_offsets":[0,)" +
      std::to_string(kSize) + "]}}";
  std::string length(8, '\0');
  StoreLittleEndian(length.data(), uint64_t{header.size()});
  return length + header;
}

TEST_F(CliMemoryTest, OneLargeTensor) {
  WriteLarge(LargeHeader(), WeightBytes(4 << 20, 1));
  ExpectBounded();
}

TEST_F(CliMemoryTest, ALargeBase) {
  std::string piece = WeightBytes(4 << 20, 1);
  WriteLarge(LargeHeader(), piece);
  fs::rename(Path("model"), Path("base"));
  for (size_t i = 0; i < piece.size(); i += 6) piece[i] ^= 1;
  WriteLarge(LargeHeader(), piece);
  ExpectBounded({"--base", "base"});
  // A base that is decoded on the way.
  ASSERT_EQ(Run({"compress", "-T2", "-1", "base"}).exit_code, 0);
  fs::remove(Path("base"));
  ExpectBounded({"--base", "base.ingot"});
}

TEST_F(CliMemoryTest, OpaqueBytes) {
  // A length that keeps the regions from being equal.
  WriteLarge("", RandomBytes((8 << 20) + 4099, 1));
  ExpectBounded();
}

}  // namespace
}  // namespace ingot
