// The modelled method: its side data, its blocks, and what neither may do
// with damaged ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "codec/entropy/cm/byte_vector_coder.h"
#include "codec/method/block_codec.h"
#include "codec/method/modelled_planner.h"
#include "codec/method/modelled_side.h"
#include "tests/codec/patterns.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr Geometry kGeometry{DType::kBf16, 64, 16384, 32768};

struct Encoded {
  GroupSide side;
  EncodedBlock block;
  Bytes payload;  // with kernel slack
};

// Keeps the encoder that owns the pieces alive no longer than the call.
Encoded EncodeFirstBlock(const Geometry& geometry, ByteSpan raw, int level) {
  const GroupData group{.geometry = geometry, .first = 0, .raw = raw};
  const GroupPlan plan = PlanGroup(group, level, ActiveKernels(), nullptr);
  Encoded encoded;
  encoded.side = plan.floats.side;
  BlockEncoder encoder;
  EXPECT_TRUE(encoder.Encode(plan, group, 0, &encoded.block).ok());
  for (const ByteSpan piece : encoded.block.payload) {
    encoded.payload.insert(encoded.payload.end(), piece.begin(), piece.end());
  }
  encoded.payload.resize(encoded.payload.size() + kKernelSlack);
  return encoded;
}

Status DecodeElements(const Encoded& encoded, const Geometry& geometry,
                      uint64_t begin, uint64_t end, Bytes* out) {
  out->assign((end - begin) * geometry.element_bytes(), std::byte{0xA5});
  BlockDecoder decoder;
  return decoder.Decode(encoded.side, geometry, {}, encoded.block.header,
                        encoded.payload.data(), begin, end, *out, false);
}

Result<GroupSide> Parse(ByteSpan body, const Geometry& geometry = kGeometry) {
  ByteReader reader(body, "group", 0);
  return ParseGroupSide(&reader, geometry, 0);
}

TEST(ModelledTest, SideDataRoundTrip) {
  for (const DType dtype : {DType::kBf16, DType::kF8E4m3, DType::kF64}) {
    Geometry geometry = kGeometry;
    geometry.dtype = dtype;
    const Bytes raw = MakeTensor(GetPattern("ScaledWeights"), dtype, 32768, 64);
    const GroupSide side = EncodeFirstBlock(geometry, raw, 9).side;
    ASSERT_NE(side.modelled, nullptr);
    EXPECT_TRUE(side.modelled->has_scales());
    Bytes body;
    AppendGroupSide(side, &body);
    const Result<GroupSide> read = Parse(body, geometry);
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_NE(read->modelled, nullptr);
    EXPECT_EQ(read->modelled->rows, side.modelled->rows);
    EXPECT_EQ(read->modelled->columns, side.modelled->columns);
    EXPECT_EQ(read->modelled->base, side.modelled->base);
    EXPECT_EQ(read->modelled->start.knots, side.modelled->start.knots);
    EXPECT_EQ(0, std::memcmp(&read->modelled->model, &side.modelled->model,
                             sizeof(SymbolModel)));
    // The last stream may be read one word beyond its end.
    for (size_t length = 0; length + 2 < body.size(); ++length) {
      const Result<GroupSide> cut =
          Parse(ByteSpan(body).first(length), geometry);
      ASSERT_FALSE(cut.ok()) << length;
      EXPECT_EQ(cut.error().kind, ErrorKind::kCorruption);
    }
  }
}

