#include "codec/container/record.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/base/byte_writer.h"
#include "codec/base/checksum.h"
#include "codec/method/block.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

ObjectId SomeId(uint64_t length) { return {HashBytes(AsBytes("id")), length}; }

TensorView SomeView() { return {"model.weight", DType::kBf16, {3, 1, 700}}; }

// Writes with `append`, reads with `parse`; the result must be all there is.
template <typename T, typename Append, typename Parse>
T RoundTrip(const T& value, Append append, Parse parse) {
  Bytes body;
  append(value, &body);
  ByteReader reader(body, "body", 100);
  auto read = parse(&reader);
  EXPECT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(reader.done());
  // Cut anywhere it is corrupt, and nothing is read behind its end.
  for (size_t length = 0; length < body.size(); ++length) {
    const Bytes cut(body.begin(),
                    body.begin() + static_cast<ptrdiff_t>(length));
    ByteReader short_reader(cut);
    auto failed = parse(&short_reader);
    EXPECT_FALSE(failed.ok()) << "cut to " << length;
    if (!failed.ok()) {
      EXPECT_EQ(failed.error().kind, ErrorKind::kCorruption);
    }
  }
  return read.ok() ? std::move(*read) : T{};
}

TEST(RecordBodiesTest, FileInfo) {
  for (const FileInfo& info :
       {FileInfo{.path = "", .format = "opaque", .mode = {}, .mtime = {}},
        FileInfo{.path = "a/b", .format = "raw", .mode = 07777, .mtime = {}},
        FileInfo{.path = "c",
        .format = "safetensors",
        .mode = 0,
        .mtime = FileTime{INT64_MIN, 999999999}},
        FileInfo{.path = "d",
        .format = "",
        .mode = {},
        .mtime = FileTime{INT64_MAX, 0}}}) {
    EXPECT_EQ(RoundTrip(info, AppendFileInfo, ParseFileInfo), info);
  }
}

TEST(RecordBodiesTest, Views) {
  for (const TensorView& view :
       {SomeView(), TensorView{"", DType::kF4, {}},
        TensorView{std::string(300, 'n'), DType::kC64,
                   std::vector<uint64_t>(kMaxDimensions, UINT64_MAX)}}) {
    EXPECT_EQ(RoundTrip(view, AppendView, ParseView), view);
  }
}

TEST(RecordBodiesTest, LongestNamesFitTheirRecords) {
  const TensorView view{std::string(kMaxStringBytes, 'n'), DType::kF32,
                        std::vector<uint64_t>(kMaxDimensions, UINT64_MAX)};
  Bytes literal;
  Bytes noise(kMaxLiteralBytes);
  uint64_t state = 1;
  for (std::byte& byte : noise) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<std::byte>(state >> 56);
  }
  AppendLiteralBody(view, noise, &literal);
  EXPECT_LE(literal.size(), MaxBodyBytes(RecordType::kLiteral));
  Bytes begin;
  AppendObjectBegin({view, {DType::kBf16, 1, 1, 1}}, &begin);
  EXPECT_LE(begin.size(), MaxBodyBytes(RecordType::kObjectBegin));
  Bytes reference;
  AppendReference({view, UINT64_MAX, SomeId(UINT64_MAX)}, &reference);
  EXPECT_LE(reference.size(), MaxBodyBytes(RecordType::kReference));
  Bytes file;
  AppendFileInfo({.path = std::string(kMaxStringBytes, 'p'),
                  .format = "safetensors",
                  .mode = 0777,
                  .mtime = FileTime{-1, 1}},
                 &file);
  EXPECT_LE(file.size(), MaxBodyBytes(RecordType::kFileBegin));
  Bytes end;
  AppendFileEnd({SomeId(UINT64_MAX), std::string(kMaxStringBytes, 'x')}, &end);
  EXPECT_LE(end.size(), MaxBodyBytes(RecordType::kFileEnd));
}

