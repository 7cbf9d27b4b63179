#include "formats/npy.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/source.h"
#include "formats/format_table.h"
#include "tests/formats/layout_checks.h"
#include "tests/formats/npy_writer.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

Layout Detect(std::string_view file) {
  const auto source = MakeMemorySource(AsBytes(file));
  Result<Layout> layout = DetectLayout(*source);
  EXPECT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_EQ(LayoutDefect(*layout, file.size()), "");
  return *std::move(layout);
}

struct Case {
  std::string descr;
  std::string shape;
  size_t bytes;
  DType dtype;
  std::vector<uint64_t> view;
  uint64_t columns;
  bool fortran = false;
};

TEST(NpyTest, ArraysBecomeTensors) {
  const std::vector<Case> cases = {
      {"<f4", "(3, 4)", 48, DType::kF32, {3, 4}, 4},
      {"<f4", "()", 4, DType::kF32, {}, 1},
      {"<f2", "(5,)", 10, DType::kF16, {5}, 5},
      {"<f8", "(2, 3, 20)", 960, DType::kF64, {2, 3, 20}, 20},
      {"=i2", "(2,)", 4, DType::kI16, {2}, 2},
      {"<u2", "(2,)", 4, DType::kU16, {2}, 2},
      {"<i4", "(2,)", 8, DType::kI32, {2}, 2},
      {"<u4", "(2L,)", 8, DType::kU32, {2}, 2},
      {"<i8", "(2,)", 16, DType::kI64, {2}, 2},
      {"<u8", "(2,)", 16, DType::kU64, {2}, 2},
      {"|b1", "(7,)", 7, DType::kBool, {7}, 7},
      {"|i1", "(7,)", 7, DType::kI8, {7}, 7},
      {">u1", "(7,)", 7, DType::kU8, {7}, 7},
      {"<c8", "(2, 3)", 48, DType::kC64, {2, 3}, 6},
      {"<c16", "(2, 3)", 96, DType::kF64, {12}, 6},
      {"<M8[ns]", "(2,)", 16, DType::kI64, {2}, 2},
      {"<f4", "(3, 4)", 48, DType::kF32, {12}, 3, true},
      {"<f4", "(5,)", 20, DType::kF32, {5}, 5, true},
  };
  for (const Case& c : cases) {
    for (const unsigned version : {1u, 2u, 3u}) {
      SCOPED_TRACE(c.descr + c.shape);
      const std::string file =
          NpyFile(c.descr, c.shape, c.bytes, c.fortran, version);
      const Layout layout = Detect(file);
      EXPECT_EQ(layout.format(), "npy") << layout.note();
      ASSERT_EQ(layout.regions().size(), 2u);
      const Region& region = layout.regions()[1];
      EXPECT_EQ(region.length, c.bytes);
      EXPECT_EQ(region.columns, c.columns);
      EXPECT_EQ(*region.tensor, (TensorView{"array", c.dtype, c.view}));
      // The beginning of a pipe says the same.
      const auto prefix = MakeMemorySource(
          AsBytes(std::string_view(file).substr(0, region.offset)));
      const Result<ParsedLayout> parsed = ParseNpy(*prefix, std::nullopt);
      ASSERT_TRUE(parsed.ok());
      EXPECT_EQ(std::get<Layout>(*parsed).regions(), layout.regions());
    }
  }
}

TEST(NpyTest, EmptyArraysHaveAPlace) {
  const Layout layout = Detect(NpyFile("<f4", "(0, 9999999999999999999)", 0));
  EXPECT_EQ(layout.format(), "npy") << layout.note();
  EXPECT_EQ(layout.regions()[1].length, 0u);
}

TEST(NpyTest, WhatIsNoTensorIsOpaque) {
  struct Broken {
    std::string file;
    std::string note;
  };
  const std::vector<Broken> cases = {
      {NpyFile(">f4", "(2,)", 8), "elements are big-endian, \">f4\""},
      {NpyFile("|O", "(2,)", 8), "elements are of no known dtype, \"|O\""},
      {NpyFile("<U4", "(2,)", 32), "elements are of no known dtype, \"<U4\""},
      {NpyFile("|V2", "(2,)", 4), "elements are of no known dtype, \"|V2\""},
      {NpyFile("f", "(2,)", 8), "elements are records"},
      {NpyFile("<f4", "(2,)", 9), "the file has 137 bytes, expected 136"},
      {NpyFile("<f4", "(2,)", 7), "the file has 135 bytes, expected 136"},
      {NpyFile("<f4", "(2", 8), "the header is no dict"},
      {NpyFile("<f4", "(2 3)", 24), "the header is no dict"},
      {NpyFile("<f4", "(-2,)", 8), "the header is no dict"},
      {NpyFile("<f4", "2", 8), "the header is no dict"},
      {NpyFile("<f4", "(99999999999999999999,)", 8), "the header is no dict"},
      {NpyFile("<f4", "(4611686018427387905,)", 4), "the shape is too large"},
      {NpyFile("<f4", "(4294967296,4294967296)", 4), "the shape is too large"},
      {NpyWithHeader("{'descr': [('a', '<f4'), ('b', [('c', '<i2')])], "
                     "'fortran_order': False, 'shape': (2,)}\n",
                     12),
       "elements are records"},
      {NpyWithHeader("{'descr': '<f4', 'fortran_order': False}", 4),
       "the header is no dict"},
      {NpyWithHeader("{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", 4),
       "the header is no dict"},
      {NpyWithHeader("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4),
       "the header is no dict"},
      {NpyWithHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}x",
                     4),
       "the header is no dict"},
      {NpyWithHeader("", 0), "the file ends in its first header"},
      {NpyWithHeader("", 20), "the header is no dict"},
      {NpyWithHeader(std::string(70000, '['), 20, 2), "a header of 70000"},
      {NpyWithHeader("{'descr': " + std::string(60000, '['), 20),
       "the header is no dict"},
      {NpyFile("<f4", "(2,)", 8, false, 4), "version 4 is unknown"},
      {NpyFile("<f4", "(2,)", 8, false, 0), "version 0 is unknown"},
  };
  for (const Broken& c : cases) {
    const Layout layout = Detect(c.file);
    EXPECT_EQ(layout.format(), "opaque");
    EXPECT_TRUE(layout.note().starts_with("npy: " + c.note)) << layout.note();
  }
}

TEST(NpyTest, DimensionsAreLimited) {
  const auto shape = [](int dimensions) {
    std::string text = "(";
    for (int i = 0; i < dimensions; ++i) text += "1,";
    return text + ")";
  };
  EXPECT_EQ(Detect(NpyFile("<f4", shape(64), 4)).format(), "npy");
  EXPECT_EQ(Detect(NpyFile("<f4", shape(65), 4)).format(), "opaque");
  EXPECT_EQ(Detect(NpyFile("<c16", shape(64), 16)).format(), "opaque");
}

TEST(NpyTest, EveryPrefixIsOpaqueAndEveryFlippedBitSurvived) {
  std::string file = NpyFile("<f4", "(3, 4)", 48);
  for (size_t size = 0; size < file.size(); size += kStride) {
    const Layout layout = Detect(std::string_view(file).substr(0, size));
    EXPECT_EQ(layout.format(), "opaque");
    EXPECT_EQ(layout.note().empty(), size < 6);
  }
  for (size_t bit = 0; bit < 8 * file.size(); bit += kStride) {
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
    Detect(file);
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace ingot
