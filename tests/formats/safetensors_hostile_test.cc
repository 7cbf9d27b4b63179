// Safetensors files made to break a parser: damaged, deep, huge.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "codec/source.h"
#include "formats/format_table.h"
#include "tests/formats/layout_checks.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

// The layout of `file`, which must partition it whatever it holds.
Layout Detect(std::string_view file) {
  const auto source = MakeMemorySource(AsBytes(file), "x.safetensors");
  Result<Layout> layout = DetectLayout(*source);
  EXPECT_TRUE(layout.ok());
  EXPECT_EQ(LayoutDefect(*layout, file.size()), "");
  return *std::move(layout);
}

void ExpectNote(std::string_view file, std::string_view expected) {
  const Layout layout = Detect(file);
  EXPECT_EQ(layout.format(), "opaque");
  EXPECT_NE(layout.note().find(expected), std::string::npos) << layout.note();
}

std::string SmallFile() {
  return SafetensorsFile(
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"wte\":{\"dtype\":\"BF16\",\"shape\":[3,4],\"data_offsets\":[0,24]},"
      "\"none\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[24,24]},"
      "\"ln\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}} ",
      32);
}

TEST(SafetensorsHostileTest, TruncationAtEveryByte) {
  const std::string file = SmallFile();
  EXPECT_EQ(Detect(file).format(), "safetensors");
  for (size_t length = 0; length < file.size(); ++length) {
    const Layout layout = Detect(std::string_view(file).substr(0, length));
    EXPECT_EQ(layout.format(), "opaque") << length;
    EXPECT_NE(layout.note(), "") << length;
  }
}

TEST(SafetensorsHostileTest, AppendedBytes) {
  for (const char c : {'\0', ' ', 'x'}) {
    ExpectNote(SmallFile() + c, "where its last tensor ends");
  }
}

TEST(SafetensorsHostileTest, EveryBitFlipped) {
  std::string file = SmallFile();
  const size_t data_offset = file.size() - 32;
  for (size_t bit = 0; bit < file.size() * 8; bit += kStride) {
    file[bit / 8] ^= static_cast<char>(1 << bit % 8);
    const Layout layout = Detect(file);
    // The length field has no bit to spare, data is not looked at.
    if (bit < 64) {
      EXPECT_EQ(layout.format(), "opaque") << bit;
    } else if (bit / 8 >= data_offset) {
      EXPECT_EQ(layout.format(), "safetensors") << bit;
    }
    EXPECT_EQ(layout.note().empty(), layout.format() == "safetensors") << bit;
    file[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
}

TEST(SafetensorsHostileTest, EveryByteReplaced) {
  std::string file = SmallFile();
  const std::string original = file;
  for (size_t i = 0; i < file.size() - 32; ++i) {
    for (const char c : {'\0', '"', '{', '}', '[', ']', ',', '9', '\x80'}) {
      file[i] = c;
      Detect(file);
    }
    file[i] = original[i];
  }
}

TEST(SafetensorsHostileTest, DeepJson) {
  constexpr size_t kDepth = 1000000;
  const auto repeat = [](std::string_view piece) {
    std::string text;
    for (size_t i = 0; i < kDepth; ++i) text += piece;
    return text;
  };
  ExpectNote(SafetensorsFile(repeat("{\"a\":"), 0),
             "tensor \"a\" has the unknown field \"a\" (offset 16)");
  ExpectNote(SafetensorsFile("{\"a\":" + repeat("[") + repeat("]") + "}", 0),
             "must be an object, found an array (offset 13)");
  ExpectNote(SafetensorsFile(
                 "{\"a\":{\"shape\":" + repeat("[") + repeat("]") + "}}", 0),
             "found an array");
  ExpectNote(SafetensorsFile("{\"__metadata__\":" + repeat("{\"a\":"), 0),
             "found an object");
}

TEST(SafetensorsHostileTest, RankIsLimited) {
  const auto file = [](size_t rank) {
    std::string shape = "1";
    for (size_t i = 1; i < rank; ++i) shape += ",1";
    return SafetensorsFile("{\"t\":{\"dtype\":\"U8\",\"shape\":[" + shape +
                               "],\"data_offsets\":[0,1]}}",
                           1);
  };
  EXPECT_EQ(Detect(file(64)).format(), "safetensors");
  ExpectNote(file(65), "exceeds 64 dimensions");
  ExpectNote(file(1000000), "exceeds 64 dimensions");
}

// `count` tensors of one byte each.
std::string FileOfTensors(size_t count) {
  std::string header = "{";
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) header += ',';
    header += "\"model.layers." + std::to_string(i) +
              ".mlp.weight\":{\"dtype\":\"U8\",\"shape\":[1,1],"
              "\"data_offsets\":[" +
              std::to_string(i) + "," + std::to_string(i + 1) + "]}";
  }
  return SafetensorsFile(header + "}", count);
}

