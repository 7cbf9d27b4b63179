// Every dtype through every pattern, shape, level, kernel set and number of
// threads: nothing changes a bit, and nothing but the input and the level
// changes the encoded bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "codec/base/aligned_buffer.h"
#include "codec/base/checksum.h"
#include "codec/container/group_writer.h"
#include "codec/method/block_codec.h"
#include "codec/planes/float_layout.h"
#include "codec/tensor_codec.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

struct Shape {
  uint64_t elements;
  uint64_t columns;
};

// Edges of planes (64), sub-blocks (8192) and rows.
constexpr std::array kSmallShapes = {
    Shape{0, 1},     Shape{1, 1},          Shape{2, 3},     Shape{63, 63},
    Shape{64, 64},   Shape{65, 1},         Shape{130, 65},  Shape{1003, 3},
    Shape{4096, 64}, Shape{6147, 683},     Shape{8191, 65}, Shape{8192, 4096},
    Shape{8193, 64}, Shape{3000, 1u << 30}};

bool IsFloat(DType dtype) { return FloatLayoutOf(dtype).has_value(); }

std::string DTypeName(DType dtype) {
  return std::string(GetDTypeInfo(dtype).name);
}

std::vector<std::byte> Encode(TensorEncoder* encoder, const TensorSpec& spec,
                              ByteSpan raw) {
  // Reused: its size is a bound, and touching fresh memory costs more than
  // coding a small tensor.
  static std::vector<std::byte> buffer;
  const size_t bound = MaxEncodedTensorBytes(spec, raw.size());
  if (buffer.size() < bound) buffer.resize(bound);
  const Result<size_t> size =
      encoder->Encode(spec, raw, MutableByteSpan(buffer).first(bound));
  EXPECT_TRUE(size.ok()) << size.error().message;
  if (!size.ok()) return {};
  // No slack: a read behind the end is one outside the vector.
  return {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(*size)};
}

testing::AssertionResult Restores(TensorDecoder* decoder,
                                  const TensorSpec& spec, ByteSpan encoded,
                                  ByteSpan raw) {
  std::vector<std::byte> out(raw.size(), std::byte{0xA5});
  const Status status = decoder->Decode(spec, encoded, out);
  if (!status.ok())
    return testing::AssertionFailure() << status.error().message;
  if (!std::ranges::equal(out, raw)) {
    const auto at = std::ranges::mismatch(out, raw).in1 - out.begin();
    return testing::AssertionFailure() << "differs from byte " << at << " on";
  }
  return testing::AssertionSuccess();
}

class RoundTripTest : public testing::TestWithParam<std::tuple<DType, int>> {};

TEST_P(RoundTripTest, EveryPatternAndShape) {
  const auto [dtype, level] = GetParam();
  if (level == 7 && !IsFloat(dtype)) GTEST_SKIP() << "as level 9";
  TensorEncoder encoder({.level = level, .threads = 1});
  TensorDecoder decoder({.threads = 1});
  for (const Pattern& pattern : AllPatterns()) {
    for (const Shape& shape : kSmallShapes) {
      // The slow byte coders need no sub-block boundaries.
      if (level >= 3 && !IsFloat(dtype) && shape.elements > 5000) continue;
      // Packed blocks are large.
      if (GetDTypeInfo(dtype).block_elements > 1 &&
          shape.elements > (level >= 3 ? 200u : 4096u)) {
        continue;
      }
      const TensorSpec spec{dtype, shape.columns};
      const std::vector<std::byte> raw =
          MakeTensor(pattern, dtype, shape.elements, shape.columns);
      const std::vector<std::byte> encoded = Encode(&encoder, spec, raw);
      EXPECT_TRUE(Restores(&decoder, spec, encoded, raw))
          << pattern.name << ", " << shape.elements << " elements in rows of "
          << shape.columns;
    }
  }
}

