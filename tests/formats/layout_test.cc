#include "formats/layout.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/formats/layout_checks.h"

namespace ingot {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

Region Literal(uint64_t offset, uint64_t length) {
  Region region;
  region.offset = offset;
  region.length = length;
  return region;
}

Region Tensor(uint64_t offset, DType dtype, std::vector<uint64_t> shape) {
  return TensorRegion(offset, {"t", dtype, std::move(shape)});
}

std::string CreateError(uint64_t size, std::vector<Region> regions) {
  const Result<Layout> layout =
      Layout::Create("test", size, std::move(regions));
  if (layout.ok()) return "";
  EXPECT_EQ(layout.error().kind, ErrorKind::kInvalidArgument);
  return layout.error().message;
}

TEST(LayoutTest, AcceptsPartitions) {
  EXPECT_EQ(CreateError(0, {}), "");
  EXPECT_EQ(CreateError(10, {Literal(0, 10)}), "");
  EXPECT_EQ(CreateError(12, {Literal(0, 3), Tensor(3, DType::kF32, {2}),
                             Literal(11, 1)}),
            "");
}

TEST(LayoutTest, AcceptsEmptyTensorsAnywhere) {
  EXPECT_EQ(CreateError(0, {Tensor(0, DType::kF32, {0})}), "");
  EXPECT_EQ(
      CreateError(
          4, {Tensor(0, DType::kF32, {0, 7}), Tensor(0, DType::kF32, {}),
              Tensor(4, DType::kBf16, {3, 0}), Tensor(4, DType::kBf16, {0})}),
      "");
}

TEST(LayoutTest, KeepsWhatItWasGiven) {
  const Result<Layout> layout = Layout::Create(
      "test", 10, {Literal(0, 2), Tensor(2, DType::kI64, {1})}, "why");
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->format(), "test");
  EXPECT_EQ(layout->size(), 10u);
  EXPECT_EQ(layout->note(), "why");
  EXPECT_EQ(layout->regions(),
            (std::vector<Region>{Literal(0, 2), Tensor(2, DType::kI64, {1})}));
}

TEST(LayoutTest, RefusesWhatIsNoPartition) {
  const Region first = Literal(0, 4);
  EXPECT_EQ(CreateError(9, {first, Literal(5, 4)}),
            "layout: region 1 at offset 5 of length 4: expected to begin at 4");
  EXPECT_EQ(CreateError(9, {first, Literal(3, 6)}),
            "layout: region 1 at offset 3 of length 6: expected to begin at 4");
  EXPECT_EQ(CreateError(4, {Literal(1, 3)}),
            "layout: region 0 at offset 1 of length 3: expected to begin at 0");
  EXPECT_EQ(CreateError(9, {Literal(4, 5), first}),
            "layout: region 0 at offset 4 of length 5: expected to begin at 0");
  EXPECT_EQ(CreateError(5, {first}),
            "layout: the regions end at offset 4, expected the file's end at "
            "5");
  EXPECT_EQ(CreateError(1, {}),
            "layout: the regions end at offset 0, expected the file's end at "
            "1");
  EXPECT_EQ(CreateError(3, {first}),
            "layout: region 0 at offset 0 of length 4: reaches past the file's "
            "end at 3");
}

TEST(LayoutTest, RefusesOverflowingLengths) {
  const std::string error = CreateError(9, {Literal(0, 4), Literal(4, ~0ull)});
  EXPECT_NE(error.find("reaches past the file's end"), std::string::npos);
}

