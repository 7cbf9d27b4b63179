#include "daemon/http/ranges.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ingot::http {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(RangesTest, AreThoseOfTheHeader) {
  for (const auto& [header, ranges] :
       {std::pair<std::string_view, Ranges>{"bytes=0-0", {{0, 1}}},
        {"bytes=0-", {{0, 100}}},
        {"bytes=10-19", {{10, 20}}},
        {"bytes=90-1000", {{90, 100}}},
        {"bytes=-1", {{99, 100}}},
        {"bytes=-1000", {{0, 100}}},
        {"bytes=0-18446744073709551615", {{0, 100}}},
        {"bytes=0-99999999999999999999999", {{0, 100}}},
        {"bytes=5-6, 1-2,,\t8-8", {{5, 7}, {1, 3}, {8, 9}}},
        {"bytes=5-6,100-", {{5, 7}}},
        {"bytes=100-", {}},
        {"bytes=99999999999999999999-", {}},
        {"bytes=-0", {}}}) {
    const auto parsed = ParseRanges(header, 100);
    ASSERT_TRUE(parsed) << header;
    EXPECT_EQ(*parsed, ranges) << header;
  }
  EXPECT_EQ(*ParseRanges("bytes=0-", 0), Ranges{});
  EXPECT_EQ(*ParseRanges("bytes=-5", 0), Ranges{});
}

TEST(RangesTest, OthersAreIgnored) {
  std::string many = "bytes=0-0";
  for (int i = 1; i <= 16; ++i) {
    many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  }
  for (const std::string_view header :
       {std::string_view(many), std::string_view(""), std::string_view("bytes"),
        std::string_view("bytes="), std::string_view("bytes=,"),
        std::string_view("items=0-1"), std::string_view("bytes=1"),
        std::string_view("bytes=-"), std::string_view("bytes=2-1"),
        std::string_view("bytes=a-b"), std::string_view("bytes=+1-2"),
        std::string_view("bytes=--1"), std::string_view("bytes=1-2-3"),
        std::string_view("bytes=0-9,5-15"), std::string_view("bytes=0-,-1"),
        std::string_view("bytes=0x1-2")}) {
    EXPECT_EQ(ParseRanges(header, 100), std::nullopt) << header;
  }
}

}  // namespace
}  // namespace ingot::http
