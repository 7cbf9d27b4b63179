#include "formats/gguf.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/source.h"
#include "formats/format_table.h"
#include "tests/formats/gguf_writer.h"
#include "tests/formats/layout_checks.h"
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

void ExpectNote(std::string_view file, std::string_view note) {
  const Layout layout = Detect(file);
  EXPECT_EQ(layout.format(), "opaque");
  EXPECT_TRUE(layout.note().starts_with("gguf: " + std::string(note)))
      << layout.note();
}

std::vector<Region> Tensors(const Layout& layout) {
  std::vector<Region> tensors;
  for (const Region& region : layout.regions()) {
    if (region.tensor) tensors.push_back(region);
  }
  return tensors;
}

// Metadata of every type, strings and arrays in arrays among them.
GgufWriter SomeMetadata() {
  GgufWriter gguf;
  const std::vector<size_t> sizes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  for (uint32_t type = 0; type < sizes.size(); ++type) {
    if (sizes[type] == 0) continue;
    gguf.Entry("key." + std::to_string(type), type,
               std::string(sizes[type], '\x01'));
  }
  gguf.Entry("general.name", 8, GgufWriter::String("a model"));
  std::string array;
  AppendInteger<uint32_t>(&array, 8);
  AppendInteger<uint64_t>(&array, 2);
  array += GgufWriter::String("token") + GgufWriter::String("");
  gguf.Entry("tokens", 9, array);
  std::string nested;
  AppendInteger<uint32_t>(&nested, 9);
  AppendInteger<uint64_t>(&nested, 1);
  AppendInteger<uint32_t>(&nested, 5);
  AppendInteger<uint64_t>(&nested, 3);
  nested += std::string(12, '\x02');
  gguf.Entry("nested", 9, nested);
  return gguf;
}

GgufWriter SomeModel() {
  GgufWriter gguf = SomeMetadata();
  gguf.Tensor("embed", {64, 3}, 2, std::string(108, 'a'))
      .Tensor("norm", {8}, 0, std::string(32, 'b'))
      .Tensor("codes", {256}, 16, std::string(66, 'c'))
      .Tensor("out", {256, 2}, 14, std::string(420, 'd'));
  return gguf;
}

TEST(GgufTest, FindsTensors) {
  for (const char* tail : {"", "\0\0\0", "more behind the last tensor"}) {
    const std::string file = SomeModel().Finish() + tail;
    const Layout layout = Detect(file);
    EXPECT_EQ(layout.format(), "gguf");
    EXPECT_EQ(layout.note(),
              "gguf: 1 tensor is of a type that is kept as opaque bytes");
    const std::vector<Region> tensors = Tensors(layout);
    ASSERT_EQ(tensors.size(), 3u);
    EXPECT_EQ(*tensors[0].tensor, (TensorView{"embed", DType::kQ4_0, {3, 64}}));
    EXPECT_EQ(tensors[0].columns, 2u);
    EXPECT_EQ(file[tensors[0].offset], 'a');
    EXPECT_EQ(tensors[0].length, 108u);
    EXPECT_EQ(*tensors[1].tensor, (TensorView{"norm", DType::kF32, {8}}));
    EXPECT_EQ(file[tensors[1].offset], 'b');
    EXPECT_EQ(*tensors[2].tensor, (TensorView{"out", DType::kQ6K, {2, 256}}));
    EXPECT_EQ(file[tensors[2].offset], 'd');
    EXPECT_EQ(tensors[2].length, 420u);
  }
}