TEST(SafetensorsHostileTest, ManyTensorsAreFast) {
  const std::string file = FileOfTensors(100000);
  const auto start = std::chrono::steady_clock::now();
  const Layout layout = Detect(file);
  const std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  EXPECT_EQ(layout.regions().size(), 100001u);
  // 0.1 s with optimization; quadratic work would take minutes.
  EXPECT_LT(elapsed.count(), 10.0);
}

TEST(SafetensorsHostileTest, NumberOfTensorsIsLimited) {
  EXPECT_EQ(Detect(FileOfTensors(262144)).format(), "safetensors");
  ExpectNote(FileOfTensors(262145), "more than 262144 tensors");
}

TEST(SafetensorsHostileTest, NamesAndShapesAreLimitedTogether) {
  // 768 names of 64 KiB less a byte leave 768 bytes of 48 MiB.
  const auto header = [](const std::string& last) {
    std::string text = "{";
    for (int i = 100; i < 868; ++i) {
      text += "\"" + std::to_string(i) + std::string(65532, 'n') +
              "\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[" +
              std::to_string(i - 100) + "," + std::to_string(i - 99) + "]},";
    }
    return text + last + "}";
  };
  const auto entry = [](size_t name_length, const std::string& shape) {
    return "\"" + std::string(name_length, 'x') +
           "\":{\"dtype\":\"U8\",\"shape\":" + shape +
           ",\"data_offsets\":[768,769]}";
  };
  constexpr std::string_view kRule = "take more than 48 MiB";
  EXPECT_EQ(Detect(SafetensorsFile(header(entry(768, "[]")), 769)).note(), "");
  EXPECT_EQ(Detect(SafetensorsFile(header(entry(760, "[1]")), 769)).note(), "");
  ExpectNote(SafetensorsFile(header(entry(769, "[]")), 769), kRule);
  ExpectNote(SafetensorsFile(header(entry(761, "[1]")), 769), kRule);
  ExpectNote(SafetensorsFile(header("\"__metadata__\":{\"" +
                                    std::string(769, 'k') + "\":\"\"}"),
                             768),
             kRule);
}

TEST(SafetensorsHostileTest, NumberOfMetadataEntriesIsLimited) {
  std::string entries;
  for (size_t i = 0; i < 262144; ++i) {
    if (i > 0) entries += ',';
    entries += "\"" + std::to_string(i) + "\":\"\"";
  }
  EXPECT_EQ(
      Detect(SafetensorsFile("{\"__metadata__\":{" + entries + "}}", 0)).note(),
      "");
  ExpectNote(
      SafetensorsFile("{\"__metadata__\":{" + entries + ",\"x\":\"\"}}", 0),
      "more than 262144 metadata entries");
}

TEST(SafetensorsHostileTest, DuplicatesAmongManyAreFoundFast) {
  std::string file = FileOfTensors(200000);
  const size_t first = file.find("model.layers.0.mlp");
  const size_t last = file.rfind("model.layers.199999.mlp");
  ASSERT_NE(last, std::string::npos);
  // Same name as the first, same length of the header.
  file.replace(last - 1, 32, "     \"model.layers.0.mlp.weight\"");
  ASSERT_LT(first, last);
  ExpectNote(file, "duplicate tensor \"model.layers.0.mlp.weight\"");
}

TEST(SafetensorsHostileTest, StringsAreLimited) {
  constexpr size_t kLimit = size_t{16} << 20;
  const auto metadata = [](size_t length) {
    return SafetensorsFile("{\"__metadata__\":{\"thumbnail\":\"" +
                               std::string(length, 'x') + "\"}}",
                           0);
  };
  EXPECT_EQ(Detect(metadata(kLimit)).note(), "");
  ExpectNote(metadata(kLimit + 1), "header string longer than 16 MiB");
  ExpectNote(metadata(3 * kLimit), "header string longer than 16 MiB");
  ExpectNote(SafetensorsFile("{\"" + std::string(3 * kLimit, 'x'), 0),
             "header string longer than 16 MiB");
  ExpectNote(SafetensorsFile("{\"a\":" + std::string(3 * kLimit, '1') + "}", 0),
             "header string longer than 16 MiB");
  ExpectNote(SafetensorsFile("{" + std::string(3 * kLimit, ' ') + "}", 0),
             "or as much space");
  // Padding has no limit but that of the header, and is read to its end.
  const std::string padded = "{}" + std::string(3 * kLimit, ' ');
  EXPECT_EQ(Detect(SafetensorsFile(padded, 0)).note(), "");
  ExpectNote(SafetensorsFile(padded + "x", 0), "other bytes than spaces");
}

}  // namespace
}  // namespace ingot
