// Containers whose checksums are all right and whose contents are not: made
// by somebody who means harm, or by a broken encoder. The checks behind the
// checksums must refuse them, in bounded time and memory.

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/base/checksum.h"
#include "codec/container/record.h"
#include "codec/method/block.h"
#include "codec/method/group_side.h"
#include "tests/codec/restore.h"
#include "tests/codec/sample_containers.h"

namespace ingot {
namespace {

constexpr uint64_t kHuge = uint64_t{1} << 63;
constexpr ErrorKind kBad = ErrorKind::kCorruption;
constexpr ErrorKind kNewer = ErrorKind::kUnsupported;

struct Case {
  std::string name;
  std::string sample;
  ErrorKind kind;
  std::string says;  // part of Verify's message
  std::function<void(ContainerParts*)> change;
};
void PrintTo(const Case& hostile, std::ostream* out) { *out << hostile.name; }

// A block header, changed and written back.
std::function<void(ContainerParts*)> BlockChange(
    DType dtype, std::function<void(BlockHeader*)> change) {
  return [=](ContainerParts* parts) {
    RecordParts& record = parts->Find(RecordType::kBlock);
    ByteReader reader(record.body);
    BlockHeader header = *ParseBlockHeader(&reader, dtype);
    change(&header);
    record.body.clear();
    AppendBlockHeader(header, &record.body);
  };
}

// Sets one byte of a record's body.
std::function<void(ContainerParts*)> BodyByte(RecordType type, size_t at,
                                              uint8_t value, size_t k = 0) {
  return [=](ContainerParts* parts) {
    parts->Find(type, k).body.at(at) = static_cast<std::byte>(value);
  };
}

std::function<void(ContainerParts*)> Body(
    RecordType type, std::function<void(ByteWriter*)> write) {
  return [=](ContainerParts* parts) {
    RecordParts& record = parts->Find(type);
    record.body.clear();
    ByteWriter writer(&record.body);
    write(&writer);
  };
}

std::function<void(ContainerParts*)> Trailing(RecordType type) {
  return [=](ContainerParts* parts) {
    parts->Find(type).body.push_back(std::byte{0});
  };
}

// The payload of the first block, checksum repaired.
std::function<void(ContainerParts*)> PayloadChange(
    std::function<void(Bytes*)> change) {
  return [=](ContainerParts* parts) {
    change(&parts->Find(RecordType::kBlock).payload);
  };
}

// A group record: 64 elements of bf16 in tiers as `write` says.
std::function<void(ContainerParts*)> Group(
    std::function<void(ByteWriter*)> write) {
  return Body(RecordType::kGroup, [=](ByteWriter* writer) {
    writer->WriteVarint(256);
    writer->WriteU8(1);
    write(writer);
  });
}

void WriteTierCode(ByteWriter* writer, uint8_t flags, int tiers, int width,
                   int ranks) {
  writer->WriteU8(flags);
  writer->WriteU8(130);
  writer->WriteU8(static_cast<uint8_t>(tiers));
  for (int i = 0; i < tiers; ++i) {
    writer->WriteU8(static_cast<uint8_t>(width));
  }
  writer->WriteU8(static_cast<uint8_t>(ranks));
  const int fields = (flags != 0 ? 4 : 1) * ranks;
  for (int i = 0; i < (fields * 5 + 7) / 8; ++i) writer->WriteU8(0);
}

std::vector<Case> BlockCases() {
  using enum RecordType;
  std::vector<Case> cases;
  const auto bf16 = [&](const char* name, ErrorKind kind, const char* says,
                        std::function<void(BlockHeader*)> change) {
    cases.push_back(
        {name, "groups", kind, says, BlockChange(DType::kBf16, change)});
  };
  bf16("BlockElementsFewer", kBad, "elements, expected",
       [](BlockHeader* h) { --h->elements; });
  bf16("BlockElementsMore", kBad, "elements, expected",
       [](BlockHeader* h) { ++h->elements; });
  bf16("BlockElementsNone", kBad, "block without elements",
       [](BlockHeader* h) { h->elements = 0; });
  bf16("BlockPlanesShorterThanPayload", kBad, "in a payload of",
       [](BlockHeader* h) { --h->planes[1].length; });
  bf16("BlockPlaneLengths", kBad, "", [](BlockHeader* h) {
    --h->planes[0].length;
    ++h->planes[1].length;
  });
  bf16("BlockUnknownCoder", kNewer, "coder 99",
       [](BlockHeader* h) { h->planes[1].coder = static_cast<Coder>(99); });
  bf16("BlockUnknownMethod", kNewer, "method 99",
       [](BlockHeader* h) { h->method = static_cast<Method>(99); });
  bf16("BlockPredictor", kNewer, "predictor 2",
       [](BlockHeader* h) { h->predictor = 2; });
  bf16("BlockPredictorForMethod", kBad, "with predictor 1",
       [](BlockHeader* h) { h->predictor = 1; });
  bf16("BlockMethodWithoutPredictor", kBad, "with predictor 0",
       [](BlockHeader* h) { h->method = Method::kCopy; });
  bf16("BlockTieredRemainder", kBad, "outside an exponent plane",
       [](BlockHeader* h) { h->planes[1].coder = Coder::kTiered; });
  bf16("BlockTieredBytes", kBad, "outside an exponent plane",
       [](BlockHeader* h) {
         h->method = Method::kBytes;
         h->plane_count = 1;
         h->planes[0].length = h->payload_length;
       });
  bf16("BlockTableTooWide", kBad, "field too wide",
       [](BlockHeader* h) { h->planes[0].table.escape_bits = 15; });
  bf16("BlockTableSegmentsTooWide", kBad, "field too wide",
       [](BlockHeader* h) { h->planes[0].table.segment_bits = 21; });
  bf16("BlockTableBytes", kBad, "do not fill it",
       [](BlockHeader* h) { h->planes[0].table.segment_bits = 20; });
  bf16("BlockEscapesMore", kBad, "tiered plane",
       [](BlockHeader* h) { ++h->planes[0].table.min_escapes; });
  bf16("BlockEscapesMany", kBad, "do not fit a segment",
       [](BlockHeader* h) { h->planes[0].table.min_escapes = 16000; });
  bf16("BlockSegmentLonger", kBad, "do not fill it",
       [](BlockHeader* h) { ++h->planes[0].table.min_segment_bytes; });
  bf16("BlockStoredExponents", kBad, "",
       [](BlockHeader* h) { h->planes[0].coder = Coder::kStore; });
  cases.push_back({"BlockFloatOfIntegers", "zstd", kBad, "does not fit dtype",
                   BlockChange(DType::kBytes, [](BlockHeader* h) {
                     h->method = Method::kFloat;
                   })});
  cases.push_back({"ConstantOfTwoElements", "constant", kBad,
                   "one stored element", [](ContainerParts* parts) {
                     BlockChange(DType::kF32, [](BlockHeader* h) {
                       h->payload_length = 8;
                       h->planes[0].length = 8;
                     })(parts);
                     parts->Find(kBlock).payload.resize(8);
                   }});
  cases.push_back({"BlockPayloadLengthHuge", "groups", kBad, "",
                   Body(kBlock, [](ByteWriter* w) { w->WriteVarint(kHuge); })});
  cases.push_back({"BlockTrailing", "groups", kBad, "", Trailing(kBlock)});
  cases.push_back({"BlockWithoutPayloadBit", "groups", kBad, "payload",
                   [](ContainerParts* parts) {
                     parts->Find(kBlock).raw_type = 5 | kCriticalBit;
                   }});
  cases.push_back({"GroupWithPayloadBit", "groups", kBad, "payload",
                   [](ContainerParts* parts) {
                     parts->Find(kGroup).raw_type |= kPayloadBit;
                   }});
  return cases;
}

std::vector<Case> PayloadCases() {
  return {
      {"PayloadCodesEscapeAll", "groups", kBad, "other escapes",
       PayloadChange([](Bytes* payload) {
         std::fill_n(payload->begin(), 16, std::byte{0xFF});
       })},
      {"PayloadCodesEscapeNone", "groups", kBad, "other escapes",
       PayloadChange([](Bytes* payload) {
         std::fill_n(payload->begin(), 16, std::byte{0});
       })},
      {"PayloadShorter", "groups", kBad, "",
       PayloadChange([](Bytes* payload) { payload->pop_back(); })},
      {"PayloadLonger", "groups", kBad, "",
       PayloadChange([](Bytes* payload) { payload->resize(9999); })},
      {"ZstdFrameDamaged", "zstd", kBad, "zstd",
       PayloadChange([](Bytes* payload) { (*payload)[10] ^= std::byte{1}; })},
      {"SplitPlaneDamaged", "split", kBad, "",
       PayloadChange([](Bytes* payload) { payload->front() ^= std::byte{1}; })},
  };
}

std::vector<Case> GroupCases() {
  using enum RecordType;
  std::vector<Case> cases;
  const auto group = [&](const char* name, const char* says,
                         std::function<void(ByteWriter*)> write) {
    cases.push_back({name, "groups", kBad, says, Group(write)});
  };
  const auto elements = [&](const char* name, uint64_t number,
                            const char* says) {
    cases.push_back(
        {name, "groups", kBad, says, Body(kGroup, [=](ByteWriter* w) {
           w->WriteVarint(number);
           w->WriteU8(0);
         })});
  };
  elements("GroupElementsNone", 0, "without elements");
  elements("GroupElementsFewer", 255, "other elements");
  elements("GroupElementsMore", 257, "group elements");
  elements("GroupElementsHuge", kHuge, "group elements");
  elements("GroupWithoutTiers", 256, "without tiers");
  cases.push_back({"GroupUnknownKind", "groups", kNewer, "kind 9",
                   Body(kGroup, [](ByteWriter* w) {
                     w->WriteVarint(256);
                     w->WriteU8(9);
                   })});
  cases.push_back({"GroupTiersOfIntegers", "zstd", kBad, "without exponents",
                   Body(kGroup, [](ByteWriter* w) {
                     w->WriteVarint(600);
                     w->WriteU8(1);
                     WriteTierCode(w, 0, 1, 3, 8);
                   })});
  group("GroupUnknownFlags", "unknown bits",
        [](ByteWriter* w) { WriteTierCode(w, 4, 2, 3, 4); });
  group("GroupNoTiers", "tier count",
        [](ByteWriter* w) { WriteTierCode(w, 0, 0, 3, 4); });
  group("GroupNineTiers", "tier count",
        [](ByteWriter* w) { WriteTierCode(w, 0, 9, 3, 4); });
  group("GroupWidthNone", "tier width",
        [](ByteWriter* w) { WriteTierCode(w, 0, 2, 0, 4); });
  group("GroupWidthFour", "tier width",
        [](ByteWriter* w) { WriteTierCode(w, 0, 2, 4, 4); });
  group("GroupRanksNone", "rank count",
        [](ByteWriter* w) { WriteTierCode(w, 0, 2, 3, 0); });
  group("GroupRanksSeventeen", "rank count",
        [](ByteWriter* w) { WriteTierCode(w, 0, 4, 3, 17); });
  group("GroupRanksBeyondTiers", "rank count",
        [](ByteWriter* w) { WriteTierCode(w, 0, 2, 2, 8); });
  group("GroupTableMissing", "", [](ByteWriter* w) {
    w->WriteU8(0);
    w->WriteU8(130);
    w->WriteU8(1);
    w->WriteU8(3);
    w->WriteU8(8);
  });
  // 4 rows.
  group("ScalesRiceEight", "rice above 7", [](ByteWriter* w) {
    WriteTierCode(w, 1, 2, 3, 4);
    w->WriteU8(8);
    w->WriteU8(0);
    w->WriteU32(0);
  });
  group("ScalesEndEarly", "ends early", [](ByteWriter* w) {
    WriteTierCode(w, 1, 2, 3, 4);
    w->WriteU8(7);
    w->WriteU8(0);
    w->WriteU8(0);
  });
  group("ScalesOutOfRange", "outside 0..255", [](ByteWriter* w) {
    WriteTierCode(w, 1, 2, 3, 4);
    w->WriteU8(0);
    w->WriteU8(0);
    w->WriteU8(1);  // -1
  });
  group("ScalesEndless", "quotient above 511", [](ByteWriter* w) {
    WriteTierCode(w, 1, 2, 3, 4);
    w->WriteU8(0);
    w->WriteU8(0);
    for (int i = 0; i < 100; ++i) w->WriteU8(255);
  });
  group("ScalesMissing", "", [](ByteWriter* w) {
    WriteTierCode(w, 3, 2, 3, 4);
    w->WriteU8(0);
    w->WriteU8(0);
    w->WriteU8(0);
  });
  group("GroupTrailing", "", [](ByteWriter* w) {
    WriteTierCode(w, 0, 2, 3, 4);
    w->WriteU8(0);
  });
  // A joined code behind one tier of 8 ranks; a record without scales.
  const auto joined = [&](const char* name, ErrorKind kind, const char* says,
                          std::vector<uint8_t> bytes) {
    cases.push_back(
        {name, "huffman", kind, says, Body(kGroup, [=](ByteWriter* w) {
           w->WriteVarint(970);
           w->WriteU8(2);
           WriteTierCode(w, 0, 1, 3, 8);
           w->WriteBytes(std::as_bytes(std::span(bytes)));
         })});
  };
  joined("JoinedUnknownCoder", kNewer, "coder 9", {9, 0, 2, 0, 0, 0x11});
  joined("JoinedThreeTopBits", kBad, "mantissa bits", {5, 3, 2, 0, 0, 0x11});
  joined("JoinedOneRank", kBad, "joined rank count", {5, 0, 1, 0, 0x01});
  joined("JoinedManyRanks", kBad, "joined rank count", {5, 0, 65});
  joined("JoinedValuesMissing", kBad, "", {5, 0, 2, 0});
  joined("JoinedLengthsMissing", kBad, "", {5, 0, 2, 0, 0});
  joined("JoinedLengthsTooShort", kBad, "complete code", {5, 0, 2, 0, 0, 0x21});
  joined("JoinedLengthsTooMany", kBad, "complete code",
         {5, 0, 3, 0, 0, 0x11, 0x01});
  joined("JoinedLengthsTooLong", kBad, "complete code",
         {5, 0, 2, 0, 0, 0xC1});
  joined("JoinedTrailing", kBad, "", {5, 0, 2, 0, 0, 0x11, 0});
  joined("JoinedCodeOfAnotherBlock", kBad, "", {5, 0, 2, 0, 0, 0x11});
  joined("JoinedFrequencyNone", kBad, "add up to 4096",
         {6, 0, 2, 0, 0, 0x00, 0xF0, 0xFF});
  joined("JoinedFrequenciesTooFew", kBad, "add up to 4096",
         {6, 0, 2, 0, 0, 0x00, 0xF8, 0x7F});
  joined("JoinedFrequenciesMissing", kBad, "", {6, 0, 2, 0, 0, 0x00, 0x08});
  joined("JoinedOtherCoder", kBad, "without its code",
         {6, 0, 2, 0, 0, 0x00, 0x08, 0x80});
  cases.push_back({"RansWordsMissing", "rans", kBad, "",
                   [](ContainerParts* parts) {
                     RecordParts& block = parts->Find(kBlock);
                     block.payload[200] ^= std::byte{0x55};
                   }});
  cases.push_back({"GroupWithoutJoinedCode", "huffman", kBad,
                   "without its code", Body(kGroup, [](ByteWriter* w) {
                     w->WriteVarint(970);
                     w->WriteU8(1);
                     WriteTierCode(w, 0, 1, 3, 8);
                   })});
  cases.push_back({"GroupTwice", "groups", kBad, "", [](ContainerParts* parts) {
                     const RecordParts group = parts->Find(kGroup);
                     auto at = parts->records.begin();
                     while (at->type() != kGroup) ++at;
                     parts->records.insert(at, group);
                   }});
  cases.push_back({"BlockTwice", "groups", kBad, "", [](ContainerParts* parts) {
                     const RecordParts block = parts->Find(kBlock);
                     auto at = parts->records.begin();
                     while (at->type() != kBlock) ++at;
                     parts->records.insert(at, block);
                   }});
  return cases;
}

std::function<void(ContainerParts*)> ObjectGeometry(DType dtype,
                                                    uint64_t columns,
                                                    uint64_t block,
                                                    uint64_t group) {
  return [=](ContainerParts* parts) {
    RecordParts& record = parts->Find(RecordType::kObjectBegin);
    record.body = {std::byte{0}};
    const Geometry geometry{dtype, columns, block, group};
    AppendGeometry(geometry, &record.body);
    // Readers meet one of the two first; both must be wrong.
    parts->index.objects[0].geometry = geometry;
  };
}

std::vector<Case> ObjectCases() {
  using enum RecordType;
  const DType bf16 = DType::kBf16;
  return {
      {"GeometryDType", "constant", kNewer, "dtype 99",
       ObjectGeometry(static_cast<DType>(99), 3, 6, 12)},
      {"GeometryColumnsNone", "groups", kBad, "columns",
       ObjectGeometry(bf16, 0, 128, 256)},
      {"GeometryColumnsHuge", "groups", kBad, "columns",
       ObjectGeometry(bf16, kHuge, 128, 256)},
      {"GeometryPackedDType", "groups", kBad, "not coded",
       ObjectGeometry(DType::kF4, 64, 128, 256)},
      {"GeometryOtherColumns", "scales", kBad, "",
       ObjectGeometry(DType::kF8E5m2, 63, 2048, 2048)},
      {"ObjectBeginFlags", "groups", kBad, "flags",
       BodyByte(kObjectBegin, 0, 2)},
      {"ObjectBeginTrailing", "groups", kBad, "", Trailing(kObjectBegin)},
      {"ObjectEndTrailing", "groups", kBad, "", Trailing(kObjectEnd)},
      {"ObjectEndAlgorithm", "groups", kNewer, "algorithm",
       Body(kObjectEnd,
            [](ByteWriter* w) {
              w->WriteVarint(900);
              w->WriteU8(2);
              for (int i = 0; i < 4; ++i) w->WriteU64(0);
            })},
      {"ObjectEndLength", "groups", kBad, "", BodyByte(kObjectEnd, 0, 0x82)},
      {"ObjectDigest", "groups", kBad, "SHA-256",
       [](ContainerParts* parts) {
         BodyByte(kObjectEnd, 10, 0)(parts);
         parts->index.objects[0].id.digest.bytes[7] = std::byte{0};
       }},
      {"ObjectDigestInRecordOnly", "groups", kBad, "",
       BodyByte(kObjectEnd, 10, 0)},
      {"FileDigest", "groups", kBad, "SHA-256",
       [](ContainerParts* parts) {
         BodyByte(kFileEnd, 10, 0)(parts);
         parts->index.files[0].id.digest.bytes[7] = std::byte{0};
       }},
      {"FileLength", "groups", kBad, "",
       [](ContainerParts* parts) { ++parts->index.files[0].id.length; }},
      {"FileEndLength", "groups", kBad, "", BodyByte(kFileEnd, 0, 0x80)},
      {"FileEndTrailing", "groups", kBad, "", Trailing(kFileEnd)},
      {"FileBeginTrailing", "groups", kBad, "", Trailing(kFileBegin)},
      {"FileBeginFlags", "groups", kBad, "flags", BodyByte(kFileBegin, 0, 4)},
      {"LiteralCoder", "groups", kNewer, "coder 4", BodyByte(kLiteral, 1, 4)},
      {"LiteralLength", "groups", kBad, "", BodyByte(kLiteral, 2, 4)},
      {"LiteralHuge", "groups", kBad, "literal length",
       Body(kLiteral,
            [](ByteWriter* w) {
              w->WriteU8(0);
              w->WriteU8(2);
              w->WriteVarint(kHuge);
            })},
      {"LiteralViewNameHuge", "groups", kBad, "",
       Body(kLiteral,
            [](ByteWriter* w) {
              w->WriteU8(1);
              w->WriteVarint(kHuge);
            })},
      {"ReferencePlace", "references", kBad, "", BodyByte(kReference, 1, 9, 1)},
      {"ReferenceFlags", "references", kBad, "", BodyByte(kReference, 0, 8)},
      {"UnknownCriticalRecord", "groups", kNewer, "record type 60",
       [](ContainerParts* parts) {
         parts->records.insert(
             parts->records.begin() + 1,
             {.raw_type = 60 | kCriticalBit, .body = Bytes(5), .payload = {}});
       }},
      {"RecordTypeNone", "groups", kNewer, "record type 0",
       [](ContainerParts* parts) {
         parts->records[0].raw_type = kCriticalBit;
       }},
      {"IndexInTheMiddle", "groups", kBad, "",
       [](ContainerParts* parts) {
         Bytes body;
         AppendIndex({}, &body);
         parts->records.insert(
             parts->records.begin(),
             {.raw_type = 9 | kCriticalBit, .body = body, .payload = {}});
       }},
      {"FileInFile", "literals", kBad, "",
       [](ContainerParts* parts) {
         // Without the first file's end and the second one's begin: swapped.
         std::swap(parts->records[1], parts->records[2]);
       }},
      {"FooterIndexPosition", "groups", kBad, "index",
       [](ContainerParts* parts) { parts->index_position = kHeaderBytes; }},
      {"FooterIndexBehind", "groups", kBad, "outside the container",
       [](ContainerParts* parts) { parts->index_position = kHuge; }},
      {"FooterLength", "groups", kBad, "the footer says",
       [](ContainerParts* parts) { parts->container_length = 5000; }},
  };
}

std::vector<Case> PathCases() {
  std::vector<Case> cases;
  int number = 0;
  for (const char* path : {"../a", "/a", "a//b", "a/./b", "a/..", ".", "a/"}) {
    cases.push_back({"Path" + std::to_string(number++), "groups", kBad,
                     "leaves its folder", [=](ContainerParts* parts) {
                       parts->index.files[0].info.path = path;
                       Bytes& body = parts->Find(RecordType::kFileBegin).body;
                       body.clear();
                       AppendFileInfo(parts->index.files[0].info, &body);
                     }});
  }
  return cases;
}

class HostileRecordsTest : public testing::TestWithParam<Case> {};

TEST_P(HostileRecordsTest, Refused) {
  const Case& hostile = GetParam();
  const SampleContainer& sample = GetSample(hostile.sample);
  ContainerParts parts = TakeApart(sample.bytes);
  // The repair itself changes nothing.
  ASSERT_TRUE(PutTogether(parts) == sample.bytes);
  hostile.change(&parts);
  const Bytes container = PutTogether(std::move(parts));
  ASSERT_TRUE(container != sample.bytes);

  const Status verified = VerifyContainer(container);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().kind, hostile.kind) << verified.error().message;
  EXPECT_NE(verified.error().message.find(hostile.says), std::string::npos)
      << verified.error().message;