TEST(GgufTest, KnowsEveryTypeByItsSize) {
  struct Type {
    uint32_t number;
    DType dtype;
    size_t elements;
    size_t bytes;
  };
  for (const Type& type : std::vector<Type>{{0, DType::kF32, 1, 4},
                                            {1, DType::kF16, 1, 2},
                                            {2, DType::kQ4_0, 32, 18},
                                            {3, DType::kQ4_1, 32, 20},
                                            {6, DType::kQ5_0, 32, 22},
                                            {7, DType::kQ5_1, 32, 24},
                                            {8, DType::kQ8_0, 32, 34},
                                            {10, DType::kQ2K, 256, 84},
                                            {11, DType::kQ3K, 256, 110},
                                            {12, DType::kQ4K, 256, 144},
                                            {13, DType::kQ5K, 256, 176},
                                            {14, DType::kQ6K, 256, 210},
                                            {24, DType::kI8, 1, 1},
                                            {25, DType::kI16, 1, 2},
                                            {26, DType::kI32, 1, 4},
                                            {27, DType::kI64, 1, 8},
                                            {28, DType::kF64, 1, 8},
                                            {30, DType::kBf16, 1, 2}}) {
    for (const uint32_t version : {2u, 3u}) {
      GgufWriter gguf(version);
      gguf.Tensor("t", {2 * type.elements, 3}, type.number,
                  std::string(6 * type.bytes, 'x'));
      const std::vector<Region> tensors = Tensors(Detect(gguf.Finish()));
      ASSERT_EQ(tensors.size(), 1u) << type.number;
      EXPECT_EQ(tensors[0].tensor->dtype, type.dtype);
      EXPECT_EQ(tensors[0].element_dtype, type.dtype);
      EXPECT_EQ(tensors[0].columns, 2u);
      if (type.elements == 1) continue;
      GgufWriter odd(version);
      odd.Tensor("t", {type.elements + 1, type.elements}, type.number,
                 std::string(9999, 'x'));
      ExpectNote(odd.Finish(), "tensor \"t\" has a shape");
    }
  }
}

TEST(GgufTest, TensorsMayLieApartInAnyOrder) {
  GgufWriter gguf;
  gguf.Alignment(64);
  gguf.Entry("b", {4}, 0, 128).Entry("a", {4}, 0, 0).Entry("none", {0}, 0, 64);
  const std::string file = gguf.Finish() + std::string(144, 'x');
  const std::vector<Region> tensors = Tensors(Detect(file));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].tensor->name, "a");
  EXPECT_EQ(tensors[0].offset % 64, 0u);
  EXPECT_EQ(tensors[1].tensor->name, "none");
  EXPECT_EQ(tensors[2].offset, tensors[0].offset + 128);
}

TEST(GgufTest, FilesWithoutTensors) {
  EXPECT_EQ(Detect(GgufWriter().Finish()).format(), "gguf");
  // Not even padded.
  EXPECT_EQ(Detect(SomeMetadata().Header()).format(), "gguf");
}