TEST(LayoutTest, RefusesBadRegions) {
  const auto expect_refused = [](Region region, const std::string& why) {
    const uint64_t size = region.length;
    EXPECT_NE(CreateError(size, {std::move(region)}).find(why),
              std::string::npos)
        << why;
  };
  expect_refused(Literal(0, 0), "only tensors may be empty");
  expect_refused(Literal(0, kMaxLiteralLength + 1), "a literal exceeds");
  Region region = Tensor(0, DType::kF32, {3});
  region.length = 16;
  expect_refused(region, "not that of the tensor's dtype and shape");
  region.tensor->shape = {1ull << 62, 4};
  expect_refused(region, "not that of the tensor's dtype and shape");
  region = Literal(0, 7);
  region.element_dtype = DType::kBf16;
  expect_refused(region, "does not hold whole elements of BF16");
  region = Tensor(0, DType::kC64, {3});
  region.element_dtype = DType::kC64;
  expect_refused(region, "does not hold whole elements of C64");
  region = Literal(0, 7);
  region.columns = 0;
  expect_refused(region, "0 columns, expected 1 to");
  region.columns = kMaxColumns + 1;
  expect_refused(region, "columns, expected 1 to");
}

TEST(LayoutTest, LimitsTheSizeOfFiles) {
  for (const Result<Layout>& layout :
       {Layout::Create("test", kMaxFileSize + 1, {}),
        OpaqueLayout(kMaxFileSize + 1), OpaqueLayout(~0ull),
        RawLayout(~0ull, DType::kF32, 7), RawLayout(~0ull, DType::kBytes, 0)}) {
    ASSERT_FALSE(layout.ok());
    EXPECT_EQ(layout.error().kind, ErrorKind::kResourceExhausted);
  }
  const Result<Layout> largest = OpaqueLayout(kMaxFileSize);
  ASSERT_TRUE(largest.ok());
  EXPECT_EQ(LayoutDefect(*largest, kMaxFileSize), "");
}

TEST(LayoutTest, ChoosesColumns) {
  struct Case {
    DType dtype;
    std::vector<uint64_t> shape;
    uint64_t columns;
  };
  const Case cases[] = {
      {DType::kF32, {}, 1},
      {DType::kF32, {7}, 7},
      {DType::kBf16, {5, 3}, 3},
      {DType::kBf16, {1, 300}, 300},
      {DType::kBf16, {300, 1}, 1},
      {DType::kBf16, {4, 6, 16}, 16},         // experts
      {DType::kBf16, {2, 4, 6, 4096}, 4096},  //
      {DType::kF16, {8, 3, 5, 5}, 75},        // convolution
      {DType::kF16, {8, 4, 15}, 60},          //
      {DType::kF16, {8, 1, 1}, 1},            //
      {DType::kF32, {0}, 1},                  // no elements
      {DType::kF32, {16, 0}, 1},              //
      {DType::kF32, {0, 1ull << 63, 1ull << 63}, 1},
      {DType::kC64, {5, 3}, 6},
      {DType::kC64, {7}, 14},
      {DType::kC64, {}, 2},
      {DType::kF4, {6, 8}, 4},      // packed: bytes
      {DType::kF6E2m3, {2, 4}, 3},  //
      {DType::kF4, {2, 1}, 1},      // rows of half a byte
      {DType::kBool, {2, 9}, 9},
  };
  for (const Case& c : cases) {
    const Region region = Tensor(100, c.dtype, c.shape);
    const std::string shape = ::testing::PrintToString(c.shape);
    EXPECT_EQ(region.columns, c.columns) << shape;
    EXPECT_EQ(region.offset, 100u);
    EXPECT_EQ(region.length, *region.tensor->ByteSize()) << shape;
    EXPECT_EQ(region.tensor->dtype, c.dtype) << shape;
    EXPECT_EQ(region.element_dtype, CodedDType(c.dtype)) << shape;
  }
}

