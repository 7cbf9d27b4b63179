#include "formats/pytorch_legacy.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec/source.h"
#include "formats/format_table.h"
#include "tests/formats/layout_checks.h"
#include "tests/formats/pickle_writer.h"
#include "tests/formats/zip_writer.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

using pickle::Dict;
using pickle::Int;
using pickle::List;
using pickle::Pickle;
using pickle::Str;
using pickle::Tensor;

constexpr std::string_view kMagic =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

Layout Detect(std::string_view file) {
  const auto source = MakeMemorySource(AsBytes(file), "model.pt");
  Result<Layout> layout = DetectLayout(*source);
  EXPECT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_EQ(LayoutDefect(*layout, file.size()), "");
  return *std::move(layout);
}

void ExpectNote(std::string_view file, std::string_view note) {
  const Layout layout = Detect(file);
  EXPECT_EQ(layout.format(), "opaque");
  EXPECT_TRUE(layout.note().starts_with("pytorch: " + std::string(note)))
      << layout.note();
}

// What comes before the storages.
std::string Head(const std::string& object, const std::string& keys,
                 int version = 1001, std::string_view little_endian = "\x88") {
  return std::string(kMagic) + Pickle(Int(version)) +
         Pickle(Dict({{"protocol_version", Int(1001)},
                      {"little_endian", std::string(little_endian)},
                      {"type_sizes", Dict({{"int", Int(4)}})}})) +
         Pickle(object) + Pickle(keys);
}

std::string StorageBytes(uint64_t elements, size_t length) {
  std::string bytes;
  AppendInteger<uint64_t>(&bytes, elements);
  for (size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 31);
  return bytes;
}

const std::string kObject =
    Dict({{"w", Tensor("FloatStorage", "930", 6, {2, 3})},
          {"none", Tensor("FloatStorage", "7", 0, {0})},
          {"t", Tensor("HalfStorage", "12", 8, {4, 2}, {1, 4})}});
const std::string kKeys = List({Str("12"), Str("7"), Str("930")});

std::string SomeFile() {
  return Head(kObject, kKeys) + StorageBytes(8, 16) + StorageBytes(0, 0) +
         StorageBytes(6, 24);
}

TEST(LegacyPytorchTest, FindsTensors) {
  const std::string file = SomeFile();
  const Layout layout = Detect(file);
  EXPECT_EQ(layout.format(), "pytorch") << layout.note();
  std::vector<Region> tensors;
  for (const Region& region : layout.regions()) {
    if (region.tensor) tensors.push_back(region);
  }
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(*tensors[0].tensor, (TensorView{"t", DType::kF16, {8}}));
  EXPECT_EQ(tensors[0].columns, 4u);
  EXPECT_EQ(*tensors[1].tensor, (TensorView{"w", DType::kF32, {2, 3}}));
  EXPECT_EQ(tensors[1].offset + 24, file.size());
  EXPECT_EQ(tensors[0].offset + 16 + 16, tensors[1].offset);
}

TEST(LegacyPytorchTest, BrokenFilesAreOpaque) {
  const std::string storages =
      StorageBytes(8, 16) + StorageBytes(0, 0) + StorageBytes(6, 24);
  ExpectNote(SomeFile() + "x", "bytes follow the last storage");
  ExpectNote(Head(kObject, kKeys, 1000) + storages, "the version is not 1001");
  ExpectNote(Head(kObject, kKeys, 1001, "\x89") + storages,
             "not of a little-endian machine");
  ExpectNote(Head(kObject, List({Str("13")})) + storages,
             "storage \"13\" is unknown");
  ExpectNote(
      Head(Dict({{"w", Tensor("OddStorage", "1", 6, {6})}}), List({Str("1")})) +
          storages,
      "storage \"1\" has an unknown dtype");
  for (const uint64_t elements :
       {uint64_t{9999}, uint64_t{1} << 62, ~uint64_t{0}}) {
    ExpectNote(Head(kObject, kKeys) + StorageBytes(elements, 16),
               "storage \"12\" of " + std::to_string(elements) +
                   " elements reaches beyond");
  }
  // One key a million times: each needs a length of its own.
  std::string keys = "](" + Str("7") + "q\x01";
  for (int i = 0; i < 400000; ++i) keys += "h\x01";
  ExpectNote(Head(kObject, keys + "e") + StorageBytes(0, 0),
             "storage \"7\" has no length");
  ExpectNote(std::string(kMagic) + "\xfe", "the pickle of the version: ");
}

TEST(LegacyPytorchTest, EveryPrefixIsOpaqueAndEveryFlippedBitSurvived) {
  std::string file = SomeFile();
  for (size_t size = 0; size < file.size(); size += kStride) {
    const Layout layout = Detect(std::string_view(file).substr(0, size));
    EXPECT_EQ(layout.format(), "opaque") << size;
    EXPECT_EQ(layout.note().empty(), size < kMagic.size()) << size;
  }
  for (size_t bit = 0; bit < 8 * file.size(); bit += kStride) {
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
    Detect(file);
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace ingot
