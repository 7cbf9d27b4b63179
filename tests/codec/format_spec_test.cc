// codec/FORMAT.md and the library agree: a decoder written from the text alone
// restores what the library wrote, and the text's worked example is true.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "codec/sink.h"
#include "codec/stream_encoder.h"
#include "tests/codec/delta_cases.h"
#include "tests/codec/map_source.h"
#include "tests/codec/patterns.h"
#include "tests/codec/sample_containers.h"
#include "tests/codec/spec_decoder.h"

namespace ingot {
namespace {

spec::Bytes Convert(ByteSpan bytes) {
  return {AsU8(bytes.data()), AsU8(bytes.data()) + bytes.size()};
}

TEST(FormatSpecTest, SecondDecoderRestoresTheSamples) {
  for (const SampleContainer& sample : SampleContainers()) {
    if (sample.has_outside) continue;
    SCOPED_TRACE(sample.name);
    const std::vector<spec::File> files =
        spec::DecodeContainer(Convert(sample.bytes));
    ASSERT_EQ(files.size(), sample.files.size());
    for (size_t i = 0; i < files.size(); ++i) {
      EXPECT_TRUE(files[i].contents == Convert(sample.files[i]));
    }
  }
}

TEST(FormatSpecTest, SecondDecoderRestoresEveryDTypeAndPattern) {
  for (const DType dtype : CodableDTypes()) {
    for (const int level : {1, 4, 5, 6, 7, 9}) {
      Bytes container;
      Bytes contents;
      const auto sink = MakeMemorySink(&container);
      auto encoder = StreamEncoder::Create(sink.get(), {.level = level});
      ASSERT_TRUE(encoder.ok());
      ASSERT_TRUE(
          (*encoder)
              ->BeginFile(
                  {.path = "all", .format = "raw", .mode = {}, .mtime = {}})
              .ok());
      for (const Pattern& pattern : AllPatterns()) {
        const uint64_t elements =
            std::min(65u * 128, 66560u * 8 / GetDTypeInfo(dtype).bits);
        const Bytes raw = MakeTensor(pattern, dtype, elements, 65);
        ASSERT_TRUE((*encoder)
                        ->BeginRegion(
                            {.view = {}, .element_dtype = dtype, .columns = 65})
                        .ok());
        ASSERT_TRUE((*encoder)->Write(raw).ok());
        ASSERT_TRUE((*encoder)->EndRegion().ok());
        contents.insert(contents.end(), raw.begin(), raw.end());
      }
      ASSERT_TRUE((*encoder)->EndFile().ok());
      ASSERT_TRUE((*encoder)->Finish().ok());
      const std::vector<spec::File> files =
          spec::DecodeContainer(Convert(container));
      ASSERT_EQ(files.size(), 1u);
      EXPECT_EQ(files[0].path, "all");
      EXPECT_TRUE(files[0].contents == Convert(contents))
          << GetDTypeInfo(dtype).name << ", level " << level;
    }
  }
}

TEST(FormatSpecTest, SecondDecoderCrossesBlocks) {
  const Geometry geometry{DType::kF32, 683, 20'000, 40'000};
  const Bytes raw =
      MakeTensor(GetPattern("ScaledWeights"), DType::kF32, 90'001, 683);
  SampleWriter writer;
  writer.BeginFile({.path = "f", .format = "raw", .mode = {}, .mtime = {}});
  writer.Object(geometry, raw);
  writer.EndFile();
  const SampleContainer sample = writer.Finish("blocks");
  const std::vector<spec::File> files =
      spec::DecodeContainer(Convert(sample.bytes));
  EXPECT_TRUE(files.at(0).contents == Convert(raw));
}

// A group as the encoder makes it under a plan.
void ExpectSecondDecoderRestores(const GroupData& group,
                                 const GroupPlan& plan) {
  const Geometry& g = group.geometry;
  const EncodedDeltaGroup encoded = EncodeGroup(group, plan);
  const spec::Geometry geometry{static_cast<unsigned>(g.dtype), g.columns,
                                g.block_elements, g.group_elements};
  const spec::Group side =
      spec::DecodeGroup(Convert(encoded.body), geometry, group.first);
  for (uint64_t i = 0; i < group.blocks(); ++i) {
    const EncodedDeltaBlock& block = encoded.blocks[i];
    const ByteSpan payload =
        ByteSpan(block.payload).first(block.payload_bytes());
    ASSERT_TRUE(spec::DecodeBlock(Convert(block.body), Convert(payload), side,
                                  geometry, group.first + group.BlockBegin(i),
                                  Convert(group.BlockBase(i))) ==
                Convert(group.BlockRaw(i)))
        << "block " << i << ", method " << MethodName(block.header.method);
  }
}

TEST(FormatSpecTest, SecondDecoderRestoresDifferences) {
  for (const DType dtype : DifferenceDTypes()) {
    for (const int level : {1, 3, 5, 6, 7, 9}) {
      // Byte coders are slow, and nothing new where blocks need no base.
      if (level >= 5 && !FloatLayoutOf(dtype) && level % 4 != 1) continue;
      for (const Change change : kChanges) {
        SCOPED_TRACE(std::string(GetDTypeInfo(dtype).name) + ", level " +
                     std::to_string(level) + ", " +
                     std::string(ChangeName(change)));
        const Pair pair = MakePair(change, dtype, 9'500, 65);
        const GroupData group =
            MakeGroup(SmallGeometry(dtype, 65, 9'000), 9'000 * 64, pair);
        ASSERT_NO_FATAL_FAILURE(ExpectSecondDecoderRestores(
            group, PlanGroup(group, level, ActiveKernels(), nullptr)));
      }
    }
  }
}

// A file of three tensors: one that differs from its base, which is outside,
// one whose base is its last two thirds, and the base itself.
TEST(FormatSpecTest, SecondDecoderFollowsReferences) {
  constexpr uint64_t kElements = 12'000;
  for (const int level : {3, 5, 9}) {
    const Pair pair =
        MakePair(Change::kFourInTen, DType::kBf16, kElements, 60);
    const Bytes second(pair.raw.begin() + kElements * 2 / 3, pair.raw.end());
    MapSource source;
    const ObjectId base = source.Add(pair.base);
    Bytes container;
    const auto sink = MakeMemorySink(&container);
    auto encoder = StreamEncoder::Create(
        sink.get(), {.level = level, .references = &source});
    ASSERT_TRUE(encoder.ok());
    ASSERT_TRUE(
        (*encoder)
            ->BeginFile({.path = "f", .format = "raw", .mode = {}, .mtime = {}})
            .ok());
    Bytes contents;
    const auto add = [&](const Bytes& raw, uint64_t first) {
      const uint64_t elements = raw.size() / 2;
      ASSERT_TRUE((*encoder)
                      ->BeginRegion({.view = {},
                                     .element_dtype = DType::kBf16,
                                     .columns = 60,
                                     .bases = {{.object = base,
                                                .first_element = first,
                                                .elements = elements}}})
                      .ok());
      ASSERT_TRUE((*encoder)->Write(raw).ok());
      ASSERT_TRUE((*encoder)->EndRegion().ok());
      contents.insert(contents.end(), raw.begin(), raw.end());
    };
    ASSERT_NO_FATAL_FAILURE(add(pair.raw, 0));
    ASSERT_NO_FATAL_FAILURE(add(second, kElements / 3));
    ASSERT_NO_FATAL_FAILURE(add(pair.base, 0));
    ASSERT_TRUE((*encoder)->AddBaseFile({"base", base}).ok());
    ASSERT_TRUE((*encoder)->EndFile().ok());
    ASSERT_TRUE((*encoder)->Finish().ok());
    // It needs the base, and is smaller for it.
    EXPECT_LT(container.size(), contents.size() / 3) << level;
    spec::Digest digest;
    std::ranges::copy(Convert(base.digest.bytes), digest.begin());
    const std::vector<spec::File> files = spec::DecodeContainer(
        Convert(container), {{digest, Convert(pair.base)}});
    ASSERT_EQ(files.size(), 1u);
    EXPECT_TRUE(files[0].contents == Convert(contents)) << level;
    EXPECT_ANY_THROW(spec::DecodeContainer(Convert(container)));
  }
}

TEST(FormatSpecTest, SecondDecoderRestoresUnusualDifferences) {
  for (const DType dtype : DifferenceDTypes()) {
    for (const Coder coder : {Coder::kTiered, Coder::kRans, Coder::kCm}) {
      for (const Change change : kChanges) {
        SCOPED_TRACE(std::string(GetDTypeInfo(dtype).name) + ", " +
                     std::string(CoderName(coder)) + ", " +
                     std::string(ChangeName(change)));
        const Pair pair = MakePair(change, dtype, 9'500, 70);
        const GroupData group =
            MakeGroup(SmallGeometry(dtype, 70, 9'000), 9'000 * 64, pair);
        ASSERT_NO_FATAL_FAILURE(ExpectSecondDecoderRestores(
            group, PlanWithSide(group, 3, ActiveKernels(),
                                MakeUnusualSide(group, coder))));
      }
    }
  }
}

// The fenced code blocks of the worked example: ```hex NAME, then lines of
// hexadecimal bytes, each with an explanation behind a semicolon.
std::map<std::string, spec::Bytes> ReadWorkedExample() {
  std::ifstream in(std::string(INGOT_SOURCE_DIR) + "/codec/FORMAT.md");
  std::map<std::string, spec::Bytes> blocks;
  std::string line;
  spec::Bytes* block = nullptr;
  while (std::getline(in, line)) {
    if (line.starts_with("```hex ")) {
      block = &blocks[line.substr(7)];
    } else if (line.starts_with("```")) {
      block = nullptr;
    } else if (block != nullptr) {
      std::istringstream words(line.substr(0, line.find(';')));
      std::string word;
      while (words >> word) {
        EXPECT_EQ(word.size(), 2u) << line;
        block->push_back(static_cast<uint8_t>(std::stoul(word, nullptr, 16)));
      }
    }
  }
  return blocks;
}

// The examples whose parts' names begin with `prefix`.
void CheckWorkedExample(const std::string& prefix) {
  std::map<std::string, spec::Bytes> example = ReadWorkedExample();
  for (const char* part : {"group", "block", "payload"}) {
    ASSERT_TRUE(example.contains(prefix + part));
    example[part] = example.at(prefix + part);
  }
  ASSERT_TRUE(example.contains("elements"));
  const spec::Bytes& elements = example.at("elements");
  const uint64_t n = elements.size() / 2;
  const spec::Geometry spec_geometry{11, n, n, n};
  // Of the example that has one.
  spec::Bytes base = example[prefix + "base"];

  const spec::Group group =
      spec::DecodeGroup(example.at("group"), spec_geometry, 0);
  EXPECT_EQ(spec::DecodeBlock(example.at("block"), example.at("payload"), group,
                              spec_geometry, 0, base),
            elements);

  // The library reads the same from the same bytes.
  const Geometry geometry{DType::kBf16, n, n, n};
  const auto as_bytes = [](const spec::Bytes& bytes) {
    return std::as_bytes(std::span(bytes));
  };
  ByteReader group_reader(as_bytes(example.at("group")));
  const Result<GroupSide> side = ParseGroupSide(&group_reader, geometry, 0);
  ASSERT_TRUE(side.ok()) << side.error().message;
  ByteReader block_reader(as_bytes(example.at("block")));
  const Result<BlockHeader> header =
      ParseBlockHeader(&block_reader, DType::kBf16);
  ASSERT_TRUE(header.ok()) << header.error().message;
  spec::Bytes payload = example.at("payload");
  ASSERT_EQ(payload.size(), header->payload_length);
  payload.resize(payload.size() + kKernelSlack);
  base.resize(base.size() + kKernelSlack);
  for (const Kernels* kernels : AvailableKernels()) {
    Bytes out(elements.size());
    BlockDecoder decoder(*kernels);
    const Status status = decoder.Decode(
        *side, geometry, {.base = as_bytes(base).data()}, *header,
        as_bytes(payload).data(), 0, n, out, false);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(Convert(out), elements) << kernels->name;
  }
}

TEST(FormatSpecTest, WorkedExampleIsTrue) {
  ASSERT_NO_FATAL_FAILURE(CheckWorkedExample(""));
}

TEST(FormatSpecTest, WorkedExampleOfJoinedExponentsIsTrue) {
  ASSERT_NO_FATAL_FAILURE(CheckWorkedExample("joined-"));
}

TEST(FormatSpecTest, WorkedExampleOfRansIsTrue) {
  ASSERT_NO_FATAL_FAILURE(CheckWorkedExample("rans-"));
}

TEST(FormatSpecTest, WorkedExampleOfDifferencesIsTrue) {
  ASSERT_NO_FATAL_FAILURE(CheckWorkedExample("delta-"));
}

// The encoder writes the example's bytes, given its side.
TEST(FormatSpecTest, WorkedExampleOfDifferencesIsEncoded) {
  const std::map<std::string, spec::Bytes> example = ReadWorkedExample();
  const auto as_bytes = [&](const char* part) {
    return std::as_bytes(std::span(example.at(part)));
  };
  const Geometry geometry{DType::kBf16, 10, 10, 10};
  ByteReader reader(as_bytes("delta-group"));
  const Result<GroupSide> side = ParseGroupSide(&reader, geometry, 0);
  ASSERT_TRUE(side.ok()) << side.error().message;
  const GroupData group{.geometry = geometry,
                        .first = 0,
                        .raw = as_bytes("elements"),
                        .base = as_bytes("delta-base"),
                        .references = side->delta->references};
  EXPECT_EQ(group.references.at(0).digest, HashBytes(group.base));
  for (const Kernels* kernels : AvailableKernels()) {
    const EncodedDeltaGroup encoded = EncodeGroup(
        group, PlanWithSide(group, 3, *kernels, *side->delta));
    EXPECT_EQ(Convert(encoded.body), example.at("delta-group"));
    EXPECT_EQ(Convert(encoded.blocks.at(0).body), example.at("delta-block"));
    EXPECT_EQ(Convert(ByteSpan(encoded.blocks.at(0).payload)
                          .first(encoded.blocks.at(0).payload_bytes())),
              example.at("delta-payload"));
  }
}

}  // namespace
}  // namespace ingot
