#include "daemon/http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ingot::http {
namespace {

using Segments = std::vector<std::string>;

TEST(TargetTest, IsSplitFirstAndDecodedOnce) {
  const auto segments = [](std::string_view text) {
    const auto target = ParseTarget(text);
    EXPECT_TRUE(target.ok()) << text;
    return target.ok() ? target->segments : Segments{"?"};
  };
  EXPECT_EQ(segments("/"), (Segments{}));
  EXPECT_EQ(segments("/a"), (Segments{"a"}));
  EXPECT_EQ(segments("/a/b/"), (Segments{"a", "b", ""}));
  EXPECT_EQ(segments("/refs%2Fpr%2F1/x"), (Segments{"refs/pr/1", "x"}));
  EXPECT_EQ(segments("/a%2520b"), (Segments{"a%20b"}));
  EXPECT_EQ(segments("/a+b"), (Segments{"a+b"}));
  EXPECT_EQ(segments("/a[1]|{x}^`"), (Segments{"a[1]|{x}^`"}));
  EXPECT_EQ(segments("/%C3%A4"), (Segments{"\xC3\xA4"}));
  EXPECT_EQ(segments("/%F0%9F%98%80"), (Segments{"\xF0\x9F\x98\x80"}));
}

TEST(TargetTest, HasParameters) {
  const auto target = ParseTarget("/x?a=1&b=%26&a=2&c&d=");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->Parameter("a"), "1");
  EXPECT_EQ(target->Parameter("b"), "&");
  EXPECT_EQ(target->Parameter("c"), "");
  EXPECT_EQ(target->Parameter("e"), std::nullopt);
  EXPECT_EQ(target->parameters.size(), 5);
}

TEST(TargetTest, TricksAreRefused) {
  for (const std::string_view text : {"",
                                      "a",
                                      "*",
                                      "http://host/a",
                                      "//host/a",
                                      "/a//b",
                                      "/./a",
                                      "/a/.",
                                      "/a/..",
                                      "/../a",
                                      "/%2e%2e/a",
                                      "/a/%2E",
                                      "/a%00b",
                                      "/a%0ab",
                                      "/a%7f",
                                      "/a%5Cb",
                                      "/a\\b",
                                      "/a b",
                                      "/%",
                                      "/%2",
                                      "/%zz",
                                      "/%C3",
                                      "/%C0%AF",
                                      "/%E0%80%AF",
                                      "/%ED%A0%80",
                                      "/%F5%80%80%80",
                                      "/%F0%80%80%AF",
                                      "/%FF",
                                      "/x?a=%00",
                                      "/x?%C3=1",
                                      "/a\r\nb"}) {
    const auto target = ParseTarget(text);
    ASSERT_FALSE(target.ok()) << text;
    EXPECT_EQ(target.error().kind, ErrorKind::kInvalidArgument);
  }
}

TEST(OriginTest, IsWhatComesBeforeThePath) {
  for (const std::string right : {"https://hub.example.org",
                                  "http://127.0.0.1:7878", "https://[::1]:1"}) {
    EXPECT_EQ(ParseOrigin(right).value(), right);
    EXPECT_EQ(ParseOrigin(right + "/").value(), right);
    for (const std::string more : {"//", "/x", "?", "#", "?x", "/?x", ":", " ",
                                   "\r\nX: y", "\\", "\"", "<"}) {
      EXPECT_FALSE(ParseOrigin(right + more).ok()) << right << more;
    }
  }
  for (const std::string wrong :
       {"", "https:", "https://", "https:///x", "hub.example.org", "//hub",
        "ftp://hub", "https://me@hub", "https://hub:0", "https://hub:65536",
        "https://hub:x", "javascript:x", "https://h ub"}) {
    EXPECT_FALSE(ParseOrigin(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace ingot::http