TEST(RecordBodiesTest, ObjectBeginReferenceFileEndGeometry) {
  const Geometry geometry{DType::kF64, 3, 9, 27};
  EXPECT_EQ(RoundTrip(geometry, AppendGeometry, ParseGeometry), geometry);
  const ObjectBeginBody begin{SomeView(), geometry};
  const ObjectBeginBody begin_read =
      RoundTrip(begin, AppendObjectBegin, ParseObjectBegin);
  EXPECT_EQ(begin_read.view, begin.view);
  EXPECT_EQ(begin_read.geometry, geometry);
  const ReferenceBody reference{std::nullopt, 7, SomeId(1)};
  const ReferenceBody reference_read =
      RoundTrip(reference, AppendReference, ParseReference);
  EXPECT_FALSE(reference_read.view.has_value());
  EXPECT_EQ(reference_read.place, 7u);
  EXPECT_EQ(reference_read.id, reference.id);
  const FileEndBody end{SomeId(0), "why"};
  const FileEndBody end_read = RoundTrip(end, AppendFileEnd, ParseFileEnd);
  EXPECT_EQ(end_read.id, end.id);
  EXPECT_EQ(end_read.note, "why");
}

template <typename Parse>
ErrorKind KindOf(const Bytes& body, Parse parse) {
  ByteReader reader(body);
  const auto result = parse(&reader);
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorKind::kIo : result.error().kind;
}

TEST(RecordBodiesTest, WhatANewerWriterMaySayIsUnsupported) {
  Bytes view;
  AppendView({"n", static_cast<DType>(200), {}}, &view);
  EXPECT_EQ(KindOf(view, ParseView), ErrorKind::kUnsupported);
  Bytes geometry;
  AppendGeometry({static_cast<DType>(200), 1, 1, 1}, &geometry);
  EXPECT_EQ(KindOf(geometry, ParseGeometry), ErrorKind::kUnsupported);
  Bytes id;
  AppendObjectId(SomeId(5), &id);
  id[1] = std::byte{2};
  EXPECT_EQ(KindOf(id, ParseObjectId), ErrorKind::kUnsupported);
}

TEST(RecordBodiesTest, LimitsAreCorruption) {
  Bytes dimensions;
  AppendView({"n", DType::kU8, std::vector<uint64_t>(kMaxDimensions + 1, 1)},
             &dimensions);
  EXPECT_EQ(KindOf(dimensions, ParseView), ErrorKind::kCorruption);
  Bytes mode;
  AppendFileInfo({.path = "", .format = "", .mode = 010000, .mtime = {}},
                 &mode);
  EXPECT_EQ(KindOf(mode, ParseFileInfo), ErrorKind::kCorruption);
  Bytes time;
  AppendFileInfo(
      {.path = "", .format = "", .mode = {}, .mtime = FileTime{0, 1000000000}},
      &time);
  EXPECT_EQ(KindOf(time, ParseFileInfo), ErrorKind::kCorruption);
  // A length in a longer form than it needs.
  const Bytes padded = {std::byte{0x80}, std::byte{0x00}};
  EXPECT_EQ(KindOf(padded, ParseObjectId), ErrorKind::kCorruption);
}

Result<std::optional<Record>> Parse(const Bytes& bytes, size_t* wanted) {
  return ParseRecord(bytes, "r", 0, wanted);
}

Bytes MakeRecord(uint8_t raw_type, const Bytes& body) {
  Bytes record;
  ByteWriter writer(&record);
  writer.WriteU8(raw_type);
  writer.WriteVarint(body.size());
  writer.WriteBytes(body);
  writer.WriteU32(static_cast<uint32_t>(Checksum(record)));
  return record;
}

TEST(RecordTest, AsksForAsMuchAsItNeeds) {
  const Bytes body(300, std::byte{9});
  Bytes record;
  AppendRecord(RecordType::kFileEnd, body, &record);
  for (size_t length = 0; length < record.size(); ++length) {
    const Bytes cut(record.begin(),
                    record.begin() + static_cast<ptrdiff_t>(length));
    size_t wanted = 0;
    const auto parsed = Parse(cut, &wanted);
    ASSERT_TRUE(parsed.ok()) << length;
    ASSERT_FALSE(parsed->has_value()) << length;
    EXPECT_GT(wanted, length);
    EXPECT_LE(wanted, record.size());
  }
  size_t wanted = 0;
  const auto parsed = Parse(record, &wanted);
  ASSERT_TRUE(parsed.ok());
  ASSERT_TRUE(parsed->has_value());
  EXPECT_EQ((*parsed)->type(), RecordType::kFileEnd);
  EXPECT_TRUE((*parsed)->critical());
  EXPECT_EQ((*parsed)->size, record.size());
  EXPECT_EQ((*parsed)->body.size(), body.size());
  EXPECT_EQ((*parsed)->payload_length, 0u);
}

