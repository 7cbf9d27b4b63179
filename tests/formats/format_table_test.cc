#include "formats/format_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "codec/source.h"
#include "tests/formats/layout_checks.h"

namespace ingot {
namespace {

Result<Layout> Detect(std::string_view file, std::string name = "(memory)") {
  const auto source = MakeMemorySource(AsBytes(file), std::move(name));
  return DetectLayout(*source);
}

// A file whose first `readable` bytes can be read and whose size is `size`.
class FailingSource final : public Source {
 public:
  FailingSource(std::string bytes, uint64_t readable, uint64_t size)
      : bytes_(std::move(bytes)), readable_(readable), size_(size) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (offset + out.size() > readable_) {
      return Error{ErrorKind::kIo, name_ + ": bad sector"};
    }
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<std::byte>(
          offset + i < bytes_.size() ? bytes_[offset + i] : 0);
    }
    return {};
  }

 private:
  std::string name_ = "disk";
  std::string bytes_;
  uint64_t readable_;
  uint64_t size_;
};

constexpr std::string_view kHeader =
    "{\"t\":{\"dtype\":\"BF16\",\"shape\":[2,2],\"data_offsets\":[0,8]}}";

TEST(FormatTableTest, RowsAreCompleteAndUnique) {
  std::set<std::string_view> names;
  for (const Format& format : AllFormats()) {
    EXPECT_TRUE(names.insert(format.name).second) << format.name;
    EXPECT_NE(format.probe, nullptr);
    EXPECT_NE(format.parse, nullptr);
    EXPECT_NE(format.name, "opaque");
    EXPECT_NE(format.name, "raw");
  }
  EXPECT_TRUE(names.contains("safetensors"));
}

TEST(FormatTableTest, DetectsSafetensorsUnderAnyName) {
  for (const char* name : {"(memory)", "model.safetensors", "model.bin", ""}) {
    const Result<Layout> layout = Detect(SafetensorsFile(kHeader, 8), name);
    ASSERT_TRUE(layout.ok());
    EXPECT_EQ(layout->format(), "safetensors") << name;
    EXPECT_EQ(layout->note(), "");
  }
}

TEST(FormatTableTest, BrokenFilesAreOpaqueAndSayWhy) {
  const std::string file = SafetensorsFile(kHeader, 9);
  const Result<Layout> layout = Detect(file);
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->format(), "opaque");
  EXPECT_EQ(LayoutDefect(*layout, file.size()), "");
  EXPECT_EQ(layout->note(),
            "safetensors: the file has 74 bytes, expected 73, where its last "
            "tensor ends (offset 73)");
}

TEST(FormatTableTest, OtherFilesAreOpaqueWithoutNote) {
  for (const std::string_view file :
       {std::string_view(), std::string_view("x"), std::string_view("12345678"),
        std::string_view("\0\0\0\0\0\0\0\0{", 9),
        std::string_view("# A model{card}\n"),
        std::string_view("{\"a\": 1}")}) {
    const Result<Layout> layout = Detect(file);
    ASSERT_TRUE(layout.ok());
    EXPECT_EQ(layout->format(), "opaque") << file;
    EXPECT_EQ(layout->note(), "") << file;
    EXPECT_EQ(LayoutDefect(*layout, file.size()), "") << file;
  }
}

TEST(FormatTableTest, TheNamePromisesAFormat) {
  const Result<Layout> layout = Detect("<html>", "dir/model.safetensors");
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->note(),
            "safetensors: the file has 6 bytes, expected 8 for the length of "
            "the header (offset 0)");
}

TEST(FormatTableTest, DataIsNotRead) {
  // A tensor of 8 TiB of which nothing can be read.
  const std::string header =
      "{\"t\":{\"dtype\":\"F32\",\"shape\":[1048576,2097152],"
      "\"data_offsets\":[0,8796093022208]}}";
  const FailingSource source(SafetensorsFile(header, 0), 8 + header.size(),
                             8 + header.size() + 8796093022208);
  const Result<Layout> layout = DetectLayout(source);
  ASSERT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_EQ(layout->format(), "safetensors");
  EXPECT_EQ(layout->regions()[1].columns, 2097152u);
}

TEST(FormatTableTest, FailuresToReadAreErrors) {
  const std::string file = SafetensorsFile(kHeader, 8);
  for (uint64_t readable = 0; readable < 8 + kHeader.size(); ++readable) {
    const Result<Layout> layout =
        DetectLayout(FailingSource(file, readable, file.size()));
    ASSERT_FALSE(layout.ok()) << readable;
    EXPECT_EQ(layout.error().kind, ErrorKind::kIo);
    EXPECT_EQ(layout.error().message, "disk: bad sector");
  }
  // Behind the first buffer of a large header, inside its padding and before.
  for (const std::string& header :
       {std::string(kHeader) + std::string(200000, ' '),
        "{" + std::string(200000, ' ') + std::string(kHeader.substr(1))}) {
    const std::string large = SafetensorsFile(header, 8);
    EXPECT_TRUE(
        DetectLayout(FailingSource(large, large.size(), large.size())).ok());
    EXPECT_FALSE(DetectLayout(FailingSource(large, 150000, large.size())).ok());
  }
}

TEST(FormatTableTest, FilesBeyondTheLimitAreErrors) {
  const Result<Layout> layout =
      DetectLayout(FailingSource("x", 100, kMaxFileSize + 1));
  ASSERT_FALSE(layout.ok());
  EXPECT_EQ(layout.error().kind, ErrorKind::kResourceExhausted);
  EXPECT_TRUE(layout.error().message.starts_with("disk: "));
}

// What the real files of that name are.
std::string_view FormatByName(std::string_view path) {
  for (const auto& [suffix, format] :
       {std::pair(".safetensors", "safetensors"), std::pair(".pt", "pytorch"),
        std::pair(".pth", "pytorch"), std::pair(".zip", "pytorch"),
        std::pair(".gguf", "gguf"), std::pair(".th", "pytorch")}) {
    if (path.ends_with(suffix)) return format;
  }
  return "opaque";
}

TEST(FormatTableTest, RealFiles) {
  const char* corpus = std::getenv("INGOT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "INGOT_CORPUS is not set";
  int files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(corpus)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().string();
    const auto source = OpenFileSource(path);
    ASSERT_TRUE(source.ok()) << path;
    const Result<Layout> layout = DetectLayout(**source);
    ASSERT_TRUE(layout.ok()) << path;
    EXPECT_EQ(LayoutDefect(*layout, entry.file_size()), "") << path;
    files += layout->format() != "opaque";
    EXPECT_EQ(layout->format(), FormatByName(path)) << path;
    EXPECT_EQ(layout->note(), "") << path;
    // Opaque files may hold floats that were found.
    if (layout->format() != "opaque") {
      EXPECT_GT(layout->regions().size(), 1u) << path;
    }
  }
  EXPECT_GT(files, 0) << corpus;
}

}  // namespace
}  // namespace ingot