TEST(LayoutTest, CodedDTypesAreWholeBytes) {
  EXPECT_EQ(CodedDType(DType::kC64), DType::kF32);
  EXPECT_EQ(CodedDType(DType::kF4), DType::kBytes);
  EXPECT_EQ(CodedDType(DType::kF6E2m3), DType::kBytes);
  EXPECT_EQ(CodedDType(DType::kF6E3m2), DType::kBytes);
  for (const DTypeInfo& info : AllDTypes()) {
    const DType coded = CodedDType(info.dtype);
    EXPECT_EQ(CodedDType(coded), coded) << info.name;
    EXPECT_EQ(GetDTypeInfo(coded).bits % 8, 0) << info.name;
    if (info.bits % 8 == 0 && info.dtype != DType::kC64) {
      EXPECT_EQ(coded, info.dtype) << info.name;
    }
  }
}

TEST(LayoutTest, CutsOpaqueFilesIntoLiterals) {
  const Result<Layout> empty = OpaqueLayout(0);
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->regions().empty());
  EXPECT_EQ(empty->format(), "opaque");

  const Result<Layout> layout = OpaqueLayout(130 * kMiB, "why");
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(LayoutDefect(*layout, 130 * kMiB), "");
  EXPECT_EQ(layout->note(), "why");
  ASSERT_EQ(layout->regions().size(), 3u);
  EXPECT_EQ(layout->regions()[1].length, 64 * kMiB);
  EXPECT_EQ(layout->regions()[2].length, 2 * kMiB);
  for (const Region& region : layout->regions()) {
    EXPECT_TRUE(region.IsLiteral());
  }
}

TEST(LayoutTest, RawFilesAreOneRegionAndATail) {
  const Result<Layout> layout = RawLayout(23, DType::kF32, 3);
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(LayoutDefect(*layout, 23), "");
  EXPECT_EQ(layout->format(), "raw");
  ASSERT_EQ(layout->regions().size(), 2u);
  const Region& raw = layout->regions()[0];
  EXPECT_EQ(raw.length, 20u);
  EXPECT_EQ(raw.element_dtype, DType::kF32);
  EXPECT_EQ(raw.columns, 3u);
  EXPECT_FALSE(raw.tensor.has_value());
  EXPECT_FALSE(raw.IsLiteral());
  EXPECT_TRUE(layout->regions()[1].IsLiteral());
  EXPECT_EQ(layout->regions()[1].length, 3u);
}

TEST(LayoutTest, RawColumns) {
  struct Case {
    uint64_t size;
    DType dtype;
    uint64_t columns;
    uint64_t expected;
  };
  const Case cases[] = {
      {40, DType::kF32, 0, 10},     {40, DType::kF32, 10, 10},
      {40, DType::kF32, 11, 10},    {40, DType::kF32, ~0ull, 10},
      {40, DType::kC64, 2, 4},      {40, DType::kC64, 0, 10},
      {40, DType::kC64, ~0ull, 10}, {kMaxFileSize, DType::kU8, 0, kMaxColumns},
  };
  for (const Case& c : cases) {
    const Result<Layout> layout = RawLayout(c.size, c.dtype, c.columns);
    ASSERT_TRUE(layout.ok());
    ASSERT_EQ(layout->regions().size(), 1u);
    EXPECT_EQ(layout->regions()[0].columns, c.expected) << c.columns;
  }
}

TEST(LayoutTest, RawFilesOfAnySizeAndDType) {
  for (const DTypeInfo& info : AllDTypes()) {
    for (uint64_t size = 0; size < 40; ++size) {
      for (const uint64_t columns : {0, 1, 3, 1000}) {
        const Result<Layout> layout = RawLayout(size, info.dtype, columns);
        ASSERT_TRUE(layout.ok()) << info.name << " " << size;
        EXPECT_EQ(LayoutDefect(*layout, size), "") << info.name << " " << size;
      }
    }
  }
  // Half a C64 is no element.
  const Result<Layout> layout = RawLayout(12, DType::kC64, 0);
  ASSERT_TRUE(layout.ok());
  ASSERT_EQ(layout->regions().size(), 2u);
  EXPECT_TRUE(layout->regions()[1].IsLiteral());
}

}  // namespace
}  // namespace ingot
