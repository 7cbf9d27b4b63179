#include "formats/safetensors.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/dtype.h"
#include "codec/source.h"
#include "tests/formats/layout_checks.h"

namespace ingot {
namespace {

// The rule that a file breaks, or "" if it is valid. Checks the layout.
std::string RuleOf(std::string_view file) {
  const auto source = MakeMemorySource(AsBytes(file));
  const Result<ParsedLayout> parsed = ParseSafetensors(*source, file.size());
  if (!parsed.ok()) {
    ADD_FAILURE() << parsed.error().message;
    return "error";
  }
  if (const auto* rule = std::get_if<BrokenRule>(&*parsed)) {
    EXPECT_FALSE(rule->text.empty());
    EXPECT_EQ(rule->text.find('\n'), std::string::npos);
    EXPECT_LT(rule->text.size(), 400u);
    return rule->text;
  }
  const Layout& layout = std::get<Layout>(*parsed);
  EXPECT_EQ(layout.format(), "safetensors");
  EXPECT_EQ(LayoutDefect(layout, file.size()), "");
  return "";
}

Layout LayoutOf(std::string_view file) {
  const auto source = MakeMemorySource(AsBytes(file));
  Result<ParsedLayout> parsed = ParseSafetensors(*source, file.size());
  EXPECT_TRUE(parsed.ok() && std::holds_alternative<Layout>(*parsed));
  return std::get<Layout>(*std::move(parsed));
}

// The header {"t": {dtype, shape, offsets}}.
std::string One(const std::string& dtype, const std::string& shape,
                const std::string& offsets) {
  return "{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}}";
}

std::string Entry(const std::string& name, uint64_t begin, uint64_t end) {
  return "\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[" +
         std::to_string(end - begin) + "],\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

TEST(SafetensorsTest, ParsesAFile) {
  const std::string header =
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[4,16]},"
      "\"a\":{\"data_offsets\":[0,4],\"shape\":[],\"dtype\":\"F32\"}}  ";
  const Layout layout = LayoutOf(SafetensorsFile(header, 16));
  const uint64_t data = 8 + header.size();
  ASSERT_EQ(layout.regions().size(), 3u);
  EXPECT_TRUE(layout.regions()[0].IsLiteral());
  EXPECT_EQ(layout.regions()[0].length, data);
  EXPECT_EQ(layout.regions()[1], TensorRegion(data, {"a", DType::kF32, {}}));
  EXPECT_EQ(layout.regions()[2],
            TensorRegion(data + 4, {"b", DType::kBf16, {2, 3}}));
}

TEST(SafetensorsTest, KnowsEveryDType) {
  for (const DTypeInfo& info : AllDTypes()) {
    const std::string name = "\"" + std::string(info.name) + "\"";
    const std::string header =
        One(name, "[4,2]", "[0," + std::to_string(info.bits) + "]");
    const std::string rule = RuleOf(SafetensorsFile(header, info.bits));
    if (info.dtype == DType::kBytes || info.block_elements > 1) {
      EXPECT_NE(rule, "");  // Ingot's own and GGUF's, not of the format
    } else {
      EXPECT_EQ(rule, "") << info.name;
    }
  }
}

struct Case {
  std::string header;
  uint64_t data_length;
  std::string rule;  // its beginning, or "" for a valid file
};

void CheckCases(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const std::string rule = RuleOf(SafetensorsFile(c.header, c.data_length));
    if (c.rule.empty()) {
      EXPECT_EQ(rule, "") << c.header;
    } else {
      EXPECT_TRUE(rule.starts_with(c.rule))
          << c.header << "\n  is: " << rule << "\n  expected: " << c.rule;
    }
  }
}

TEST(SafetensorsTest, HeaderIsAnObjectPaddedWithSpaces) {
  CheckCases({
      {"{}", 0, ""},
      {"{}     ", 0, ""},
      {"{ \n\t\r}", 0, ""},
      {"", 0, "the header must begin with '{' (offset 8)"},
      {" {}", 0, "the header must begin with '{' (offset 8)"},
      {"[]", 0, "the header must begin with '{' (offset 8)"},
      {"\xEF\xBB\xBF{}", 0, "the header must begin with '{' (offset 8)"},
      {"{}\n", 0,
       "the header's JSON is followed by other bytes than spaces "
       "(offset 10)"},
      {std::string("{}  \0", 5), 0,
       "the header's JSON is followed by other bytes than spaces (offset 12)"},
      {"{}{}", 0, "the header's JSON is followed by other bytes than spaces"},
      {"{", 0, "the header's JSON has no end (offset 8)"},
      {"{\"a", 0, "the header's JSON has no end (offset 10)"},
      {"{x", 0, "the header is not valid UTF-8 JSON (offset 9)"},
      {"{,}", 0, "the header is not valid UTF-8 JSON (offset 9)"},
      {"{\"a\":}", 0, "the header is not valid UTF-8 JSON (offset 13)"},
      {"{" + Entry("a", 0, 1) + ",}", 1, "the header is not valid UTF-8 JSON"},
      {"{/**/}", 0, "the header is not valid UTF-8 JSON"},
      {std::string("{\0}", 3), 0, "the header is not valid UTF-8 JSON"},
      {"{'a':1}", 0, "the header is not valid UTF-8 JSON"},
  });
}

TEST(SafetensorsTest, HeaderIsUtf8) {
  CheckCases({
      {"{" + Entry("gewöhnlich 重み 🧠", 0, 1) + "}", 1, ""},
      {"{" + Entry("\\u00e9 \\ud83e\\udde0 \\n \\u0000", 0, 1) + "}", 1, ""},
      {"{" + Entry("\xFF", 0, 1) + "}", 1, "the header is not valid UTF-8"},
      {"{" + Entry("\xC0\xAF", 0, 1) + "}", 1, "the header is not valid UTF-8"},
      {"{" + Entry("\xED\xA0\x80", 0, 1) + "}", 1,
       "the header is not valid UTF-8"},
      {"{" + Entry("\xE9\x87", 0, 1) + "}", 1, "the header is not valid UTF-8"},
      {"{" + Entry("\\ud83e", 0, 1) + "}", 1, "the header is not valid UTF-8"},
      {"{" + Entry("\n", 0, 1) + "}", 1, "the header is not valid UTF-8 JSON"},
      {"{\x80}", 0, "the header is not valid UTF-8 JSON (offset 9)"},
  });
}

TEST(SafetensorsTest, MetadataMapsStringsToStrings) {
  const std::string rule = "values of \"__metadata__\" must be strings, found ";
  CheckCases({
      {R"({"__metadata__":{}})", 0, ""},
      {R"({"__metadata__":{"":"","a":"b"}})", 0, ""},
      {R"({"__metadata__":{"__metadata__":"dtype"}})", 0, ""},
      {"{" + Entry("a", 0, 1) + R"(,"__metadata__":{"a":"b"}})", 1, ""},
      {R"({"__metadata__":{"a":1}})", 0, rule + "a number (offset 29)"},
      {R"({"__metadata__":{"a":-1}})", 0, rule + "a negative number"},
      {R"({"__metadata__":{"a":null}})", 0, rule + "null (offset 32)"},
      {R"({"__metadata__":{"a":true}})", 0, rule + "a boolean"},
      {R"({"__metadata__":{"a":{}}})", 0, rule + "an object"},
      {R"({"__metadata__":{"a":["b"]}})", 0, rule + "an array"},
      {R"({"__metadata__":null})", 0,
       "\"__metadata__\" must be an object, found null"},
      {R"({"__metadata__":[]})", 0,
       "\"__metadata__\" must be an object, found an array"},
      {R"({"__metadata__":"a"})", 0,
       "\"__metadata__\" must be an object, found a string"},
  });
}

TEST(SafetensorsTest, KeysAreUnique) {
  CheckCases({
      {"{" + Entry("a", 0, 1) + "," + Entry("A", 1, 2) + "}", 2, ""},
      {"{" + Entry("a", 0, 1) + "," + Entry("a", 1, 2) + "}", 2,
       "duplicate tensor \"a\" (offset 63)"},
      {"{" + Entry("a", 0, 1) + "," + Entry("b", 1, 2) + "," +
           Entry("\\u0061", 2, 3) + "}",
       3, "duplicate tensor \"a\""},
      {R"({"__metadata__":{},"__metadata__":{}})", 0,
       "duplicate key \"__metadata__\" (offset 40)"},
      {R"({"__metadata__":{"a":"b","c":"d","a":"b"}})", 0,
       "duplicate metadata key \"a\""},
      {R"({"t":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}})",
       1, "tensor \"t\" has the duplicate field \"dtype\" (offset 33)"},
      {R"({"t":{"dtype":"U8","shape":[],"shape":[],"data_offsets":[0,1]}})", 1,
       "tensor \"t\" has the duplicate field \"shape\""},
      {R"({"t":{"data_offsets":[0,1],"dtype":"U8","shape":[],)"
       R"("data_offsets":[0,1]}})",
       1, "tensor \"t\" has the duplicate field \"data_offsets\""},
  });
}

TEST(SafetensorsTest, EntriesHaveThreeFields) {
  CheckCases({
      {R"({"t":{}})", 0, "tensor \"t\" lacks dtype (offset 14)"},
      {R"({"t":{"dtype":"U8","shape":[]}})", 1,
       "tensor \"t\" lacks data_offsets"},
      {R"({"t":{"dtype":"U8","data_offsets":[0,1]}})", 1,
       "tensor \"t\" lacks shape"},
      {R"({"t":{"shape":[],"data_offsets":[0,1]}})", 1,
       "tensor \"t\" lacks dtype"},
      {R"({"t":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}})", 1,
       "tensor \"t\" has the unknown field \"x\""},
      {R"({"t":{"DTYPE":"U8"}})", 1,
       "tensor \"t\" has the unknown field \"DTYPE\""},
      {R"({"t":[]})", 0, "tensor \"t\" must be an object, found an array"},
      {R"({"t":"x"})", 0, "tensor \"t\" must be an object, found a string"},
      {R"({"t":7 })", 0,
       "tensor \"t\" must be an object, found a number (offset 13)"},
      {R"({"t":1.5})", 0,
       "tensor \"t\" must be an object, found a number that is no 64-bit "
       "integer (offset 15)"},
  });
}

TEST(SafetensorsTest, DTypesAreKnownNames) {
  CheckCases({
      {One("\"u8\"", "[1]", "[0,1]"), 1,
       "tensor \"t\" has the unknown dtype \"u8\""},
      {One("\"uint8\"", "[1]", "[0,1]"), 1,
       "tensor \"t\" has the unknown dtype \"uint8\""},
      {One("\"F8_E4M3FNUZ\"", "[1]", "[0,1]"), 1,
       "tensor \"t\" has the unknown dtype \"F8_E4M3FNUZ\""},
      {One("\"\"", "[1]", "[0,1]"), 1,
       "tensor \"t\" has the unknown dtype \"\""},
      {One("7", "[1]", "[0,1]"), 1,
       "tensor \"t\": dtype must be a string, found a number"},
      {One("null", "[1]", "[0,1]"), 1,
       "tensor \"t\": dtype must be a string, found null"},
  });
}

TEST(SafetensorsTest, ShapesAreIntegers) {
  const std::string rule =
      "tensor \"t\": shape must be an array of integers from 0 to 2^64 - 1, "
      "found ";
  CheckCases({
      {One("\"U8\"", "[]", "[0,1]"), 1, ""},
      {One("\"U8\"", "[ 1 , 2 ]", "[0,2]"), 2, ""},
      {One("\"U8\"", "[0]", "[0,0]"), 0, ""},
      {One("\"U8\"", "[18446744073709551615,0]", "[0,0]"), 0, ""},
      {One("\"U8\"", "[0,18446744073709551615,2]", "[0,0]"), 0, ""},
      {One("\"U8\"", "[-1]", "[0,1]"), 1, rule + "a negative number"},
      {One("\"U8\"", "[-0]", "[0,0]"), 0, rule + "a negative number"},
      {One("\"U8\"", "[1.5]", "[0,1]"), 1, rule + "a number that is no"},
      {One("\"U8\"", "[1.0]", "[0,1]"), 1, rule + "a number that is no"},
      {One("\"U8\"", "[1e0]", "[0,1]"), 1, rule + "a number that is no"},
      {One("\"U8\"", "[1e3]", "[0,1000]"), 1000, rule + "a number that is no"},
      {One("\"U8\"", "[18446744073709551616]", "[0,1]"), 1,
       rule + "a number that is no"},
      {One("\"U8\"", "[1e999]", "[0,1]"), 1,
       "the header is not valid UTF-8 JSON"},
      {One("\"U8\"", "[01]", "[0,1]"), 1, "the header is not valid UTF-8 JSON"},
      {One("\"U8\"", "[+1]", "[0,1]"), 1, "the header is not valid UTF-8 JSON"},
      {One("\"U8\"", "[NaN]", "[0,1]"), 1,
       "the header is not valid UTF-8 JSON"},
      {One("\"U8\"", "[\"1\"]", "[0,1]"), 1, rule + "a string"},
      {One("\"U8\"", "[[1]]", "[0,1]"), 1, rule + "an array"},
      {One("\"U8\"", "[null]", "[0,1]"), 1, rule + "null"},
      {One("\"U8\"", "[{}]", "[0,1]"), 1, rule + "an object"},
      {One("\"U8\"", "1", "[0,1]"), 1, rule + "a number"},
      {One("\"U8\"", "null", "[0,1]"), 1, rule + "null"},
      {One("\"U8\"", "{}", "[0,1]"), 1, rule + "an object"},
  });
}

TEST(SafetensorsTest, OffsetsAreTwoIntegersAndTheSizeOfTheShape) {
  const std::string rule =
      "tensor \"t\": data_offsets must be an array of two integers from 0 to "
      "2^64 - 1, found ";
  CheckCases({
      {One("\"F32\"", "[2]", "[0,8]"), 8, ""},
      {One("\"F32\"", "[2]", "[8,0]"), 8,
       "tensor \"t\" of F32 [2]: data_offsets [8, 0] end before they begin"},
      {One("\"F32\"", "[2]", "[0,7]"), 7,
       "tensor \"t\" of F32 [2]: data_offsets [0, 7], expected 8 bytes"},
      {One("\"F32\"", "[2]", "[0,9]"), 9,
       "tensor \"t\" of F32 [2]: data_offsets [0, 9], expected 8 bytes"},
      {One("\"F32\"", "[0]", "[0,4]"), 4,
       "tensor \"t\" of F32 [0]: data_offsets [0, 4], expected 0 bytes"},
      {One("\"F4\"", "[3]", "[0,2]"), 2,
       "tensor \"t\" of F4 [3]: data_offsets [0, 2]: the elements do not fill"},
      {One("\"F64\"", "[4294967296,4294967296]", "[0,0]"), 0,
       "tensor \"t\" of F64 [4294967296, 4294967296]: data_offsets [0, 0]: "},
      {One("\"F64\"", "[2305843009213693952]", "[0,0]"), 0,
       "tensor \"t\" of F64 [2305843009213693952]: data_offsets [0, 0]: "},
      {One("\"F32\"", "[1]", "[]"), 4, rule + "the end of the array"},
      {One("\"F32\"", "[1]", "[4]"), 4, rule + "the end of the array"},
      {One("\"F32\"", "[1]", "[0,4,4]"), 4, rule + "a number"},
      {One("\"F32\"", "[1]", "[0,4.0]"), 4, rule + "a number that is no"},
      {One("\"F32\"", "[1]", "[-0,4]"), 4, rule + "a negative number"},
      {One("\"F32\"", "[1]", "[0,18446744073709551616]"), 4,
       rule + "a number that is no"},
      {One("\"F32\"", "[1]", "[\"0\",4]"), 4, rule + "a string"},
      {One("\"F32\"", "[1]", "4"), 4, rule + "a number"},
  });
}

TEST(SafetensorsTest, TensorsCoverTheDataExactly) {
  CheckCases({
      {"{" + Entry("a", 0, 3) + "," + Entry("b", 3, 5) + "}", 5, ""},
      {"{" + Entry("b", 3, 5) + "," + Entry("a", 0, 3) + "}", 5, ""},
      {"{" + Entry("a", 0, 3) + "," + Entry("b", 4, 5) + "}", 5,
       "tensor \"b\" begins at byte 4 of the data, expected 3: a hole (offset "
       "63)"},
      {"{" + Entry("a", 1, 3) + "}", 3,
       "tensor \"a\" begins at byte 1 of the data, expected 0: a hole"},
      {"{" + Entry("a", 0, 3) + "," + Entry("b", 2, 5) + "}", 5,
       "tensor \"b\" begins at byte 2 of the data, expected 3: an overlap"},
      {"{" + Entry("a", 0, 3) + "," + Entry("b", 0, 3) + "}", 3,
       "tensor \"b\" begins at byte 0 of the data, expected 3: an overlap"},
      {"{" + Entry("a", 0, 3) + "}", 2,
       "the file has 63 bytes, expected 64, where its last tensor ends "
       "(offset 63)"},
      {"{" + Entry("a", 0, 3) + "}", 4,
       "the file has 65 bytes, expected 64, where its last tensor ends "
       "(offset 64)"},
      {"{}", 1, "the file has 11 bytes, expected 10"},
      {One("\"U8\"", "[2305843009213693951]", "[0,2305843009213693951]"), 9,
       "the tensors end at byte 2305843009213693951 of the data, beyond the "
       "limit of files"},
  });
}

TEST(SafetensorsTest, EmptyTensorsHaveTheirPlaceInOrder) {
  const std::string header = "{" + Entry("z", 2, 2) + "," + Entry("d", 2, 4) +
                             "," + Entry("e", 4, 4) + "," + Entry("y", 2, 2) +
                             "," + Entry("c", 0, 2) + "," + Entry("a", 0, 0) +
                             "}";
  const Layout layout = LayoutOf(SafetensorsFile(header, 4));
  std::string names;
  for (const Region& region : layout.regions()) {
    if (region.tensor) names += region.tensor->name;
  }
  EXPECT_EQ(names, "aczyde");
  EXPECT_NE(RuleOf(SafetensorsFile(
                "{" + Entry("c", 0, 2) + "," + Entry("a", 1, 1) + "}", 2)),
            "");
  EXPECT_NE(RuleOf(SafetensorsFile(
                "{" + Entry("c", 0, 2) + "," + Entry("a", 3, 3) + "}", 2)),
            "");
}

TEST(SafetensorsTest, AlignmentIsFree) {
  for (size_t padding = 0; padding < 9; ++padding) {
    const std::string header =
        "{" + Entry("odd", 0, 3) +
        ",\"f\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[3,19]}}" +
        std::string(padding, ' ');
    EXPECT_EQ(RuleOf(SafetensorsFile(header, 19)), "") << padding;
  }
}

TEST(SafetensorsTest, HeaderLengthIsInTheFileAndLimited) {
  EXPECT_EQ(RuleOf(""),
            "the file has 0 bytes, expected 8 for the length of the header "
            "(offset 0)");
  EXPECT_EQ(RuleOf(std::string(7, '\0')),
            "the file has 7 bytes, expected 8 for the length of the header "
            "(offset 0)");
  std::string file = SafetensorsFile("{}", 0);
  file[0] = 3;
  EXPECT_EQ(RuleOf(file), "the header ends at 11, the file at 10 (offset 10)");
  for (const uint64_t length : {uint64_t{100'000'001}, uint64_t{1} << 63,
                                ~uint64_t{0}, ~uint64_t{0} - 7}) {
    StoreLittleEndian(file.data(), length);
    EXPECT_EQ(RuleOf(file), "the header's length is " + std::to_string(length) +
                                ", expected at most 100000000 (offset 0)");
  }
  StoreLittleEndian(file.data(), uint64_t{100'000'000});
  EXPECT_EQ(RuleOf(file),
            "the header ends at 100000008, the file at 10 (offset 10)");
}

TEST(SafetensorsTest, MessagesStayShortAndOnOneLine) {
  EXPECT_EQ(RuleOf(SafetensorsFile("{\"a\\n\\\"\\u007f\":1}", 0)),
            "tensor \"a\\x0a\\\"\\x7f\" must be an object, found a number "
            "(offset 23)");
  const std::string long_name(70000, 'x');
  const std::string rule =
      RuleOf(SafetensorsFile("{" + Entry(long_name, 0, 1) + "}", 1));
  EXPECT_TRUE(rule.starts_with("the name of tensor \"xxxx")) << rule;
  std::string umlauts;
  for (int i = 0; i < 50; ++i) umlauts += "aä";  // 150 bytes
  const std::string cut = RuleOf(SafetensorsFile("{\"" + umlauts + "\":1}", 0));
  EXPECT_TRUE(cut.starts_with("tensor \"" + umlauts.substr(0, 60) + "...\""))
      << cut;
  const std::string cut_inside =
      RuleOf(SafetensorsFile("{\"x" + umlauts + "\":1}", 0));
  EXPECT_TRUE(
      cut_inside.starts_with("tensor \"x" + umlauts.substr(0, 58) + "...\""))
      << cut_inside;
}

TEST(SafetensorsTest, PrefixOfAPipeIsEnough) {
  const std::string header =
      "{" + Entry("a", 0, 3) + "," + Entry("b", 3, 5) + "}";
  const std::string file = SafetensorsFile(header, 5);
  const ByteSpan bytes = AsBytes(file);
  EXPECT_EQ(SafetensorsDataOffset(bytes.first(9)), 8 + header.size());
  for (size_t length = 0; length <= file.size(); ++length) {
    const auto source = MakeMemorySource(bytes.first(length), "pipe");
    for (const std::optional<uint64_t> file_size :
         {std::optional<uint64_t>(), std::optional<uint64_t>(file.size())}) {
      const Result<ParsedLayout> parsed = ParseSafetensors(*source, file_size);
      if (length < 8 + header.size()) {
        ASSERT_FALSE(parsed.ok()) << length;
        EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalidArgument);
        EXPECT_TRUE(parsed.error().message.starts_with("pipe: "));
      } else {
        ASSERT_TRUE(parsed.ok()) << length;
        ASSERT_TRUE(std::holds_alternative<Layout>(*parsed));
        EXPECT_EQ(LayoutDefect(std::get<Layout>(*parsed), file.size()), "");
      }
    }
  }
}

TEST(SafetensorsTest, ProbeTellsMeantFilesFromOthers) {
  const auto looks = [](std::string_view text) {
    return LooksLikeSafetensors(AsBytes(text));
  };
  std::string file = SafetensorsFile("{}", 0);
  EXPECT_TRUE(looks(file));
  EXPECT_FALSE(looks(std::string_view(file).substr(0, 8)));
  StoreLittleEndian(file.data(), uint64_t{1} << 63);
  EXPECT_TRUE(looks(file));
  EXPECT_FALSE(SafetensorsDataOffset(AsBytes(file)).has_value());
  StoreLittleEndian(file.data(), ~uint64_t{0});
  EXPECT_TRUE(looks(file));
  EXPECT_FALSE(looks("int main{return 0;}"));
  EXPECT_FALSE(looks(std::string(20, '\0')));
  file[8] = '[';
  EXPECT_FALSE(looks(file));
}

}  // namespace
}  // namespace ingot
