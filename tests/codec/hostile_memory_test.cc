// Small containers that promise much, in a process of their own: its peak
// memory is what they cost.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zstd.h>

#include <chrono>
#include <functional>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/container/record.h"
#include "codec/container_reader.h"
#include "codec/method/geometry.h"
#include "codec/source.h"
#include "codec/stream_decoder.h"
#include "tests/codec/container_parts.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

constexpr uint64_t kHuge = uint64_t{1} << 63;

// The largest index that the format allows takes this much when parsed.
constexpr uint64_t kMaxPeakBytes = uint64_t{900} << 20;

uint64_t PeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

// Opens, reads and streams a container; the time that takes is bounded.
void ExpectRefused(const std::string& name, const Bytes& container) {
  SCOPED_TRACE(name);
  const auto start = std::chrono::steady_clock::now();
  const auto opened = ContainerReader::Open(MakeMemorySource(container), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorruption)
      << opened.error().message;
  StreamDecoder decoder("(stream)", {});
  decoder.Feed(container);
  decoder.EndInput();
  Result<StreamDecoder::Event> event = decoder.Next();
  while (event.ok() && *event != StreamDecoder::Event::kEnd) {
    event = decoder.Next();
  }
  EXPECT_FALSE(event.ok());
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start);
  EXPECT_LT(seconds.count(), kSanitized ? 120 : 20);
}

// A container that is nothing but an index.
Bytes WithIndex(const Bytes& body) {
  ContainerParts parts;
  parts.index_body = body;
  return PutTogether(std::move(parts));
}

// A section that few kilobytes of zstd restore: a thousandth of it, the least
// that a reader believes. A skippable frame fills up.
Bytes Packed(uint8_t id, const Bytes& raw) {
  Bytes encoded(ZSTD_compressBound(raw.size()));
  encoded.resize(
      ZSTD_compress(encoded.data(), encoded.size(), raw.data(), raw.size(), 3));
  Bytes filling;
  ByteWriter filler(&filling);
  filler.WriteU32(0x184D2A50);
  filler.WriteU32(static_cast<uint32_t>(raw.size() / 1024));
  filling.resize(filling.size() + raw.size() / 1024);
  encoded.insert(encoded.begin(), filling.begin(), filling.end());
  Bytes body;
  ByteWriter writer(&body);
  writer.WriteU8(id);
  writer.WriteU8(2);
  writer.WriteVarint(raw.size());
  writer.WriteVarint(encoded.size());
  writer.WriteBytes(encoded);
  return body;
}

// A section of `raw_length` bytes in all: a count, then whole entries made by
// `entry` as often as they fit.
Bytes Repeated(uint64_t count, uint64_t raw_length,
               const std::function<void(ByteWriter*)>& entry) {
  Bytes raw;
  ByteWriter writer(&raw);
  writer.WriteVarint(count);
  Bytes one;
  ByteWriter one_writer(&one);
  entry(&one_writer);
  while (raw.size() + one.size() <= raw_length) writer.WriteBytes(one);
  return raw;
}