// Fields at fixed places: flags at 4, behind 3 bytes of elements and the kind.
TEST(ModelledTest, SideDataOutOfRange) {
  const Bytes raw =
      MakeTensor(GetPattern("ScaledWeights"), DType::kBf16, 32768, 64);
  Bytes body;
  AppendGroupSide(EncodeFirstBlock(kGeometry, raw, 9).side, &body);
  ASSERT_EQ(body[3], std::byte{3});
  ASSERT_EQ(body[4], std::byte{3});
  struct Case {
    size_t offset;
    int value;
    const char* message;
  };
  for (const Case& test :
       {Case{4, 4, "group flags"}, Case{7, 5, "row step"},
        Case{8, 5, "column step"}, Case{9, 4, "top bits"},
        Case{10, 24, "window"}, Case{14, 1, "knot spacing"},
        Case{14, 5, "knot spacing"}, Case{15, 200, "knots beyond"}}) {
    Bytes damaged = body;
    damaged[test.offset] = static_cast<std::byte>(test.value);
    const Result<GroupSide> read = Parse(damaged);
    ASSERT_FALSE(read.ok()) << test.message;
    EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
    EXPECT_NE(read.error().message.find(test.message), std::string::npos)
        << read.error().message;
  }
  Bytes no_zeros = body;
  no_zeros[12] = no_zeros[13] = std::byte{0};
  EXPECT_FALSE(Parse(no_zeros).ok());
  Geometry integers = kGeometry;
  integers.dtype = DType::kI16;
  EXPECT_FALSE(Parse(body, integers).ok());
}

// 2^20 columns in a record of some bytes: refused before memory is asked for.
TEST(ModelledTest, ScalesMustFitTheRecord) {
  const Bytes raw =
      MakeTensor(GetPattern("ScaledWeights"), DType::kBf16, 32768, 64);
  Bytes body;
  AppendGroupSide(EncodeFirstBlock(kGeometry, raw, 9).side, &body);
  Geometry wide = kGeometry;
  wide.columns = kMaxModelledColumns;
  const Result<GroupSide> many = Parse(body, wide);
  ASSERT_FALSE(many.ok());
  EXPECT_NE(many.error().message.find("do not fit"), std::string::npos);
  ++wide.columns;
  EXPECT_FALSE(Parse(body, wide).ok());
}

