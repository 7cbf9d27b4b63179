#include "formats/zip.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/source.h"
#include "formats/format_table.h"
#include "tests/formats/layout_checks.h"
#include "tests/formats/npy_writer.h"
#include "tests/formats/pickle_writer.h"
#include "tests/formats/zip_writer.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

using pickle::Dict;
using pickle::Pickle;
using pickle::Tensor;

Layout Detect(std::string_view file) {
  const auto source = MakeMemorySource(AsBytes(file), "model.pt");
  Result<Layout> layout = DetectLayout(*source);
  EXPECT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_EQ(LayoutDefect(*layout, file.size()), "");
  return *std::move(layout);
}

// "name DTYPE [shape] columns offset;" of each tensor.
std::string Tensors(const Layout& layout) {
  std::string text;
  for (const Region& region : layout.regions()) {
    if (!region.tensor) continue;
    text += region.tensor->name + ' ' +
            std::string(GetDTypeInfo(region.tensor->dtype).name) + " [";
    for (const uint64_t dimension : region.tensor->shape) {
      text += std::to_string(dimension) + ',';
    }
    text += "] " + std::to_string(region.columns) + ";";
  }
  return text;
}

// Regions hold exactly what was put into the archive.
void ExpectData(const Layout& layout, std::string_view file,
                std::string_view name, std::string_view data) {
  for (const Region& region : layout.regions()) {
    if (region.tensor && region.tensor->name == name) {
      EXPECT_EQ(file.substr(region.offset, region.length), data) << name;
      return;
    }
  }
  ADD_FAILURE() << "no tensor " << name;
}

std::string Bytes(size_t size, char seed) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>(seed + 7 * static_cast<char>(i));
  }
  return bytes;
}

std::string SomeState() {
  return Pickle(Dict(
      {{"w", Tensor("FloatStorage", "0", 6, {2, 3})},
       {"optimizer", Dict({{"m", Tensor("BFloat16Storage", "1", 4, {4})}})}}));
}

ZipWriter SomeArchive(const ZipOptions& options = {}) {
  ZipWriter zip;
  zip.Add("model/data.pkl", SomeState(), options)
      .Add("model/data/0", Bytes(24, 1), options)
      .Add("model/data/1", Bytes(8, 2), options)
      .Add("model/version", "3\n", options);
  return zip;
}

constexpr std::string_view kSomeTensors =
    "w F32 [2,3,] 3;optimizer.m BF16 "
    "[4,] 4;";

TEST(ZipTest, FindsTheTensorsOfACheckpoint) {
  for (const ZipOptions& options :
       {ZipOptions{}, ZipOptions{.descriptor = true}, ZipOptions{.padding = 51},
        ZipOptions{.zip64 = true},
        ZipOptions{.descriptor = true, .zip64 = true}}) {
    for (const bool zip64 : {false, true}) {
      const std::string file = SomeArchive(options).Finish("", zip64);
      const Layout layout = Detect(file);
      EXPECT_EQ(layout.format(), "pytorch");
      EXPECT_EQ(layout.note(), "");
      EXPECT_EQ(Tensors(layout), kSomeTensors);
      ExpectData(layout, file, "w", Bytes(24, 1));
      ExpectData(layout, file, "optimizer.m", Bytes(8, 2));
    }
  }
  EXPECT_EQ(Tensors(Detect(SomeArchive().Finish("a comment PK\x05\x06"))),
            kSomeTensors);
}

TEST(ZipTest, CompressedEntriesStayAsTheyAre) {
  ZipWriter zip;
  zip.Add("m/data.pkl", SomeState())
      .Add("m/data/0", Bytes(24, 1), {.method = 8})
      .Add("m/data/1", Bytes(8, 2));
  const Layout layout = Detect(zip.Finish());
  EXPECT_EQ(Tensors(layout), "optimizer.m BF16 [4,] 4;");
  EXPECT_EQ(layout.note(), "pytorch: 1 entry is compressed or encrypted");

  ZipWriter all;
  all.Add("a.npy", NpyFile("<f4", "(2,)", 8), {.method = 8})
      .Add("b.npy", NpyFile("<f4", "(2,)", 8), {.method = 8});
  const Layout opaque = Detect(all.Finish());
  EXPECT_EQ(opaque.format(), "opaque");
  EXPECT_EQ(opaque.note(),
            "zip: no tensor is stored in it: 2 entries are compressed or "
            "encrypted");
}

