#include "tools/svg.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plots.h"
#include "bench/results.h"
#include "tests/bench/sample_results.h"

namespace ingot {
namespace {

// Why `xml` is no well-formed document of elements, attributes and text, as
// far as the project's images use XML; empty where it is one.
class XmlChecker {
 public:
  static std::string Check(std::string_view xml) {
    XmlChecker checker(xml);
    if (!checker.Element()) return checker.problem_;
    checker.Skip();
    return checker.rest_.empty() ? "" : "text after the root element";
  }

 private:
  explicit XmlChecker(std::string_view xml) : rest_(xml) {}

  bool Fail(const std::string& problem) {
    problem_ = problem + " before \"" + std::string(rest_.substr(0, 40)) + "\"";
    return false;
  }
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void Skip() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) {
      rest_.remove_prefix(1);
    }
  }
  std::string Name() {
    size_t size = 0;
    while (size < rest_.size() &&
           (isalnum(static_cast<unsigned char>(rest_[size])) != 0 ||
            rest_[size] == '-')) {
      ++size;
    }
    const std::string name(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return name;
  }
  // Text up to `end`, in which everything special is an entity.
  bool Text(char end) {
    while (!rest_.empty() && rest_[0] != end) {
      const auto byte = static_cast<unsigned char>(rest_[0]);
      if (byte == '<' || byte == '>' || byte == '"') return Fail("bare sign");
      if (byte < 0x20 && byte != '\n') return Fail("control character");
      if (byte != '&') {
        rest_.remove_prefix(1);
      } else if (!Take("&amp;") && !Take("&lt;") && !Take("&gt;") &&
                 !Take("&quot;")) {
        return Fail("unknown entity");
      }
    }
    return true;
  }
  bool Element() {
    if (!Take("<")) return Fail("no element");
    const std::string name = Name();
    if (name.empty()) return Fail("no name");
    std::vector<std::string> seen;
    while (Take(" ")) {
      const std::string attribute = Name();
      if (attribute.empty() || !Take("=\"")) return Fail("no attribute");
      for (const std::string& other : seen) {
        if (other == attribute) return Fail("attribute twice");
      }
      seen.push_back(attribute);
      if (!Text('"') || !Take("\"")) return Fail("open attribute");
    }
    if (Take("/>")) return true;
    if (!Take(">")) return Fail("open tag");
    for (;;) {
      if (!Text('<')) return false;
      if (Take("</")) {
        return (Name() == name && Take(">")) || Fail("wrong end of " + name);
      }
      if (!Element()) return false;
    }
  }

  std::string_view rest_;
  std::string problem_;
};

// The checker finds what it should.
TEST(SvgTest, BrokenXmlIsFound) {
  EXPECT_EQ(XmlChecker::Check("<a b=\"1\"><c/>t &amp; t</a>\n"), "");
  for (const char* const broken :
       {"", "a", "<a>", "<a></b>", "<a b=1/>", "<a b=\"<\"/>", "<a>&</a>",
        "<a>&nbsp;</a>", "<a/><b/>", "<a b=\"1\" b=\"2\"/>", "<a>\x01</a>",
        "<a b=\"1/>", "<a><b></a></b>"}) {
    EXPECT_NE(XmlChecker::Check(broken), "") << broken;
  }
}

TEST(SvgTest, EscapesWhateverItIsGiven) {
  Svg svg(100, 50, "a < b & \"c\"");
  svg.Text({1, 2}, "</text>\x01&\"\n\xC3\x97", {.color = "\"/>", .rotate = 90});
  svg.Line({0, 0}, {1, 1}, "<>");
  svg.Polyline({}, "red", 1);
  svg.Circle({0, 0}, 1, "red", false);
  const std::string xml = svg.Finish();
  EXPECT_EQ(XmlChecker::Check(xml), "") << xml;
  EXPECT_NE(xml.find("&lt;/text&gt; &amp;&quot; \xC3\x97"), std::string::npos);
}

TEST(SvgTest, FixedIsThatOfPrintf) {
  EXPECT_EQ(Fixed(0.66304, 4), "0.6630");
  EXPECT_EQ(Fixed(-2.5, 1), "-2.5");
  EXPECT_EQ(Fixed(1e15, 0), "1000000000000000");
}

TEST(SvgTest, PlotsAreWellFormedAndShowEveryCodec) {
  const Results results = SampleResults();
  const std::vector<Plot> plots = DrawPlots(results);
  ASSERT_EQ(plots.size(), 3U);
  for (const Plot& plot : plots) {
    EXPECT_EQ(XmlChecker::Check(plot.svg), "") << plot.file_name;
    EXPECT_EQ(plot.svg.find("nan"), std::string::npos) << plot.file_name;
    EXPECT_EQ(plot.svg.find("inf"), std::string::npos) << plot.file_name;
  }
  EXPECT_EQ(plots[0].file_name, "frontier.svg");
  EXPECT_NE(plots[0].svg.find("ingot-3: 0.6630"), std::string::npos);
  EXPECT_NE(plots[0].svg.find(">zstd-19<"), std::string::npos);
  EXPECT_NE(plots[1].svg.find(">2.61<"), std::string::npos);
  EXPECT_NE(plots[2].svg.find(">odd &amp; &lt;name&gt;.bin<"),
            std::string::npos);
}

// Results of a part of the data, or of few codecs, give what they can.
TEST(SvgTest, PlotsOfLittle) {
  EXPECT_TRUE(DrawPlots({}).empty());
  Results results = SampleResults();
  results.data.resize(1);
  results.data[0].measurements.resize(1);
  for (const Plot& plot : DrawPlots(results)) {
    EXPECT_EQ(XmlChecker::Check(plot.svg), "") << plot.file_name;
    EXPECT_EQ(plot.svg.find("nan"), std::string::npos) << plot.file_name;
  }
}

}  // namespace
}  // namespace ingot
