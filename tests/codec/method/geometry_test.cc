#include "codec/method/geometry.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

TEST(GeometryTest, EveryChoiceKeepsTheLimits) {
  for (const DTypeInfo& info : AllDTypes()) {
    if (!IsCodable(info.dtype)) continue;
    for (uint64_t columns = 1; columns < uint64_t{1} << 45;
         columns += columns / 3 + 1) {
      const Geometry geometry = ChooseGeometry(info.dtype, columns);
      const Status status = CheckGeometry(geometry);
      ASSERT_TRUE(status.ok()) << status.error().message;
      EXPECT_LE(geometry.group_bytes(), uint64_t{32} << 20);
      EXPECT_LE(geometry.group_elements, uint64_t{1} << 24);
      if (columns <= geometry.block_elements) {
        EXPECT_EQ(geometry.block_elements % columns, 0u);
      }
    }
  }
}

// Masters and their copies share boundaries.
TEST(GeometryTest, FloatsOfTwoAndFourBytesAreCutAlike) {
  for (const uint64_t columns : {1, 64, 683, 4096, 151936, 1 << 20}) {
    EXPECT_EQ(ChooseGeometry(DType::kBf16, columns).block_elements,
              ChooseGeometry(DType::kF32, columns).block_elements);
  }
}

TEST(GeometryTest, RefusesWhatIsOutsideTheLimits) {
  const Geometry good{DType::kBf16, 4, 8, 16};
  ASSERT_TRUE(CheckGeometry(good).ok());
  const auto refused = [](Geometry geometry) {
    return !CheckGeometry(geometry).ok();
  };
  EXPECT_TRUE(refused({DType::kC64, 4, 8, 16}));
  EXPECT_TRUE(refused({DType::kF6E2m3, 4, 8, 16}));
  EXPECT_TRUE(refused({DType::kBf16, 0, 8, 16}));
  EXPECT_TRUE(refused({DType::kBf16, (uint64_t{1} << 40) + 1, 8, 16}));
  EXPECT_FALSE(refused({DType::kBf16, uint64_t{1} << 40, 8, 16}));
  EXPECT_TRUE(refused({DType::kBf16, 4, 0, 16}));
  EXPECT_TRUE(refused({DType::kBf16, 4, (1 << 19) + 1, 1 << 20}));
  EXPECT_FALSE(refused({DType::kBf16, 4, 1 << 19, 1 << 25}));
  EXPECT_TRUE(refused({DType::kBf16, 4, 1 << 19, 1 << 26}));
  EXPECT_TRUE(refused({DType::kBf16, 4, 8, 0}));
  EXPECT_TRUE(refused({DType::kBf16, 4, 8, 17}));
  EXPECT_TRUE(refused({DType::kBf16, 4, uint64_t{1} << 63, uint64_t{1} << 63}));
}

}  // namespace
}  // namespace ingot