TEST(ZipTest, NpzFilesHoldArrays) {
  ZipWriter zip;
  zip.Add("weights.npy", NpyFile("<f4", "(2, 5)", 40))
      .Add("big.npy", NpyFile(">f4", "(2,)", 8))
      .Add("layer/b.npy", NpyFile("<i8", "()", 8))
      .Add("none.npy", NpyFile("<f4", "(0,)", 0));
  const Layout layout = Detect(zip.Finish());
  EXPECT_EQ(layout.format(), "npz");
  EXPECT_EQ(Tensors(layout), "weights F32 [2,5,] 5;layer/b I64 [] 1;");
  EXPECT_TRUE(layout.note().starts_with(
      "npz: entry \"big.npy\": elements are big-endian, \">f4\""))
      << layout.note();
}

TEST(ZipTest, ArchivesInArchivesAreOpened) {
  const std::string inner = SomeArchive().Finish();
  ZipWriter middle;
  middle.Add("policy.pth", inner);
  ZipWriter outer;
  outer.Add("text", "hello").Add("a.zip", middle.Finish());
  const std::string file = outer.Finish();
  const Layout layout = Detect(file);
  EXPECT_EQ(Tensors(layout),
            "a.zip/policy.pth/w F32 [2,3,] 3;"
            "a.zip/policy.pth/optimizer.m BF16 [4,] 4;");
  ExpectData(layout, file, "a.zip/policy.pth/w", Bytes(24, 1));
  // Three deep is too deep.
  ZipWriter deeper;
  deeper.Add("b.zip", file);
  EXPECT_EQ(Detect(deeper.Finish()).format(), "opaque");
}

TEST(ZipTest, BigEndianStoragesAreOpaque) {
  for (const char* order : {"big", "lottle", ""}) {
    ZipWriter zip = SomeArchive();
    zip.Add("model/byteorder", order);
    const Layout layout = Detect(zip.Finish());
    EXPECT_EQ(layout.format(), "opaque");
    EXPECT_EQ(layout.note(),
              "zip: no tensor is stored in it: entry \"model/data.pkl\": its "
              "storages are not little-endian");
  }
  ZipWriter zip = SomeArchive();
  zip.Add("model/byteorder", "little").Add("other/byteorder", "big");
  EXPECT_EQ(Tensors(Detect(zip.Finish())), kSomeTensors);
}

TEST(ZipTest, StoragesOfWhichLittleIsKnown) {
  ZipWriter zip;
  // Other sizes than the pickle says; one that it does not mention; one that
  // does not hold whole elements; equal names; no names at all.
  zip.Add("m/data.pkl",
          Pickle(Dict({{"a", Tensor("FloatStorage", "0", 6, {2, 3})},
                       {"b", Tensor("HalfStorage", "1", 4, {4})},
                       {"a", Tensor("IntStorage", "3", 2, {2})}})))
      .Add("m/data/0", Bytes(40, 1))
      .Add("m/data/1", Bytes(7, 2))
      .Add("m/data/2", Bytes(8, 2))
      .Add("m/data/3", Bytes(8, 2));
  EXPECT_EQ(Tensors(Detect(zip.Finish())),
            "a F32 [10,] 3;m/data/3 I32 [2,] 2;");
  ZipWriter broken;
  broken.Add("m/data.pkl", SomeState().substr(0, SomeState().size() - 1))
      .Add("m/data/0", Bytes(24, 1));
  const Layout layout = Detect(broken.Finish());
  EXPECT_EQ(Tensors(layout), "m/data/0 F32 [2,3,] 3;");
  EXPECT_TRUE(layout.note().starts_with(
      "pytorch: entry \"m/data.pkl\": no names: it has no end (offset "))
      << layout.note();
}

