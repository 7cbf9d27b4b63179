#include "codec/method/transform.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

namespace ingot {
namespace {

template <typename T>
std::vector<std::byte> BytesOf(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

BlockHeader HeaderOf(Method method, const PlaneSet& set, size_t elements) {
  BlockHeader header;
  header.method = method;
  header.parameters = set.parameters;
  header.elements = static_cast<uint32_t>(elements);
  return header;
}

std::vector<ByteSpan> PlanesOf(const PlaneSet& set) {
  return {set.planes.begin(), set.planes.begin() + set.count};
}

void ExpectRestored(Method method, const BlockElements& block,
                    const PlaneSet& set) {
  const BlockHeader header = HeaderOf(method, set, block.count());
  const std::vector<ByteSpan> planes = PlanesOf(set);
  for (size_t plane = 0; plane < set.count; ++plane) {
    EXPECT_EQ(planes[plane].size(),
              TransformPlaneBytes(header, *block.geometry, block.first, plane));
  }
  // A part of it: nothing depends on where a range begins.
  const size_t bytes = block.geometry->element_bytes();
  const uint64_t begin = block.count() / 3;
  std::vector<std::byte> out(block.raw.size() - begin * bytes);
  ASSERT_TRUE(RestoreElements(header, *block.geometry, block.first, planes,
                              begin, out)
                  .ok());
  EXPECT_TRUE(std::ranges::equal(out, block.raw.subspan(begin * bytes)));
}

constexpr Geometry kF32{DType::kF32, 10, 40, 40};

TEST(TransformTest, PaletteTakesExactly256Values) {
  std::vector<uint32_t> values;
  for (uint32_t i = 0; i < 256; ++i) values.push_back(i * 0x01234567u);
  PlaneSet set;
  const std::vector<std::byte> raw = BytesOf(values);
  const BlockElements block{&kF32, 0, raw};
  ASSERT_TRUE(FindPalette(block, &set));
  EXPECT_EQ(set.parameters.palette, 256);
  ExpectRestored(Method::kPalette, block, set);
  values.push_back(1);
  const std::vector<std::byte> more = BytesOf(values);
  EXPECT_FALSE(FindPalette({&kF32, 0, more}, &set));
}

TEST(TransformTest, IntegersToTheirLimits) {
  const std::vector<float> good = {0.0f, 1.0f, -1.0f, 16777216.0f, -2.0f,
                                   2147483520.0f, -2147483520.0f};
  PlaneSet set;
  const std::vector<std::byte> raw = BytesOf(good);
  const BlockElements block{&kF32, 0, raw};
  ASSERT_TRUE(FindIntegers(block, &set));
  ExpectRestored(Method::kIntegers, block, set);
  for (const float bad :
       {-0.0f, 0.5f, 1.5f, 2147483648.0f, 1e-40f,
        std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::quiet_NaN()}) {
    const std::vector<std::byte> one = BytesOf(std::vector<float>{3.0f, bad});
    EXPECT_FALSE(FindIntegers({&kF32, 0, one}, &set)) << bad;
  }
}

TEST(TransformTest, ScaledSpansEndWithRows) {
  // Rows of ten in spans of four: 4, 4, 2. The block begins within a row.
  std::vector<float> values;
  for (int i = 0; i < 33; ++i) {
    const int place = i + 3;
    const float scale = 0.1f + static_cast<float>(place / 10 * 3 +
                                                  place % 10 / 4);
    values.push_back(static_cast<float>(i % 7 - 3) * scale);
  }
  values[5] = -0.0f;
  PlaneSet set;
  const std::vector<std::byte> raw = BytesOf(values);
  const BlockElements block{&kF32, 3, raw};
  ASSERT_TRUE(FindScaledIntegers(block, 4, &set));
  EXPECT_EQ(set.parameters.depth, 3);
  EXPECT_EQ(set.parameters.negative_zero, 8);  // codes 0..6 are -3..3
  EXPECT_EQ(set.planes[0].size(), 11u);
  ExpectRestored(Method::kScaled, block, set);
}

TEST(TransformTest, RefusesPlanesThatHaveNoMeaning) {
  std::vector<std::byte> out(8);
  const auto planes = [](std::initializer_list<uint8_t> bytes) {
    std::vector<std::byte> plane;
    for (const uint8_t byte : bytes) plane.push_back(std::byte{byte});
    return plane;
  };
  const auto restore = [&](const BlockHeader& header,
                           const std::vector<std::vector<std::byte>>& from) {
    return RestoreElements(header, kF32, 0, {from.begin(), from.end()}, 0,
                           out);
  };
  PlaneSet set;
  set.parameters.palette = 2;
  EXPECT_EQ(restore(HeaderOf(Method::kPalette, set, 2),
                    {planes({0, 0, 0, 0, 1, 1, 1, 1}), planes({0, 2})})
                .error()
                .kind,
            ErrorKind::kCorruption);
  // 2^24 + 1 is no fp32 number.
  EXPECT_EQ(restore(HeaderOf(Method::kIntegers, set, 2),
                    {planes({2, 2}), planes({0, 0}), planes({0, 0}),
                     planes({2, 2})})
                .error()
                .kind,
            ErrorKind::kCorruption);
  set.parameters.span = 10;
  // Subnormal, infinite, negative.
  for (const uint32_t scale : {0x00400000u, 0x7F800000u, 0xBF800000u}) {
    const auto byte = [scale](int i) {
      return static_cast<uint8_t>(scale >> (8 * i));
    };
    EXPECT_FALSE(restore(HeaderOf(Method::kScaled, set, 2),
                         {planes({byte(0)}), planes({byte(1)}),
                          planes({byte(2)}), planes({byte(3)}),
                          planes({1, 2})})
                     .ok())
        << scale;
  }
}

}  // namespace
}  // namespace ingot
