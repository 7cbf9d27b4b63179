// The containers in tests/golden, one by one. With INGOT_UPDATE_GOLDEN=1 in
// the environment they, and the seeds in tests/fuzz/corpus, are written first.

#include <gtest/gtest.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "tests/codec/golden_cases.h"
#include "tests/codec/map_source.h"
#include "tests/codec/restore.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;

// The libzstd whose frames must-encode was made with (Debian 12).
constexpr unsigned kZstdVersion = 10504;

fs::path TestsFolder() { return fs::path(INGOT_SOURCE_DIR) / "tests"; }

fs::path PathOf(const std::string& folder, const GoldenFile& golden) {
  return TestsFolder() / "golden" / folder / (golden.name + ".ingot");
}

void WriteFile(const fs::path& path, const Bytes& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.good()) << path;
}

Bytes ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const ByteSpan bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

bool Updating() {
  const char* update = std::getenv("INGOT_UPDATE_GOLDEN");
  return update != nullptr && std::string_view(update) == "1";
}

// Writes the files if asked to; else there is one for every case and no other.
void Prepare(const std::string& folder, const std::vector<GoldenFile>& all) {
  if (Updating()) {
    fs::remove_all(TestsFolder() / "golden" / folder);
    for (const GoldenFile& golden : all) {
      WriteFile(PathOf(folder, golden), golden.bytes);
    }
  }
  std::set<std::string> expected;
  for (const GoldenFile& golden : all) expected.insert(golden.name + ".ingot");
  std::set<std::string> found;
  for (const auto& entry :
       fs::directory_iterator(TestsFolder() / "golden" / folder)) {
    found.insert(entry.path().filename().string());
  }
  EXPECT_EQ(found, expected);
}

void ExpectRestores(const GoldenFile& golden, const Bytes& container) {
  MapSource bases;
  for (const Bytes& base : golden.bases) bases.Add(base);
  const Status verified = VerifyContainer(container, &bases);
  EXPECT_TRUE(verified.ok()) << golden.name << ": " << verified.error().message;
  const Restored restored = RestoreWithReader(
      container, {.threads = 1, .verify_digests = true, .references = &bases});
  EXPECT_TRUE(restored.ok()) << golden.name << ": " << restored.message();
  EXPECT_TRUE(restored.files == golden.files) << golden.name;
}

TEST(GoldenTest, MustDecode) {
  const std::vector<GoldenFile> all = MustDecode();
  Prepare("must-decode", all);
  for (const GoldenFile& golden : all) {
    ExpectRestores(golden, ReadFile(PathOf("must-decode", golden)));
  }
}

TEST(GoldenTest, MustFail) {
  const std::vector<GoldenFile> all = MustFail();
  Prepare("must-fail", all);
  for (const GoldenFile& golden : all) {
    const Bytes container = ReadFile(PathOf("must-fail", golden));
    MapSource bases;
    for (const Bytes& base : golden.bases) bases.Add(base);
    const Status verified = VerifyContainer(container, &bases);
    ASSERT_FALSE(verified.ok()) << golden.name;
    const std::string kind(ErrorKindName(verified.error().kind));
    EXPECT_TRUE(golden.name.starts_with(kind + "-"))
        << golden.name << ": " << kind << ": " << verified.error().message;
    const Restored streamed = RestoreWithStream(
        container, SIZE_MAX,
        {.threads = 1, .verify_digests = true, .references = &bases});
    EXPECT_TRUE(IsRefusal(streamed.status)) << golden.name;
  }
}

TEST(GoldenTest, MustEncode) {
  const std::vector<GoldenFile> all = MustEncode();
  Prepare("must-encode", all);
  for (const GoldenFile& golden : all) {
    ExpectRestores(golden, ReadFile(PathOf("must-encode", golden)));
  }
  if (ZSTD_versionNumber() != kZstdVersion) {
    GTEST_SKIP() << "libzstd " << ZSTD_versionString()
                 << " writes other frames than the 1.5.4 that these files "
                    "were made with; they were decoded, not compared";
  }
  for (const GoldenFile& golden : all) {
    EXPECT_TRUE(ReadFile(PathOf("must-encode", golden)) == golden.bytes)
        << golden.name << ": encoded bytes changed";
  }
}

TEST(GoldenTest, SmallEnoughToKeep) {
  uint64_t total = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(TestsFolder() / "golden")) {
    if (entry.is_regular_file()) total += entry.file_size();
  }
  EXPECT_LT(total, 300'000u);
}

// Seeds are written here and read by the replay tests; they may grow old
// without harm, but not vanish.
TEST(GoldenTest, FuzzSeeds) {
  const fs::path corpus = TestsFolder() / "fuzz" / "corpus";
  uint64_t total = 0;
  for (const Seed& seed : FuzzSeeds()) {
    const fs::path path = corpus / seed.folder / seed.name;
    if (Updating()) WriteFile(path, seed.bytes);
    ASSERT_TRUE(fs::is_regular_file(path)) << path;
    total += fs::file_size(path);
  }
  EXPECT_LT(total, 150'000u);
}

}  // namespace
}  // namespace ingot