TEST(GgufTest, HostileNumbersAreRefused) {
  const auto counts = [](uint64_t tensors, uint64_t entries) {
    GgufWriter gguf = SomeModel();
    gguf.set_counts(tensors, entries);
    return gguf.Finish();
  };
  const std::string many = " tensors and ";
  ExpectNote(counts(uint64_t{1} << 60, 0), "1152921504606846976" + many);
  ExpectNote(counts(0, uint64_t{1} << 60), "0" + many);
  ExpectNote(counts(262145, 0), "262145" + many);
  ExpectNote(counts(200000, 0), "");
  const auto metadata = [](uint32_t type, std::string_view value) {
    return GgufWriter().Entry("k", type, value).Finish();
  };
  const std::string huge(8, '\xff');
  const auto array = [](uint32_t type, uint64_t count) {
    std::string value;
    AppendInteger<uint32_t>(&value, type);
    AppendInteger<uint64_t>(&value, count);
    return value;
  };
  ExpectNote(metadata(8, huge), "the header has no end");
  ExpectNote(metadata(13, huge), "metadata of unknown type 13");
  ExpectNote(metadata(9, array(0, UINT64_MAX)), "the header has no end");
  ExpectNote(metadata(9, array(8, UINT64_MAX)), "the header has no end");
  ExpectNote(metadata(9, array(12, uint64_t{1} << 61)), "the header has no");
  ExpectNote(metadata(9, array(99, 1)), "metadata of unknown type 99");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += array(9, 1);
  ExpectNote(metadata(9, deep), "arrays are nested too deep");
  // Arrays of nothing at all take their lengths.
  ExpectNote(metadata(9, array(9, UINT64_MAX) + array(0, 0)), "the header");

  const auto tensor = [](const std::vector<uint64_t>& shape, uint32_t type,
                         uint64_t offset) {
    return GgufWriter().Entry("t", shape, type, offset).Finish() +
           std::string(64, 'x');
  };
  const uint64_t large = uint64_t{1} << 40;
  ExpectNote(tensor({large, large}, 0, 0), "tensor \"t\" has a shape");
  ExpectNote(tensor({uint64_t{1} << 62, 4}, 0, 0), "tensor \"t\" has a shape");
  ExpectNote(tensor({large}, 0, 0), "tensor \"t\" reaches beyond");
  ExpectNote(tensor({17}, 0, 0), "tensor \"t\" reaches beyond");
  ExpectNote(tensor({4}, 0, 64), "tensor \"t\" reaches beyond");
  ExpectNote(tensor({4}, 0, 1), "tensor \"t\" has an offset of 1");
  ExpectNote(tensor({4}, 0, UINT64_MAX), "tensor \"t\" has an offset");
  ExpectNote(tensor({4}, 99, uint64_t{1} << 40), "tensor \"t\" reaches beyond");
  ExpectNote(tensor(std::vector<uint64_t>(65, 1), 0, 0), "tensor \"t\" has 65");
  GgufWriter overlap;
  overlap.Entry("a", {16}, 0, 0).Entry("b", {8}, 0, 32);
  ExpectNote(overlap.Finish() + std::string(64, 'x'), "tensor \"b\" overlaps");
  ExpectNote(GgufWriter().Entry(std::string(70000, 'n'), {1}, 0, 0).Finish(),
             "names of tensors are too long");
  ExpectNote(GgufWriter().Alignment(24).Finish(), "an alignment of 24");
  GgufWriter zero;
  zero.Entry("general.alignment", 4, std::string(4, '\0'));
  ExpectNote(zero.Finish(), "an alignment of 0");
  GgufWriter wide;
  wide.Entry("general.alignment", 10, std::string(8, '\x01'));
  ExpectNote(wide.Finish(), "the alignment is no uint32");
  ExpectNote(GgufWriter(1).Finish(), "version 1, expected 2 or 3");
  ExpectNote(GgufWriter(0x03000000).Finish(), "big-endian");
}

TEST(GgufTest, EveryPrefixIsOpaqueOrWhole) {
  const std::string file = SomeModel().Finish();
  for (size_t size = 0; size < file.size(); size += kStride) {
    const Layout layout = Detect(std::string_view(file).substr(0, size));
    EXPECT_EQ(layout.format(), "opaque") << size;
    EXPECT_EQ(layout.note().empty(), size < 4) << size;
    // As the beginning of a pipe it is broken, or the same as the file.
    const auto prefix =
        MakeMemorySource(AsBytes(std::string_view(file).substr(0, size)));
    const Result<ParsedLayout> parsed = ParseGguf(*prefix, std::nullopt);
    ASSERT_TRUE(parsed.ok());
    const auto* pipe = std::get_if<Layout>(&*parsed);
    EXPECT_EQ(pipe != nullptr, size >= SomeModel().Header().size()) << size;
    if (pipe != nullptr) {
      EXPECT_EQ(pipe->regions(), Detect(file).regions());
    }
  }
}

TEST(GgufTest, EveryFlippedBitIsSurvived) {
  std::string file = SomeModel().Finish();
  for (size_t bit = 0; bit < 8 * file.size(); bit += kStride) {
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
    Detect(file);
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace ingot