TEST(ZipTest, BrokenArchivesAreOpaque) {
  struct Case {
    std::string file;
    std::string note;
  };
  const std::string valid = SomeArchive().Finish();
  const auto with_entry = [](uint64_t header, uint64_t stored, uint64_t size) {
    ZipWriter zip = SomeArchive();
    zip.AddToDirectory("x", header, stored, size, 0);
    return zip.Finish();
  };
  ZipWriter zip64 = SomeArchive();
  zip64.AddToDirectory("x", UINT64_MAX, UINT64_MAX, UINT64_MAX, 0,
                       {.zip64 = true});
  ZipWriter wide = SomeArchive();
  wide.AddToDirectory("x", 4, UINT64_MAX - 60, UINT64_MAX - 60, 0,
                      {.zip64 = true});
  ZipWriter many = SomeArchive();
  many.set_entries(60000);
  const uint64_t size = SomeArchive().size();
  const std::vector<Case> cases = {
      {valid + "x", "the end record is missing"},
      {"x" + valid, ""},  // is no zip file by its first bytes
      {valid.substr(0, valid.size() - 1), "the end record is missing"},
      {"PK\x03\x04 and no more", "the end record is missing"},
      {with_entry(0, 1, 1), "entry \"x\" overlaps another"},
      {with_entry(1, 1, 1), "entry \"x\" overlaps another"},
      {with_entry(size - 8, 0, 0), "entry \"x\" overlaps another"},
      {with_entry(size, 1, 1), "entry \"x\" lies outside the archive"},
      {with_entry(UINT32_MAX, 1, 1), "entry \"x\" lies outside"},
      {with_entry(UINT32_MAX - 1, 1, 1), "entry \"x\" lies outside"},
      {with_entry(5, 1, 2), "entry 4 of the central directory is broken"},
      {zip64.Finish(), "entry \"x\" lies outside the archive"},
      {wide.Finish(), "entry \"x\" overlaps another"},
      {many.Finish(), "a central directory of "},
      {many.Finish("", true), "a central directory of "},
  };
  for (const Case& c : cases) {
    const Layout layout = Detect(c.file);
    EXPECT_EQ(layout.format(), "opaque");
    const std::string expected = c.note.empty() ? "" : "zip: " + c.note;
    EXPECT_TRUE(layout.note().starts_with(expected)) << layout.note();
    EXPECT_EQ(layout.note().empty(), expected.empty());
  }
}

TEST(ZipTest, EntriesReachAtMostToTheDirectory) {
  ZipWriter zip;
  zip.Add("a", "1234");
  std::string file = zip.Finish();
  // The entry's stored and full size in the central directory.
  const size_t at = zip.size() + 20;
  for (const uint32_t size : {5u, 100u, UINT32_MAX - 1}) {
    StoreLittleEndian<uint32_t>(file.data() + at, size);
    StoreLittleEndian<uint32_t>(file.data() + at + 4, size);
    EXPECT_TRUE(Detect(file).note().starts_with(
        "zip: entry \"a\" reaches into the central directory"));
  }
}

// An archive with everything in it.
std::string FullArchive() {
  ZipWriter zip = SomeArchive({.descriptor = true});
  zip.Add("a.npy", NpyFile("<f4", "(2, 5)", 40))
      .Add("inner.zip", SomeArchive({.zip64 = true}).Finish("", true))
      .Add("deflated", "xxxx", {.method = 8})
      .Add("model/byteorder", "little");
  return zip.Finish("end", true);
}

TEST(ZipTest, EveryPrefixIsOpaqueOrWhole) {
  const std::string file = FullArchive();
  EXPECT_EQ(Detect(file).format(), "pytorch");
  for (size_t size = 0; size < file.size(); size += kStride) {
    const Layout layout = Detect(std::string_view(file).substr(0, size));
    EXPECT_EQ(layout.format(), "opaque") << size;
    EXPECT_EQ(layout.note().empty(), size < 4) << size;
  }
}

TEST(ZipTest, EveryFlippedBitIsSurvived) {
  std::string file = FullArchive();
  for (size_t bit = 0; bit < 8 * file.size(); bit += kStride) {
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
    Detect(file);
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace ingot
