// Delta sides that no encoder writes, by hand: each is refused with a message.

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/digest.h"
#include "codec/entropy/cm/byte_vector_coder.h"
#include "tests/codec/delta_cases.h"

namespace ingot {
namespace {

// Delta sides of a group of 300 elements of bf16, written by hand.

constexpr Geometry kGeometry{DType::kBf16, 40, 160, 320};

struct SideCase {
  std::string name;
  ErrorKind kind;
  std::string says;
  std::function<void(ByteWriter*)> write;
  DType dtype = DType::kBf16;
  uint8_t kind_byte = 0x80;
};
void PrintTo(const SideCase& test, std::ostream* out) { *out << test.name; }

void WriteReference(ByteWriter* writer, uint64_t first = 0,
                    uint64_t elements = 300, uint8_t algorithm = 1) {
  writer->WriteU8(algorithm);
  writer->WriteBytes(Digest{}.bytes);
  writer->WriteVarint(first);
  writer->WriteVarint(elements);
}
// One reference, a coder, flags and origin.
void WriteHead(ByteWriter* writer, uint8_t coder, uint8_t flags = 0) {
  writer->WriteVarint(1);
  WriteReference(writer);
  writer->WriteU8(coder);
  if (coder == 0) return;
  writer->WriteU8(flags);
  writer->WriteU8(110);
}
void WriteContexts(ByteWriter* writer, uint8_t contexts = 1, uint8_t low = 2,
                   uint8_t map = 0) {
  writer->WriteU8(contexts);
  for (int i = 0; i < 16; ++i) writer->WriteU8(map);
  for (int k = 0; k < contexts; ++k) writer->WriteU8(low);
}
void WriteAll(ByteWriter* writer, std::initializer_list<int> bytes) {
  for (const int byte : bytes) writer->WriteU8(static_cast<uint8_t>(byte));
}

void AppendWeights(const std::vector<uint8_t>& weights, Bytes* out) {
  EncodeByteVectors(std::vector<std::span<const uint8_t>>{weights}, out);
}

constexpr ErrorKind kBad = ErrorKind::kCorruption;
constexpr ErrorKind kNewer = ErrorKind::kUnsupported;

std::vector<SideCase> SideCases() {
  const auto tiered = [](std::initializer_list<int> behind,
                         uint8_t contexts = 1, uint8_t low = 2,
                         uint8_t map = 0) {
    const std::vector<int> bytes = behind;
    return [=](ByteWriter* w) {
      WriteHead(w, 4);
      WriteContexts(w, contexts, low, map);
      for (const int byte : bytes) w->WriteU8(static_cast<uint8_t>(byte));
    };
  };
  const auto rans = [](std::initializer_list<int> behind) {
    const std::vector<int> bytes = behind;
    return [=](ByteWriter* w) {
      WriteHead(w, 6);
      WriteContexts(w);
      for (const int byte : bytes) w->WriteU8(static_cast<uint8_t>(byte));
    };
  };
  return {
      {"NoReferences", kBad, "without references",
       [](ByteWriter* w) { w->WriteVarint(0); }},
      {"TooManyReferences", kBad, "references",
       [](ByteWriter* w) {
         w->WriteVarint(17);
         for (int i = 0; i < 17; ++i) WriteReference(w, 0, 1);
         w->WriteU8(0);
       }},
      {"DigestAlgorithm", kNewer, "digest algorithm 2",
       [](ByteWriter* w) {
         w->WriteVarint(1);
         WriteReference(w, 0, 300, 2);
         w->WriteU8(0);
       }},
      {"ReferenceToNothing", kBad, "reference to no elements",
       [](ByteWriter* w) {
         w->WriteVarint(1);
         WriteReference(w, 0, 0);
         w->WriteU8(0);
       }},
      {"ReferenceLongerThanGroup", kBad, "elements of a reference",
       [](ByteWriter* w) {
         w->WriteVarint(1);
         WriteReference(w, 0, 301);
         w->WriteU8(0);
       }},
      {"ReferencesTogetherLongerThanGroup", kBad, "elements of a reference",
       [](ByteWriter* w) {
         w->WriteVarint(2);
         WriteReference(w, 0, 200);
         WriteReference(w, 200, 101);
         w->WriteU8(0);
       }},
      {"ReferenceFarAway", kBad, "first element",
       [](ByteWriter* w) {
         w->WriteVarint(1);
         WriteReference(w, uint64_t{1} << 60);
         w->WriteU8(0);
       }},
      {"BytesBehindNoCoder", kBad, "",
       [](ByteWriter* w) {
         WriteHead(w, 0);
         w->WriteU8(0);
       }},
      {"CoderHuffman", kNewer, "differences of coder 5",
       [](ByteWriter* w) { WriteHead(w, 5); }},
      {"CoderOfLater", kNewer, "differences of coder 77",
       [](ByteWriter* w) { WriteHead(w, 77); }},
      {"Flags", kBad, "delta flags: unknown bits",
       [](ByteWriter* w) { WriteHead(w, 7, 2); }},
      {"RowShiftsMissing", kBad, "", [](ByteWriter* w) { WriteHead(w, 7, 1); }},
      // Nine rows in four bytes, of which one has an endless quotient.
      {"RowShiftsEndEarly", kBad, "scale vector",
       [](ByteWriter* w) {
         WriteHead(w, 7, 1);
         WriteAll(w, {0, 3, 0xFF, 0xFF});
       }},
      {"RowShiftsBelowZero", kBad, "outside 0..255",
       [](ByteWriter* w) {
         WriteHead(w, 7, 1);
         WriteAll(w, {0, 0, 1, 0, 0});
       }},
      {"BytesBehindCm", kBad, "",
       [](ByteWriter* w) {
         WriteHead(w, 7);
         w->WriteU8(0);
       }},
      {"ContextsNone", kBad, "contexts: expected 1 to 16", tiered({}, 0)},
      {"ContextsSeventeen", kBad, "contexts: expected 1 to 16", tiered({}, 17)},
      {"ContextNotThere", kBad, "class 0 has a context that is not there",
       tiered({1, 0, 1, 2}, 2, 2, 0x12)},
      {"ContextOfOddClassNotThere", kBad,
       "class 1 has a context that is not there",
       tiered({1, 0, 1, 2}, 2, 2, 0x21)},
      {"LowBits", kBad, "low bits of context 0: more than an element has",
       tiered({1, 0, 1, 2}, 1, 16)},
      {"LowBitsOfF64", kBad, "low bits of context 0: more than an element has",
       tiered({1, 0, 1, 2}, 1, 64), DType::kF64},
      {"SetsNone", kBad, "sets: expected 1 to 3", tiered({0})},
      {"SetsFour", kBad, "sets: expected 1 to 3", tiered({4})},
      {"SetNotThere", kBad, "context 0 has a set that is not there",
       tiered({2, 2, 1, 2, 1, 2})},
      {"TiersNone", kBad, "tier count of a set: expected 1 to 8",
       tiered({1, 0, 0})},
      {"TiersNoneGrouped", kBad, "tier count of a set: expected 1 to 8",
       tiered({1, 0, 0x80})},
      {"TiersNine", kBad, "tier count of a set: expected 1 to 8",
       tiered({1, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1})},
      {"WidthZero", kBad, "tier width of a set: expected 1 to 3",
       tiered({1, 0, 2, 1, 0})},
      {"WidthFour", kBad, "tier width of a set: expected 1 to 3",
       tiered({1, 0, 2, 4, 1})},
      {"BytesBehindTiers", kBad, "", tiered({1, 0, 1, 2, 0})},
      {"WeightsMissing", kBad, "weights do not end where they should",
       rans({9})},
      {"WeightsLong", kBad, "weights do not end where they should",
       rans({1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})},
      // A stream of nothing but ones or zeros: few different bytes.
      {"WeightsOfOneSymbol", kBad, "fewer than two symbols have a weight",
       [](ByteWriter* w) {
         WriteHead(w, 6);
         WriteContexts(w);
         WriteAll(w, {2});
         Bytes vector;
         AppendWeights({0, 9, 0}, &vector);
         w->WriteBytes(vector);
       }},
      {"WeightsOfNoSymbol", kBad, "fewer than two symbols have a weight",
       [](ByteWriter* w) {
         WriteHead(w, 6);
         WriteContexts(w);
         WriteAll(w, {1});
         Bytes vector;
         AppendWeights({0, 0}, &vector);
         w->WriteBytes(vector);
       }},
      {"PackedDType", kBad, "delta side for a packed dtype",
       [](ByteWriter* w) { WriteHead(w, 0); }, DType::kQ4_0},
      {"KindBesides", kNewer, "group side data of kind 4",
       [](ByteWriter* w) { WriteHead(w, 0); }, DType::kBf16, 0x84},
  };
}

class DeltaSideCasesTest : public testing::TestWithParam<SideCase> {};

TEST_P(DeltaSideCasesTest, Refused) {
  const SideCase& test = GetParam();
  Bytes side;
  ByteWriter side_writer(&side);
  test.write(&side_writer);
  Bytes body;
  ByteWriter writer(&body);
  writer.WriteVarint(300);
  writer.WriteU8(test.kind_byte);
  writer.WriteVarint(side.size());
  writer.WriteBytes(side);
  Geometry geometry = kGeometry;
  geometry.dtype = test.dtype;
  ByteReader reader(body, "group", 0);
  const Result<GroupSide> parsed = ParseGroupSide(&reader, geometry, 640);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().kind, test.kind) << parsed.error().message;
  EXPECT_NE(parsed.error().message.find(test.says), std::string::npos)
      << parsed.error().message;
}

INSTANTIATE_TEST_SUITE_P(Cases, DeltaSideCasesTest,
                         testing::ValuesIn(SideCases()),
                         [](const auto& info) { return info.param.name; });

// What the cases above change is valid as it is.
TEST(DeltaSideTest, HandWrittenSidesParse) {
  const auto parse = [](const std::function<void(ByteWriter*)>& write) {
    Bytes side;
    ByteWriter side_writer(&side);
    write(&side_writer);
    Bytes body;
    ByteWriter writer(&body);
    writer.WriteVarint(300);
    writer.WriteU8(0x80);
    writer.WriteVarint(side.size());
    writer.WriteBytes(side);
    ByteReader reader(body, "group", 0);
    const Result<GroupSide> parsed = ParseGroupSide(&reader, kGeometry, 640);
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
    return parsed.ok();
  };
  EXPECT_TRUE(parse([](ByteWriter* w) { WriteHead(w, 0); }));
  EXPECT_TRUE(parse([](ByteWriter* w) { WriteHead(w, 7); }));
  EXPECT_TRUE(parse([](ByteWriter* w) {
    WriteHead(w, 4);
    WriteContexts(w, 16, 15, 0xF0);
    for (int i = 0; i < 1 + 16; ++i) w->WriteU8(i == 0 ? 1 : 0);
    WriteAll(w, {0x88, 1, 2, 3, 1, 2, 3, 1, 2});
  }));
  EXPECT_TRUE(parse([](ByteWriter* w) {
    w->WriteVarint(16);
    for (int i = 0; i < 16; ++i) WriteReference(w, 1u << 30, 18);
    w->WriteU8(0);
  }));
  EXPECT_TRUE(parse([](ByteWriter* w) {
    WriteHead(w, 6);
    WriteContexts(w);
    WriteAll(w, {0});
    Bytes vector;
    AppendWeights({0}, &vector);
    w->WriteBytes(vector);
  }));
}

}  // namespace
}  // namespace ingot