void WriteId(ByteWriter* writer, uint64_t length) {
  writer->WriteVarint(length);
  writer->WriteU8(1);
  for (int i = 0; i < 4; ++i) writer->WriteU64(0);
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

constexpr uint8_t kObjects = 0x81;
constexpr uint8_t kFiles = 0x82;

TEST(HostileMemoryTest, CountsAndLengthsOfAnySize) {
  const Bytes no_objects = Packed(kObjects, Bytes(1));
  for (const uint64_t count :
       {uint64_t{10'000'000}, uint64_t{1} << 32, kHuge, UINT64_MAX}) {
    const Bytes number = Repeated(count, 0, [](ByteWriter*) {});
    ExpectRefused("objects", WithIndex(Packed(kObjects, number)));
    ExpectRefused("files", WithIndex(no_objects + Packed(kFiles, number)));
    const Bytes segments = Repeated(1, 60, [&](ByteWriter* writer) {
      writer->WriteU8(0);
      writer->WriteU8(0);
      writer->WriteU8(0);
      WriteId(writer, 0);
      writer->WriteU8(0);
      writer->WriteVarint(count);
    });
    ExpectRefused("segments", WithIndex(no_objects + Packed(kFiles, segments)));
    const Bytes blocks = Repeated(1, 80, [&](ByteWriter* writer) {
      writer->WriteVarint(kHeaderBytes);
      WriteId(writer, count);
      writer->WriteU8(0);
      writer->WriteVarint(1);
      writer->WriteVarint(1);
      writer->WriteVarint(1);
      writer->WriteVarint(20);
    });
    ExpectRefused("blocks", WithIndex(Packed(kObjects, blocks)));
  }
}

TEST(HostileMemoryTest, LengthsOfRecords) {
  for (int type = 0; type < 64; ++type) {
    for (const uint64_t length : {uint64_t{1} << 32, kHuge, UINT64_MAX}) {
      Bytes container;
      AppendHeader(&container);
      const uint64_t position = container.size();
      ByteWriter writer(&container);
      writer.WriteU8(static_cast<uint8_t>(type | kCriticalBit));
      writer.WriteVarint(length);
      container.resize(container.size() + 20);
      AppendFooter({position, container.size() + kFooterBytes}, &container);
      ExpectRefused("record type " + std::to_string(type), container);
    }
  }
}

// The most that a small index can make its reader hold: 64 MiB when unpacked,
// full of entries that take more when parsed.
TEST(HostileMemoryTest, IndexesThatUnpackToMuch) {
  constexpr uint64_t kRaw = kMaxIndexBytes;
  ExpectRefused(
      "objects",
      WithIndex(
          Packed(kObjects, Repeated(kMaxObjects, kRaw, [](ByteWriter* writer) {
                   writer->WriteVarint(kHeaderBytes);
                   WriteId(writer, 0);
                   writer->WriteU8(0);
                   writer->WriteU8(1);
                   writer->WriteU8(1);
                   writer->WriteU8(1);
                   writer->WriteU8(0);
                 }))));
  const Bytes no_objects = Packed(kObjects, Bytes(1));
  // One object of 60 million blocks in an index of 60 KiB.
  Bytes blocks = Repeated(1, 60, [](ByteWriter* writer) {
    writer->WriteVarint(kHeaderBytes);
    WriteId(writer, 60'000'000);
    writer->WriteU8(0);
    writer->WriteVarint(1);
    writer->WriteVarint(1);
    writer->WriteVarint(1 << 20);
    writer->WriteVarint(20);
  });
  blocks.resize(kRaw, std::byte{20});
  ExpectRefused("blocks", WithIndex(Packed(kObjects, blocks)));
  ExpectRefused(
      "files",
      WithIndex(no_objects + Packed(kFiles, Repeated(1'700'000, kRaw,
                                                     [](ByteWriter* writer) {
                                                       writer->WriteU8(0);
                                                       writer->WriteU8(0);
                                                       writer->WriteU8(0);
                                                       WriteId(writer, 0);
                                                       writer->WriteU8(0);
                                                       writer->WriteU8(0);
                                                     }))));
  // Views of 64 dimensions, each a byte in the index and eight in memory.
  Bytes views = Repeated(1, 50, [](ByteWriter* writer) {
    writer->WriteU8(0);
    writer->WriteU8(0);
    writer->WriteU8(0);
    WriteId(writer, 0);
    writer->WriteU8(0);
    writer->WriteVarint(900'000);
  });
  Bytes view;
  ByteWriter writer(&view);
  writer.WriteU8(0x80);
  writer.WriteU8(0);
  writer.WriteU8(2);
  writer.WriteU8(64);
  for (int i = 0; i < 64; ++i) writer.WriteU8(0);
  writer.WriteU8(24);
  writer.WriteU8(0);
  while (views.size() + view.size() <= kRaw) {
    views.insert(views.end(), view.begin(), view.end());
  }
  views.resize(kRaw);
  ExpectRefused("views", WithIndex(no_objects + Packed(kFiles, views)));
}

// Last: the peak of the whole process.
TEST(HostileMemoryTest, PeakOfAllThese) {
  if (kSanitized) {
    GTEST_SKIP() << "sanitizers keep freed memory: the peak says nothing";
  }
  EXPECT_LT(PeakBytes(), kMaxPeakBytes) << PeakBytes() / (1 << 20) << " MiB";
  std::printf("peak %llu MiB\n",
              static_cast<unsigned long long>(PeakBytes() >> 20));
}

}  // namespace
}  // namespace ingot