TEST(RecordTest, BodiesHaveLimits) {
  for (int type = 1; type <= 9; ++type) {
    Bytes bytes;
    ByteWriter writer(&bytes);
    writer.WriteU8(static_cast<uint8_t>(type | kCriticalBit));
    writer.WriteVarint(MaxBodyBytes(static_cast<RecordType>(type)) + 1);
    bytes.resize(20);
    size_t wanted = 0;
    const auto parsed = Parse(bytes, &wanted);
    ASSERT_FALSE(parsed.ok()) << type;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kCorruption);
  }
}

TEST(RecordTest, UnknownTypes) {
  size_t wanted = 0;
  const auto critical = Parse(MakeRecord(10 | kCriticalBit, Bytes(3)), &wanted);
  ASSERT_FALSE(critical.ok());
  EXPECT_EQ(critical.error().kind, ErrorKind::kUnsupported);
  const auto optional = Parse(MakeRecord(10, Bytes(3)), &wanted);
  ASSERT_TRUE(optional.ok());
  EXPECT_FALSE((*optional)->known());
  Bytes length;
  ByteWriter(&length).WriteVarint(777);
  const auto payload = Parse(MakeRecord(63 | kPayloadBit, length), &wanted);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ((*payload)->payload_length, 777u);
}

TEST(RecordTest, PayloadLengthsHaveALimit) {
  Bytes length;
  ByteWriter(&length).WriteVarint(kMaxPayloadBytes + 1);
  size_t wanted = 0;
  const auto parsed =
      Parse(MakeRecord(5 | kCriticalBit | kPayloadBit, length), &wanted);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().kind, ErrorKind::kCorruption);
}

TEST(RecordTest, PaddingOnlyBeforeLargePayloads) {
  EXPECT_EQ(PayloadPadding(100, kAlignedPayload - 1), 0u);
  EXPECT_EQ(PayloadPadding(100, kAlignedPayload), 28u);
  EXPECT_EQ(PayloadPadding(128, kAlignedPayload), 0u);
}

TEST(HeaderTest, RoundTripAndDamage) {
  Bytes header;
  AppendHeader(&header);
  ASSERT_EQ(header.size(), kHeaderBytes);
  EXPECT_TRUE(CheckHeader(header, "c").ok());
  for (size_t at = 0; at < header.size(); ++at) {
    header[at] ^= std::byte{1};
    const Status status = CheckHeader(header, "c");
    EXPECT_FALSE(status.ok()) << at;
    header[at] ^= std::byte{1};
  }
  // The reserved bytes, with a checksum that agrees.
  header[12] = std::byte{1};
  StoreLittleEndian(header.data() + 16, Checksum(ByteSpan(header).first(16)));
  EXPECT_EQ(CheckHeader(header, "c").error().kind, ErrorKind::kCorruption);
}

TEST(FooterTest, RoundTripAndDamage) {
  Bytes footer;
  AppendFooter({kHeaderBytes, 1000}, &footer);
  ASSERT_EQ(footer.size(), kFooterBytes);
  const auto parsed = ParseFooter(footer, "c", 1000 - kFooterBytes);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->index_position, kHeaderBytes);
  EXPECT_EQ(parsed->container_length, 1000u);
  EXPECT_FALSE(ParseFooter(footer, "c", 1000).ok());
  for (std::byte& byte : footer) {
    byte ^= std::byte{1};
    EXPECT_EQ(ParseFooter(footer, "c", 1000 - kFooterBytes).error().kind,
              ErrorKind::kCorruption);
    byte ^= std::byte{1};
  }
  for (const uint64_t position : {uint64_t{0}, uint64_t{968}, UINT64_MAX}) {
    Bytes outside;
    AppendFooter({position, 1000}, &outside);
    EXPECT_FALSE(ParseFooter(outside, "c", 1000 - kFooterBytes).ok());
  }
}

}  // namespace
}  // namespace ingot