// Sizes around block boundaries, which depend on shape.
TEST_P(RoundTripTest, BlockBoundaries) {
  const auto [dtype, level] = GetParam();
  TensorEncoder encoder({.level = level, .threads = 2});
  TensorDecoder decoder({.threads = 2});
  const Pattern& pattern = GetPattern("ScaledWeights");
  for (const uint64_t columns : {uint64_t{683}, uint64_t{1} << 40}) {
    const uint64_t block = ChooseGeometry(dtype, columns).block_elements;
    for (const uint64_t elements : {block - 1, block, block + 1}) {
      // The slow byte coders see one of them at each level.
      if (level >= 3 && !IsFloat(dtype) &&
          (elements != block + 1 || columns != 683)) {
        continue;
      }
      const TensorSpec spec{dtype, columns};
      const std::vector<std::byte> raw =
          MakeTensor(pattern, dtype, elements, columns);
      const std::vector<std::byte> encoded = Encode(&encoder, spec, raw);
      EXPECT_TRUE(Restores(&decoder, spec, encoded, raw))
          << elements << " elements in rows of " << columns;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllDTypes, RoundTripTest,
                         testing::Combine(testing::ValuesIn(CodableDTypes()),
                                          testing::Values(1, 2, 3, 4, 5, 7, 9)),
                         [](const auto& info) {
                           return DTypeName(std::get<0>(info.param)) + "Level" +
                                  std::to_string(std::get<1>(info.param));
                         });

// Higher levels take no more room than levels 3 and 4, whatever the data: they
// fall back to their coders where the new ones do not gain. Some bytes go to
// tables that turned out not to pay.
TEST(LevelsTest, HigherLevelsAreNotLarger) {
  TensorEncoder standard({.level = 3, .threads = 1});
  TensorEncoder exact({.level = 4, .threads = 1});
  for (const int level : {5, 7, 9}) {
    TensorEncoder encoder({.level = level, .threads = 1});
    for (const DType dtype : CodableDTypes()) {
      if (!IsFloat(dtype)) continue;
      for (const Pattern& pattern : AllPatterns()) {
        for (const Shape& shape : kSmallShapes) {
          // Tables weigh most in small tensors, and lzma takes its time.
          if (shape.elements < 1000 || shape.elements > 5000) continue;
          const TensorSpec spec{dtype, shape.columns};
          const std::vector<std::byte> raw =
              MakeTensor(pattern, dtype, shape.elements, shape.columns);
          const size_t expected = std::max(Encode(&standard, spec, raw).size(),
                                           Encode(&exact, spec, raw).size());
          EXPECT_LE(Encode(&encoder, spec, raw).size(),
                    expected + expected / 500 + 24)
              << "level " << level << ", " << DTypeName(dtype) << ", "
              << pattern.name << ", " << shape.elements << " elements in rows "
              << "of " << shape.columns;
        }
      }
    }
  }
}

// Groups with their side data, in a buffer whose size is no multiple.
TEST(RoundTripGroupsTest, ThreeGroupsOfEachFloatSize) {
  for (const DType dtype :
       {DType::kBf16, DType::kF32, DType::kF8E5m2, DType::kF64}) {
    constexpr uint64_t kColumns = 4096;
    const Geometry geometry = ChooseGeometry(dtype, kColumns);
    const uint64_t elements = 2 * geometry.group_elements + 4097;
    // A short tensor repeated: the pattern functions are slow.
    const std::vector<std::byte> piece = MakeTensor(
        GetPattern("ScaledWeights"), dtype, 1027 * kColumns, kColumns);
    std::vector<std::byte> raw;
    while (raw.size() < elements * geometry.element_bytes()) {
      raw.insert(raw.end(), piece.begin(), piece.end());
    }
    raw.resize(elements * geometry.element_bytes());
    const TensorSpec spec{dtype, kColumns};
    TensorEncoder encoder({.level = 1, .threads = 2});
    TensorDecoder decoder({.threads = 2});
    const std::vector<std::byte> encoded = Encode(&encoder, spec, raw);
    EXPECT_LT(encoded.size(), raw.size()) << DTypeName(dtype);
    EXPECT_TRUE(Restores(&decoder, spec, encoded, raw)) << DTypeName(dtype);
  }
}

TEST(RoundTripThreadsTest, ThreadCountsDoNotChangeTheBytes) {
  for (const DType dtype : {DType::kBf16, DType::kF32, DType::kI16}) {
    for (const int level : {1, 3, 9}) {
      constexpr uint64_t kColumns = 1000;
      const TensorSpec spec{dtype, kColumns};
      const std::vector<std::byte> raw =
          MakeTensor(GetPattern("ScaledWeights"), dtype, 1'500'001, kColumns);
      std::vector<std::byte> expected;
      for (const int threads : {1, 2, 3}) {
        TensorEncoder encoder({.level = level, .threads = threads});
        TensorDecoder decoder({.threads = threads});
        const std::vector<std::byte> encoded = Encode(&encoder, spec, raw);
        if (threads == 1) expected = encoded;
        EXPECT_TRUE(encoded == expected)
            << DTypeName(dtype) << ", level " << level << ", " << threads
            << " threads";
        EXPECT_TRUE(Restores(&decoder, spec, encoded, raw));
        // Scratch memory of an encoder keeps no trace of what it saw.
        EXPECT_TRUE(Encode(&encoder, spec, raw) == expected);
      }
    }
  }
}

// What a GroupWriter hands out.
struct EncodedGroup final : public GroupSink {
  Status Group(const GroupSide& side_data) override {
    AppendGroupSide(side_data, &side_bytes);
    return {};
  }
  Status Block(const EncodedBlock& block) override {
    std::vector<std::byte> body;
    AppendBlockHeader(block.header, &body);
    bodies.push_back(std::move(body));
    headers.push_back(block.header);
    std::vector<std::byte>& payload = payloads.emplace_back();
    for (const ByteSpan piece : block.payload) {
      payload.insert(payload.end(), piece.begin(), piece.end());
    }
    EXPECT_EQ(payload.size(), block.header.payload_length);
    EXPECT_EQ(Checksum(payload), block.header.checksum);
    return {};
  }

  GroupSide side;
  std::vector<std::byte> side_bytes;
  std::vector<std::vector<std::byte>> bodies;
  std::vector<BlockHeader> headers;
  std::vector<std::vector<std::byte>> payloads;
};

EncodedGroup EncodeGroup(const GroupData& group, int level,
                         const Kernels& kernels) {
  ThreadPool pool(1);
  GroupWriter writer(level, 0, &pool, kernels);
  EncodedGroup encoded;
  const Status status = writer.Encode(group, &encoded);
  EXPECT_TRUE(status.ok()) << status.error().message;
  // As a decoder gets it.
  ByteReader reader(encoded.side_bytes);
  Result<GroupSide> side = ParseGroupSide(&reader, group.geometry, group.first);
  EXPECT_TRUE(side.ok()) << side.error().message;
  if (side.ok()) encoded.side = *std::move(side);
  return encoded;
}

// Decodes [begin, end) of a block with one kernel set and compares.
void ExpectDecodes(const EncodedGroup& encoded, const GroupData& group,
                   size_t block, uint64_t begin, uint64_t end,
                   const Kernels& kernels, bool stream) {
  const size_t bytes = group.geometry.element_bytes();
  std::vector<std::byte> payload = encoded.payloads[block];
  payload.resize(payload.size() + kKernelSlack, std::byte{0x5A});
  AlignedBuffer out;
  ASSERT_TRUE(out.Resize((end - begin) * bytes).ok());
  BlockDecoder decoder(kernels);
  const BlockPosition at{.group_first = group.first,
                         .first = group.first + group.BlockBegin(block)};
  const Status status =
      decoder.Decode(encoded.side, group.geometry, at, encoded.headers[block],
                     payload.data(), begin, end, out.span(), stream);
  ASSERT_TRUE(status.ok()) << kernels.name << ": " << status.error().message;
  EXPECT_TRUE(std::ranges::equal(
      out.span(),
      group.BlockRaw(block).subspan(begin * bytes, (end - begin) * bytes)))
      << kernels.name << ", block " << block << ", elements " << begin << ":"
      << end << (stream ? ", streamed" : "");
}

class KernelsTest : public testing::TestWithParam<DType> {};

TEST_P(KernelsTest, AllSetsWriteTheSameBytesAndReadThem) {
  const DType dtype = GetParam();
  // Small blocks and groups that start inside a row; sub-blocks of all sizes.
  const std::array geometries = {
      Geometry{dtype, 192, 192, 960},      Geometry{dtype, 683, 9000, 27000},
      Geometry{dtype, 4096, 20480, 40960}, Geometry{dtype, 3, 8193, 16386},
      Geometry{dtype, 1, 70, 700},         Geometry{dtype, 50000, 8192, 32768}};
  // Each pattern meets each geometry at two levels of four, each level every
  // pattern and every geometry.
  size_t turn = 0;
  for (const Pattern& pattern : AllPatterns()) {
    ++turn;
    for (const Geometry& geometry : geometries) {
      ++turn;
      // fp64 has scalar kernels only, which are slow and the same in all sets.
      if (dtype == DType::kF64 && geometry.columns > 683) continue;
      const uint64_t elements = geometry.group_elements * 2 - 13;
      const std::vector<std::byte> raw =
          MakeTensor(pattern, dtype, elements, geometry.columns);
      // The second group, so that positions are not those of the object.
      const GroupData group{
          .geometry = geometry,
          .first = geometry.group_elements,
          .raw = ByteSpan(raw).subspan(geometry.group_bytes())};
      for (const int level :
           turn % 2 == 0 ? std::array{1, 5} : std::array{3, 6}) {
        SCOPED_TRACE(std::string(pattern.name) + ", columns " +
                     std::to_string(geometry.columns) + ", level " +
                     std::to_string(level));
        const EncodedGroup reference =
            EncodeGroup(group, level, *AvailableKernels()[0]);
        for (const Kernels* kernels : AvailableKernels()) {
          const EncodedGroup encoded = EncodeGroup(group, level, *kernels);
          EXPECT_EQ(encoded.side_bytes, reference.side_bytes) << kernels->name;
          EXPECT_EQ(encoded.bodies, reference.bodies) << kernels->name;
          EXPECT_EQ(encoded.payloads, reference.payloads) << kernels->name;
          const size_t last = reference.headers.size() - 1;
          for (const size_t block : std::set<size_t>{0, last}) {
            const uint64_t n = reference.headers[block].elements;
            ExpectDecodes(reference, group, block, 0, n, *kernels, false);
            ExpectDecodes(reference, group, block, 0, n, *kernels, true);
            ExpectDecodes(reference, group, block, n / 3, n - n / 4, *kernels,
                          false);
            ExpectDecodes(reference, group, block, n - 1, n, *kernels, true);
          }
        }
      }
    }
  }
}

// Coder rans has no entry points: what is not wanted is decoded and dropped.
TEST(RansTest, RangesOfABlock) {
  const Geometry geometry{DType::kBf16, 683, 683 * 300, 683 * 300};
  const uint64_t elements = 683 * 250 + 77;
  const std::vector<std::byte> raw =
      MakeTensor(GetPattern("ScaledWeights"), DType::kBf16, elements, 683);
  const GroupData group{.geometry = geometry, .first = 0, .raw = raw};
  EncodedGroup encoded = EncodeGroup(group, 6, *AvailableKernels()[0]);
  ASSERT_EQ(encoded.headers.size(), 1u);
  ASSERT_EQ(encoded.headers[0].planes[0].coder, Coder::kRans);
  encoded.payloads[0].resize(encoded.payloads[0].size() + kKernelSlack);
  for (const Kernels* kernels : AvailableKernels()) {
    BlockDecoder decoder(*kernels);
    for (const auto& [begin, end] : {std::pair<uint64_t, uint64_t>(0, elements),
                                     {0, 1},
                                     {5, 8192},
                                     {8192, 16384},
                                     {20'000, 90'001},
                                     {elements - 1, elements},
                                     {100'000, elements}}) {
      std::vector<std::byte> out((end - begin) * 2);
      const Status status = decoder.Decode(
          encoded.side, geometry, {}, encoded.headers[0],
          encoded.payloads[0].data(), begin, end, out, /*stream=*/false);
      ASSERT_TRUE(status.ok()) << status.error().message;
      ASSERT_TRUE(std::ranges::equal(
          out, std::span(raw).subspan(begin * 2, out.size())))
          << kernels->name << " " << begin << " to " << end;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Floats, KernelsTest,
                         testing::Values(DType::kBf16, DType::kF16, DType::kF32,
                                         DType::kF64, DType::kF8E4m3,
                                         DType::kF8E5m2),
                         [](const auto& info) {
                           return DTypeName(info.param);
                         });

// The patterns reach every method and coder that the encoder has: without
// this, the tests above might pass on one of them.
TEST(CoverageTest, PatternsReachEveryMethodAndCoder) {
  std::set<std::pair<Method, Coder>> seen;
  std::set<std::pair<bool, bool>> scales;
  size_t exceptions_and_tiers = 0;
  for (const DType dtype : {DType::kBf16, DType::kF32, DType::kU32}) {
    for (const Pattern& pattern : AllPatterns()) {
      for (const uint64_t columns : {64u, 683u}) {
        const Geometry geometry = ChooseGeometry(dtype, columns);
        const std::vector<std::byte> raw =
            MakeTensor(pattern, dtype, 64 * 141, columns);
        const GroupData group{.geometry = geometry, .first = 0, .raw = raw};
        const EncodedGroup encoded = EncodeGroup(group, 4, ActiveKernels());
        if (encoded.side.tiered) {
          scales.emplace(!encoded.side.rows.empty(),
                         !encoded.side.columns.empty());
          exceptions_and_tiers += encoded.side.code.tier_count >= 3;
        }
        const BlockHeader& header = encoded.headers[0];
        for (size_t plane = 0; plane < header.plane_count; ++plane) {
          seen.emplace(header.method, header.planes[plane].coder);
        }
      }
    }
  }
  using enum Coder;
  for (const auto& wanted : std::initializer_list<std::pair<Method, Coder>>{
           {Method::kBytes, kStore},
           {Method::kBytes, kZstd},
           {Method::kBytes, kLzma},
           {Method::kConstant, kStore},
           {Method::kFloat, kTiered},
           {Method::kFloat, kStore},
           {Method::kFloat, kConstant},
           {Method::kSplit, kStore},
           {Method::kSplit, kConstant},
           {Method::kSplit, kZstd},
           {Method::kPalette, kPacked},
           {Method::kIntegers, kConstant},
           {Method::kScaled, kPacked},
           {Method::kSparse, kTiered},
           {Method::kRows, kTiered}}) {
    EXPECT_TRUE(seen.contains(wanted))
        << MethodName(wanted.first) << "/" << CoderName(wanted.second);
  }
  EXPECT_TRUE(scales.contains({false, false}));
  EXPECT_TRUE(scales.contains({true, true}));
  EXPECT_GT(exceptions_and_tiers, 0u);
}

TEST(TensorCodecTest, RefusesWhatHasNoMeaning) {
  TensorEncoder encoder({});
  TensorDecoder decoder({});
  std::vector<std::byte> buffer(4096);
  const ByteSpan three = ByteSpan(buffer).first(3);
  for (const TensorSpec& spec :
       {TensorSpec{DType::kC64, 1}, TensorSpec{DType::kF4, 1},
        TensorSpec{DType::kBf16, 0}}) {
    EXPECT_EQ(encoder.Encode(spec, {}, buffer).error().kind,
              ErrorKind::kInvalidArgument);
    EXPECT_EQ(decoder.Decode(spec, {}, {}).error().kind,
              ErrorKind::kInvalidArgument);
  }
  const TensorSpec bf16{DType::kBf16, 1};
  EXPECT_EQ(encoder.Encode(bf16, three, buffer).error().kind,
            ErrorKind::kInvalidArgument);
  std::vector<std::byte> odd(3);
  EXPECT_EQ(decoder.Decode(bf16, {}, odd).error().kind,
            ErrorKind::kInvalidArgument);
  std::vector<std::byte> small(10);
  EXPECT_EQ(encoder.Encode(bf16, buffer, small).error().kind,
            ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace ingot
