#include "codec/digest.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/source.h"

namespace ingot {
namespace {

// FIPS 180-2 examples.
constexpr std::string_view kEmpty =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kMillionA =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(DigestTest, KnownAnswers) {
  EXPECT_EQ(ToHex(HashBytes({})), kEmpty);
  EXPECT_EQ(ToHex(HashBytes(AsBytes("abc"))), kAbc);
  EXPECT_EQ(ToHex(HashBytes(AsBytes(std::string(1000000, 'a')))), kMillionA);
}

TEST(DigestTest, PiecesOfAnySizeGiveTheSameDigest) {
  const std::string piece(997, 'a');
  Hasher hasher;
  size_t left = 1000000;
  while (left > 0) {
    const size_t n = std::min(left, piece.size());
    hasher.Update(AsBytes(std::string_view(piece).substr(0, n)));
    hasher.Update({});
    left -= n;
  }
  EXPECT_EQ(ToHex(hasher.Finish()), kMillionA);
}

TEST(DigestTest, FinishStartsAnew) {
  Hasher hasher;
  hasher.Update(AsBytes("something else"));
  hasher.Finish();
  hasher.Update(AsBytes("abc"));
  EXPECT_EQ(ToHex(hasher.Finish()), kAbc);
  EXPECT_EQ(ToHex(hasher.Finish()), kEmpty);
}

TEST(DigestTest, MovesWithItsState) {
  Hasher first;
  first.Update(AsBytes("a"));
  Hasher second = std::move(first);
  second.Update(AsBytes("bc"));
  EXPECT_EQ(ToHex(second.Finish()), kAbc);
}

TEST(DigestTest, OfARangeOfASource) {
  // More than is read at once.
  std::vector<std::byte> bytes(5'000'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * i >> 7);
  const std::unique_ptr<Source> source = MakeMemorySource(bytes);
  const auto expect = [&](size_t offset, size_t length) {
    const Result<Digest> digest = HashRange(*source, offset, length);
    ASSERT_TRUE(digest.ok()) << digest.error().message;
    EXPECT_EQ(*digest, HashBytes(ByteSpan(bytes).subspan(offset, length)));
  };
  expect(0, bytes.size());
  expect(1, bytes.size() - 1);
  expect(77, 1000);
  expect(0, 0);
  expect(bytes.size(), 0);
  for (const uint64_t length : {uint64_t{5'000'000}, UINT64_MAX}) {
    const Result<Digest> digest = HashRange(*source, 1, length);
    ASSERT_FALSE(digest.ok());
    EXPECT_EQ(digest.error().kind, ErrorKind::kCorruption);
  }
}

TEST(DigestTest, ComesBackFromHex) {
  EXPECT_EQ(DigestOfHex(kAbc), HashBytes(AsBytes("abc")));
  std::string text(kAbc);
  for (const char other : {'g', 'A', ' ', '\0'}) {
    text[9] = other;
    EXPECT_EQ(DigestOfHex(text), std::nullopt);
  }
  EXPECT_EQ(DigestOfHex(""), std::nullopt);
  EXPECT_EQ(DigestOfHex(kAbc.substr(2)), std::nullopt);
  EXPECT_EQ(DigestOfHex(std::string(kAbc) + "00"), std::nullopt);
}

TEST(DigestTest, OrdersAndCompares) {
  EXPECT_EQ(HashBytes(AsBytes("x")), HashBytes(AsBytes("x")));
  EXPECT_NE(HashBytes(AsBytes("x")), HashBytes(AsBytes("y")));
  EXPECT_LT(Digest{}, HashBytes({}));
}

}  // namespace
}  // namespace ingot
