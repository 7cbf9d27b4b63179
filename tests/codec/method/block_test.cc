#include "codec/method/block.h"

#include <gtest/gtest.h>

#include <string>

namespace ingot {
namespace {

BlockHeader SomeHeader() {
  BlockHeader header;
  header.elements = 1000;
  header.method = Method::kFloat;
  header.plane_count = 3;
  header.planes[0] = {.coder = Coder::kTiered,
                      .length = 300,
                      .table = {.min_escapes = 8192,
                                .escape_bits = 14,
                                .min_segment_bytes = 1 << 20,
                                .segment_bits = 20},
                      .streams = {}};
  header.planes[1].length = 1024;
  header.planes[2].coder = Coder::kConstant;
  header.planes[2].length = 1;
  header.payload_length = 300 + 1024 + 1;
  header.checksum = 0x1122334455667788;
  return header;
}

std::vector<std::byte> Append(const BlockHeader& header) {
  std::vector<std::byte> body;
  AppendBlockHeader(header, &body);
  return body;
}

Result<BlockHeader> Parse(const std::vector<std::byte>& body,
                          DType dtype = DType::kF32) {
  ByteReader reader(body, "block", 0);
  return ParseBlockHeader(&reader, dtype);
}

TEST(BlockHeaderTest, HuffmanParametersRoundTrip) {
  BlockHeader header = SomeHeader();
  header.planes[0].coder = Coder::kHuffman;
  header.planes[0].streams = {.min_stream_bytes = 4096,
                              .stream_bits = kMaxStreamBits,
                              .exception_bits = kMaxExceptionBits};
  const Result<BlockHeader> read = Parse(Append(header));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->planes[0].coder, Coder::kHuffman);
  EXPECT_EQ(read->planes[0].streams.min_stream_bytes, 4096u);
  EXPECT_EQ(read->planes[0].streams.stream_bits, kMaxStreamBits);
  EXPECT_EQ(read->planes[0].streams.exception_bits, kMaxExceptionBits);
  const auto refused = [&] {
    const Result<BlockHeader> bad = Parse(Append(header));
    return !bad.ok() && bad.error().kind == ErrorKind::kCorruption;
  };
  header.planes[0].streams.min_stream_bytes = 4097;
  EXPECT_TRUE(refused());
  header.planes[0].streams = {1, kMaxStreamBits + 1, 0};
  EXPECT_TRUE(refused());
  header.planes[0].streams = {1, 0, kMaxExceptionBits + 1};
  EXPECT_TRUE(refused());
  // Only exponents.
  header = SomeHeader();
  header.planes[1].coder = Coder::kHuffman;
  EXPECT_TRUE(refused());
}

TEST(BlockHeaderTest, RoundTrip) {
  const BlockHeader header = SomeHeader();
  const Result<BlockHeader> read = Parse(Append(header));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->payload_length, header.payload_length);
  EXPECT_EQ(read->elements, header.elements);
  EXPECT_EQ(read->method, header.method);
  EXPECT_EQ(read->plane_count, 3);
  EXPECT_EQ(read->checksum, header.checksum);
  for (size_t plane = 0; plane < 3; ++plane) {
    EXPECT_EQ(read->planes[plane].coder, header.planes[plane].coder);
    EXPECT_EQ(read->planes[plane].length, header.planes[plane].length);
  }
  const SubBlockTable& table = read->planes[0].table;
  EXPECT_EQ(table.min_escapes, 8192u);
  EXPECT_EQ(table.escape_bits, 14);
  EXPECT_EQ(table.min_segment_bytes, 1u << 20);
  EXPECT_EQ(table.segment_bits, 20);
  EXPECT_EQ(read->PlaneOffset(0), 0u);
  EXPECT_EQ(read->PlaneOffset(1), 300u);
  EXPECT_EQ(read->PlaneOffset(2), 1324u);
}

TEST(BlockHeaderTest, PlanesOfLargePayloadsAreAligned) {
  BlockHeader header = SomeHeader();
  header.planes[0].length = 100'001;
  header.planes[1].length = 40'001;
  header.payload_length = 140'097;  // 100'032 + 40'001, then 140'096 + 1
  const Result<BlockHeader> read = Parse(Append(header));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->PlaneOffset(1), 100'032u);
  EXPECT_EQ(read->PlaneOffset(2), 140'096u);
}

TEST(BlockHeaderTest, TruncatedAnywhereOrLonger) {
  std::vector<std::byte> body = Append(SomeHeader());
  for (size_t length = 0; length < body.size(); ++length) {
    const Result<BlockHeader> read =
        Parse({body.begin(), body.begin() + static_cast<ptrdiff_t>(length)});
    ASSERT_FALSE(read.ok()) << length;
    EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
  }
  body.push_back(std::byte{0});
  EXPECT_FALSE(Parse(body).ok());
}

TEST(BlockHeaderTest, MethodsHaveTheirPlanes) {
  EXPECT_EQ(PlaneCount(Method::kBytes, DType::kF64), 1u);
  EXPECT_EQ(PlaneCount(Method::kConstant, DType::kU8), 1u);
  EXPECT_EQ(PlaneCount(Method::kSplit, DType::kI64), 8u);
  EXPECT_EQ(PlaneCount(Method::kSplit, DType::kBool), 1u);
  EXPECT_EQ(PlaneCount(Method::kFloat, DType::kBf16), 2u);
  EXPECT_EQ(PlaneCount(Method::kFloat, DType::kF64), 3u);
  EXPECT_EQ(PlaneCount(Method::kFloat, DType::kF8E8m0), std::nullopt);
  EXPECT_EQ(PlaneCount(Method::kCopy, DType::kBf16), 0u);
  EXPECT_EQ(PlaneCount(Method::kDelta, DType::kQ4_0), std::nullopt);
  // Two planes fewer than the header lists.
  EXPECT_FALSE(Parse(Append(SomeHeader()), DType::kBf16).ok());
  EXPECT_FALSE(Parse(Append(SomeHeader()), DType::kI32).ok());
}

TEST(BlockHeaderTest, WhatANewerWriterMaySayIsUnsupported) {
  BlockHeader method = SomeHeader();
  method.method = static_cast<Method>(200);
  EXPECT_EQ(Parse(Append(method)).error().kind, ErrorKind::kUnsupported);
  BlockHeader coder = SomeHeader();
  coder.planes[2].coder = static_cast<Coder>(200);
  EXPECT_EQ(Parse(Append(coder)).error().kind, ErrorKind::kUnsupported);
  BlockHeader predictor = SomeHeader();
  predictor.predictor = 255;
  EXPECT_EQ(Parse(Append(predictor)).error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace ingot