  const DecodeOptions options{.threads = 1, .verify_digests = true};
  const Restored read = RestoreWithReader(container, options);
  EXPECT_TRUE(IsRefusal(read.status) || read.files == sample.files)
      << read.message();
  const Restored streamed = RestoreWithStream(container, SIZE_MAX, options);
  EXPECT_TRUE(IsRefusal(streamed.status) || streamed.files == sample.files)
      << streamed.message();
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (auto cases : {BlockCases(), PayloadCases(), GroupCases(), ObjectCases(),
                     PathCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Cases, HostileRecordsTest,
                         testing::ValuesIn(AllCases()),
                         [](const auto& info) { return info.param.name; });

TEST(OptionalRecordsTest, UnknownOptionalRecordsAreSkipped) {
  for (const SampleContainer& sample : SampleContainers()) {
    if (sample.has_references) continue;
    ContainerParts parts = TakeApart(sample.bytes);
    std::vector<RecordParts> records;
    for (const RecordParts& record : parts.records) {
      // Not between a group and its blocks: the index counts bytes there.
      if (record.type() != RecordType::kGroup &&
          record.type() != RecordType::kBlock &&
          record.type() != RecordType::kObjectEnd) {
        records.push_back({.raw_type = 50, .body = Bytes(3), .payload = {}});
        Bytes length;
        ByteWriter(&length).WriteVarint(200);
        length.resize(length.size() + 8);
        records.push_back({.raw_type = 51 | kPayloadBit,
                           .body = length,
                           .payload = Bytes(200)});
      }
      records.push_back(record);
    }
    parts.records = records;
    const Bytes container = PutTogether(std::move(parts));
    const Status verified = VerifyContainer(container);
    EXPECT_TRUE(verified.ok())
        << sample.name << ": " << verified.error().message;
    EXPECT_EQ(RestoreWithReader(container, {}).files, sample.files);
    const Restored streamed = RestoreWithStream(container, 7, {});
    EXPECT_TRUE(streamed.ok()) << sample.name << ": " << streamed.message();
    EXPECT_EQ(streamed.files, sample.files);
  }
}

TEST(VersionTest, LaterVersionsAreUnsupportedUnlessTheyAllowThisOne) {
  Bytes container = GetSample("literals").bytes;
  const auto set_versions = [&](uint16_t written, uint16_t lowest) {
    StoreLittleEndian(container.data() + 8, written);
    StoreLittleEndian(container.data() + 10, lowest);
    StoreLittleEndian(container.data() + 16,
                      Checksum(ByteSpan(container).first(16)));
  };
  set_versions(7, 1);
  EXPECT_TRUE(VerifyContainer(container).ok());
  EXPECT_TRUE(RestoreWithStream(container, 5, {}).ok());
  set_versions(7, 2);
  EXPECT_EQ(VerifyContainer(container).error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(RestoreWithStream(container, 5, {}).kind(),
            ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace ingot