TEST(ModelledTest, AnyRangeOfElements) {
  // Three runs, the last one short.
  const Geometry geometry{DType::kF32, 100, 150'000, 150'000};
  const Bytes raw =
      MakeTensor(GetPattern("ScaledWeights"), DType::kF32, 150'000, 100);
  const Encoded encoded = EncodeFirstBlock(geometry, raw, 8);
  ASSERT_EQ(encoded.block.header.method, Method::kModelled);
  for (const auto& [begin, end] :
       {std::pair{0, 150'000}, std::pair{0, 1}, std::pair{149'999, 150'000},
        std::pair{65'535, 65'537}, std::pair{65'536, 131'072},
        std::pair{1000, 140'000}, std::pair{70'000, 70'000}}) {
    Bytes out;
    const Status status =
        DecodeElements(encoded, geometry, static_cast<uint64_t>(begin),
                       static_cast<uint64_t>(end), &out);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_TRUE(std::ranges::equal(
        out,
        std::span(raw).subspan(static_cast<size_t>(begin) * 4, out.size())))
        << begin << " to " << end;
  }
}

// Escapes before and inside a range must not be mixed up.
TEST(ModelledTest, RangesBetweenEscapes) {
  for (const char* pattern : {"RareExceptions", "EveryExponent"}) {
    const Geometry geometry{DType::kBf16, 50, 20'000, 20'000};
    const Bytes raw = MakeTensor(GetPattern(pattern), DType::kBf16, 20'000, 50);
    const auto side = PlanModelledGroup(
        {.geometry = geometry, .first = 0, .raw = raw}, 9, nullptr);
    if (side == nullptr) continue;
    const Encoded encoded = EncodeFirstBlock(geometry, raw, 9);
    for (uint64_t begin = 0; begin < 19'000; begin += 1777) {
      Bytes out;
      ASSERT_TRUE(
          DecodeElements(encoded, geometry, begin, begin + 500, &out).ok());
      EXPECT_TRUE(std::ranges::equal(
          out, std::span(raw).subspan(begin * 2, out.size())));
    }
  }
}

TEST(ModelledTest, SmallerThanTiers) {
  for (const DType dtype : {DType::kBf16, DType::kF16, DType::kF32,
                            DType::kF8E4m3, DType::kF8E5m2}) {
    Geometry geometry = ChooseGeometry(dtype, 256);
    const Bytes raw =
        MakeTensor(GetPattern("ScaledWeights"), dtype, 1 << 16, 256);
    const auto bytes = [&](int level) {
      const Encoded encoded = EncodeFirstBlock(geometry, raw, level);
      Bytes side;
      AppendGroupSide(encoded.side, &side);
      return side.size() + encoded.block.header.payload_length;
    };
    EXPECT_LT(bytes(9), bytes(4)) << GetDTypeInfo(dtype).name;
  }
}

// What a group sends for models does not make small or odd tensors larger.
// But for a few bytes of tables, where another method won in the end.
TEST(ModelledTest, NeverLargerThanLevel4) {
  for (const Pattern& pattern : AllPatterns()) {
    for (const uint64_t elements : {1, 100, 2048, 5000, 30'000}) {
      for (const DType dtype : {DType::kBf16, DType::kF8E4m3}) {
        Geometry geometry = ChooseGeometry(dtype, 50);
        const Bytes raw = MakeTensor(pattern, dtype, elements, 50);
        const auto bytes = [&](int level) {
          const Encoded encoded = EncodeFirstBlock(geometry, raw, level);
          Bytes bodies;
          AppendGroupSide(encoded.side, &bodies);
          AppendBlockHeader(encoded.block.header, &bodies);
          return bodies.size() + encoded.block.header.payload_length;
        };
        EXPECT_LE(bytes(9), bytes(4) + 16) << pattern.name << ", " << elements;
      }
    }
  }
}

// The checksum stands before this: here it is as if it matched.
TEST(ModelledTest, DamagedPayloadsAreRefusedOrDecodeToSomething) {
  const Geometry geometry{DType::kBf16, 64, 4096, 4096};
  const Bytes raw =
      MakeTensor(GetPattern("ScaledWeights"), DType::kBf16, 4096, 64);
  Encoded encoded = EncodeFirstBlock(geometry, raw, 9);
  ASSERT_EQ(encoded.block.header.method, Method::kModelled);
  const uint32_t symbols = encoded.block.header.planes[0].length;
  int refused = 0;
  for (uint32_t at = 0; at < symbols; at += at < 16 ? 1 : 7) {
    for (int bit = 0; bit < 8; ++bit) {
      encoded.payload[at] ^= static_cast<std::byte>(1 << bit);
      Bytes out;
      const Status status = DecodeElements(encoded, geometry, 0, 4096, &out);
      if (!status.ok()) {
        EXPECT_EQ(status.error().kind, ErrorKind::kCorruption);
        ++refused;
      }
      encoded.payload[at] ^= static_cast<std::byte>(1 << bit);
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(ModelledTest, BlocksThatDoNotFitTheirGroup) {
  const Bytes raw =
      MakeTensor(GetPattern("ScaledWeights"), DType::kBf16, 16384, 64);
  Bytes out;
  Encoded no_model = EncodeFirstBlock(kGeometry, raw, 9);
  no_model.side.modelled = nullptr;
  EXPECT_FALSE(DecodeElements(no_model, kGeometry, 0, 16384, &out).ok());

  const BlockHeader good = EncodeFirstBlock(kGeometry, raw, 9).block.header;
  const auto parses = [](const BlockHeader& header) {
    Bytes body;
    AppendBlockHeader(header, &body);
    ByteReader reader(body);
    return ParseBlockHeader(&reader, DType::kBf16).ok();
  };
  EXPECT_TRUE(parses(good));
  for (const auto& change : std::initializer_list<void (*)(BlockHeader*)>{
           [](BlockHeader* h) { h->planes[0].runs.run_bits = 9; },
           [](BlockHeader* h) { h->planes[0].runs.run_bits = 17; },
           [](BlockHeader* h) { h->planes[0].runs.lanes = 0; },
           [](BlockHeader* h) { h->planes[0].runs.lanes = 2; },
           [](BlockHeader* h) { h->planes[0].coder = Coder::kStore; },
           [](BlockHeader* h) { h->planes[1].coder = Coder::kCm; },
           [](BlockHeader* h) { h->method = Method::kFloat; }}) {
    BlockHeader header = good;
    change(&header);
    EXPECT_FALSE(parses(header));
  }
}

}  // namespace
}  // namespace ingot
