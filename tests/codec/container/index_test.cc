#include "codec/container/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/container/format.h"
#include "codec/container/record.h"
#include "codec/entropy/byte_coder.h"

namespace ingot {
namespace {

using Bytes = std::vector<std::byte>;

constexpr uint64_t kIndexPosition = 5000;
constexpr uint8_t kObjects = 0x81;
constexpr uint8_t kFiles = 0x82;
constexpr uint8_t kBases = 0x83;

ObjectId SomeId(uint64_t length) {
  return {HashBytes(AsBytes(std::to_string(length))), length};
}

// Two objects and two files that refer to them, to a literal and outside.
Index SomeIndex() {
  Index index;
  ObjectEntry first;
  first.position = kHeaderBytes;
  first.id = SomeId(2 * 130);
  first.geometry = {DType::kBf16, 10, 50, 100};
  first.begin_size = 20;
  first.sizes = {30, 100, 101, 31, 102};  // groups of 2 blocks and of 1
  ObjectEntry second;
  second.position = 1000;
  second.id = SomeId(0);
  second.geometry = {DType::kU8, 1, 1, 1};
  second.begin_size = 12;
  index.objects = {first, second};

  Manifest file;
  file.info = {.path = "a/b", .format = "raw", .mode = 0600, .mtime = {}};
  file.note = "a note";
  Segment literal;
  literal.view = TensorView{"lit", DType::kU8, {7}};
  literal.length = 7;
  literal.record = 700;
  Segment object;
  object.kind = Segment::Kind::kObject;
  object.object = 0;
  object.length = first.id.length;
  Segment outside;
  outside.kind = Segment::Kind::kOutside;
  outside.outside = SomeId(4000);
  outside.length = 4000;
  file.segments = {literal, object, outside, object};
  file.id = SomeId(7 + 260 + 4000 + 260);
  index.files = {file,
                 {.info = {}, .id = SomeId(0), .note = "", .segments = {}}};
  index.objects[1].depth = 16;
  index.base_files = {{"../base/model", SomeId(77)}, {"", SomeId(0)}};
  return index;
}

Result<Index> Parse(const Bytes& body) {
  ByteReader reader(body, "index", 0);
  return ParseIndex(&reader, kIndexPosition);
}

Bytes Append(const Index& index) {
  Bytes body;
  AppendIndex(index, &body);
  return body;
}

TEST(IndexTest, RoundTrip) {
  const Index index = SomeIndex();
  const Result<Index> read = Parse(Append(index));
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->objects.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read->objects[i].position, index.objects[i].position);
    EXPECT_EQ(read->objects[i].id, index.objects[i].id);
    EXPECT_EQ(read->objects[i].geometry, index.objects[i].geometry);
    EXPECT_EQ(read->objects[i].begin_size, index.objects[i].begin_size);
    EXPECT_EQ(read->objects[i].sizes, index.objects[i].sizes);
    EXPECT_EQ(read->objects[i].depth, index.objects[i].depth);
  }
  EXPECT_EQ(read->base_files, index.base_files);
  EXPECT_EQ(read->objects[0].groups(), 2u);
  EXPECT_EQ(read->objects[0].blocks(), 3u);
  EXPECT_EQ(read->objects[0].RecordBytes(), 384u);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].info, index.files[0].info);
  EXPECT_EQ(read->files[0].id, index.files[0].id);
  EXPECT_EQ(read->files[0].note, "a note");
  ASSERT_EQ(read->files[0].segments.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    const Segment& got = read->files[0].segments[i];
    const Segment& wanted = index.files[0].segments[i];
    EXPECT_EQ(got.kind, wanted.kind);
    EXPECT_EQ(got.view, wanted.view);
    EXPECT_EQ(got.length, wanted.length);
    EXPECT_EQ(got.record, wanted.record);
    EXPECT_EQ(got.object, wanted.object);
    EXPECT_EQ(got.outside, wanted.outside);
  }
}

TEST(IndexTest, TruncatedAnywhere) {
  const Bytes body = Append(SomeIndex());
  for (size_t length = 0; length < body.size(); ++length) {
    const Result<Index> read = Parse(
        Bytes(body.begin(), body.begin() + static_cast<ptrdiff_t>(length)));
    // The last section may be missing, but for the container's sake not here.
    if (read.ok()) {
      EXPECT_TRUE(read->base_files.empty());
      continue;
    }
    EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
  }
}

TEST(IndexTest, BasesLeaveNoTraceWhereThereAreNone) {
  Index index = SomeIndex();
  index.objects[1].depth = 0;
  index.base_files.clear();
  const Bytes without = Append(index);
  index.objects[0].depth = 1;
  const Bytes with = Append(index);
  EXPECT_TRUE(std::equal(without.begin(), without.end(), with.begin()));
  EXPECT_EQ(static_cast<uint8_t>(with[without.size()]), kBases);
  const Result<Index> read = Parse(with);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->objects[0].depth, 1u);
  EXPECT_EQ(read->objects[1].depth, 0u);
}

TensorParts SomeParts(const std::string& name) {
  TensorParts parts{
      .name = name, .base = SomeId(25), .part_bytes = 10, .parts = {}};
  for (uint64_t i = 0; i < 3; ++i) {
    parts.parts.push_back(
        {.base = SomeId(i).digest, .tensor = SomeId(10 + i).digest});
  }
  return parts;
}

TEST(IndexTest, PartsAreASectionThatMayBeLeftOut) {
  Index index = SomeIndex();
  const size_t without = Append(index).size();
  index.parts = {SomeParts("a"), SomeParts("b")};
  const Bytes body = Append(index);
  const Result<Index> read = Parse(body);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->parts, index.parts);
  // Whoever does not know it skips it: no critical bit.
  EXPECT_EQ(body[without], std::byte{4});
  for (size_t length = 0; length < body.size(); ++length) {
    const Result<Index> cut = Parse(
        Bytes(body.begin(), body.begin() + static_cast<ptrdiff_t>(length)));
    if (cut.ok()) {
      EXPECT_TRUE(cut->parts.empty());
      EXPECT_LE(length, without);
    } else {
      EXPECT_NE(length, without);
      EXPECT_EQ(cut.error().kind, ErrorKind::kCorruption);
    }
  }
  // Once is enough.
  Bytes twice = body;
  twice.insert(twice.end(), body.begin() + static_cast<ptrdiff_t>(without),
               body.end());
  EXPECT_FALSE(Parse(twice).ok());
}

TEST(IndexTest, AViewThatDoesNotFitIsDropped) {
  Index index = SomeIndex();
  index.files[0].segments[0].view->shape = {8};
  const Result<Index> read = Parse(Append(index));
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->files[0].segments[0].view.has_value());
}

// What is repeated ten million times compresses well, but may not promise more
// than a thousand times its size; a writer stores it then.
TEST(IndexTest, RepetitiveSectionsStayReadable) {
  Index index;
  ObjectEntry object;
  object.position = kHeaderBytes;
  object.geometry = {DType::kU8, 1, 1, 1 << 20};
  object.begin_size = 20;
  object.id = SomeId(3'000'000);
  for (uint64_t group = 0; group < 3; ++group) {
    object.sizes.push_back(30);
    object.sizes.insert(object.sizes.end(),
                        std::min<uint64_t>(1 << 20, 3'000'000 - (group << 20)),
                        30);
  }
  index.objects = {object};
  Bytes body;
  AppendIndex(index, &body);
  ByteReader reader(body);
  const Result<Index> read = ParseIndex(&reader, 200'000'000);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->objects[0].sizes, object.sizes);
}

struct BadIndex {
  const char* name;
  const char* says;
  std::function<void(Index*)> change;
};

TEST(IndexTest, ContradictionsAreCorruption) {
  const BadIndex cases[] = {
      {"more parts than listed", "more than are listed",
       [](Index* i) {
         i->parts = {SomeParts("a")};
         i->parts[0].base.length = uint64_t{1} << 60;
       }},
      {"parts of no bytes", "parts of no bytes",
       [](Index* i) {
         i->parts = {SomeParts("a")};
         i->parts[0].part_bytes = 0;
       }},
      {"length of half an element", "number of elements",
       [](Index* i) { i->objects[0].id.length = 261; }},
      {"too few records", "more than the index lists",
       [](Index* i) { i->objects[0].id.length = 1 << 20; }},
      {"an object of 2^62 bytes", "more than the index lists",
       [](Index* i) { i->objects[0].id.length = uint64_t{1} << 62; }},
      {"a record of no bytes", "a record of 0 bytes",
       [](Index* i) { i->objects[0].sizes[1] = 0; }},
      {"a record of 35 MiB", "record size",
       [](Index* i) { i->objects[0].sizes[1] = 35 << 20; }},
      {"objects overlap", "overlap",
       [](Index* i) { i->objects[1].position = 300; }},
      {"objects in one place", "overlap",
       [](Index* i) { i->objects[1].position = kHeaderBytes; }},
      {"object in the header", "overlap",
       [](Index* i) { i->objects[0].position = 0; }},
      {"object behind the index", "leave the container",
       [](Index* i) { i->objects[1].position = 4999; }},
      {"geometry", "geometry",
       [](Index* i) { i->objects[0].geometry.group_elements = 60; }},
      {"object number", "object number",
       [](Index* i) { i->files[0].segments[1].object = 2; }},
      {"literal behind the index", "literal position",
       [](Index* i) { i->files[0].segments[0].record = 6000; }},
      {"literal too long", "literal length",
       [](Index* i) { i->files[0].segments[0].length = 70000; }},
      {"sum of lengths", "segments of",
       [](Index* i) { i->files[0].id.length += 1; }},
      {"lengths overflow", "overflows",
       [](Index* i) { i->files[0].segments[2].outside.length = UINT64_MAX; }},
      {"depth", "depth", [](Index* i) { i->objects[0].depth = 17; }},
      {"path", "leaves its folder",
       [](Index* i) { i->files[0].info.path = "../up"; }},
  };
  for (const BadIndex& bad : cases) {
    Index index = SomeIndex();
    bad.change(&index);
    const Result<Index> read = Parse(Append(index));
    ASSERT_FALSE(read.ok()) << bad.name;
    EXPECT_EQ(read.error().kind, ErrorKind::kCorruption) << bad.name;
    EXPECT_NE(read.error().message.find(bad.says), std::string::npos)
        << bad.name << ": " << read.error().message;
  }
}

// A section by hand.
Bytes Section(uint8_t id, uint8_t coder, const Bytes& raw, uint64_t raw_length,
              uint64_t length) {
  Bytes body;
  ByteWriter writer(&body);
  writer.WriteU8(id);
  writer.WriteU8(coder);
  writer.WriteVarint(raw_length);
  writer.WriteVarint(length);
  writer.WriteBytes(raw);
  return body;
}

Bytes Stored(uint8_t id, const Bytes& raw) {
  return Section(id, 0, raw, raw.size(), raw.size());
}

Bytes Number(uint64_t number) {
  Bytes bytes;
  ByteWriter(&bytes).WriteVarint(number);
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(IndexTest, Sections) {
  const Bytes none = Stored(kObjects, Number(0));
  const Bytes files = Stored(kFiles, Number(0));
  EXPECT_TRUE(Parse(none + files).ok());
  EXPECT_TRUE(Parse(Stored(0x11, Bytes(9)) + none + files).ok());
  const auto kind = [](const Bytes& body) {
    const Result<Index> read = Parse(body);
    EXPECT_FALSE(read.ok());
    return read.ok() ? ErrorKind::kIo : read.error().kind;
  };
  EXPECT_EQ(kind({}), ErrorKind::kCorruption);
  EXPECT_EQ(kind(none), ErrorKind::kCorruption);
  EXPECT_EQ(kind(files + none), ErrorKind::kCorruption);
  EXPECT_EQ(kind(none + none + files), ErrorKind::kCorruption);
  EXPECT_EQ(kind(none + files + files), ErrorKind::kCorruption);
  EXPECT_EQ(kind(none + Stored(0x91, {}) + files), ErrorKind::kUnsupported);
  EXPECT_EQ(kind(Section(kObjects, 3, Number(0), 1, 1) + files),
            ErrorKind::kUnsupported);
  EXPECT_EQ(kind(Stored(kObjects, Number(0) + Bytes(1)) + files),
            ErrorKind::kCorruption);
  // Bases: number of files, number of objects with a depth.
  const Bytes bases = Stored(kBases, Number(0) + Number(0));
  EXPECT_EQ(kind(none + files + bases), ErrorKind::kCorruption);
  EXPECT_EQ(kind(none + files +
                 Stored(kBases, Number(0) + Number(1) + Number(1) + Number(1))),
            ErrorKind::kCorruption);
  EXPECT_EQ(kind(none + files + Stored(kBases, Number(1) + Bytes(100))),
            ErrorKind::kUnsupported);
  const Bytes file = Number(0) + Number(7) + Bytes(1, std::byte{1}) + Bytes(32);
  const Bytes one = Stored(kBases, Number(1) + file + Number(0));
  EXPECT_TRUE(Parse(none + files + one).ok());
  EXPECT_EQ(kind(none + files + one + one), ErrorKind::kCorruption);
  EXPECT_EQ(kind(none + one + files), ErrorKind::kCorruption);
  EXPECT_EQ(kind(one + none + files), ErrorKind::kCorruption);
  EXPECT_EQ(kind(none + files +
                 Stored(kBases, Number(1) + file + Number(0) + Bytes(1))),
            ErrorKind::kCorruption);
  // Lengths that lie.
  EXPECT_EQ(kind(Section(kObjects, 0, Number(0), 2, 1) + files),
            ErrorKind::kCorruption);
  EXPECT_EQ(kind(Section(kObjects, 0, Number(0), 1, uint64_t{1} << 63)),
            ErrorKind::kCorruption);
  EXPECT_EQ(kind(Section(kObjects, 1, Number(0), uint64_t{1} << 63, 1)),
            ErrorKind::kCorruption);
  EXPECT_EQ(kind(Section(kObjects, 2, Bytes(20), 64 << 20, 20)),
            ErrorKind::kCorruption);
}

// Numbers of objects ascend and depths are above 0.
TEST(IndexTest, DepthsOfObjects) {
  Index index = SomeIndex();
  index.base_files.clear();
  index.objects[1].depth = 0;
  const Bytes without = Append(index);
  const auto parse = [&](const Bytes& depths) {
    return Parse(without + Stored(kBases, Number(0) + depths));
  };
  const auto pair = [](uint64_t place, uint64_t depth) {
    return Number(place) + Number(depth);
  };
  EXPECT_TRUE(parse(Number(1) + pair(2, 16)).ok());
  EXPECT_TRUE(parse(Number(2) + pair(1, 1) + pair(2, 16)).ok());
  for (const Bytes& bad :
       {Number(2) + pair(2, 1) + pair(1, 1),
        Number(2) + pair(1, 1) + pair(1, 1), Number(1) + pair(0, 1),
        Number(1) + pair(3, 1), Number(1) + pair(1, 0), Number(1) + pair(1, 17),
        Number(3) + pair(1, 1) + pair(2, 1), Number(2) + pair(1, 1),
        Number(1) + pair(1, 1) + pair(2, 1)}) {
    const Result<Index> read = parse(bad);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
  }
}

TEST(IndexTest, CountsPromiseNoMoreThanTheBytesThatFollow) {
  const Bytes none = Stored(kObjects, Number(0));
  for (const uint64_t count :
       {uint64_t{1}, uint64_t{10'000'000}, uint64_t{1} << 63}) {
    const Bytes counted = Number(count) + Bytes(30);
    const Result<Index> objects = Parse(Stored(kObjects, counted));
    ASSERT_FALSE(objects.ok());
    EXPECT_EQ(objects.error().kind, ErrorKind::kCorruption);
    const Result<Index> files = Parse(none + Stored(kFiles, counted));
    ASSERT_FALSE(files.ok());
    EXPECT_EQ(files.error().kind, ErrorKind::kCorruption);
    const Result<Index> bases =
        Parse(none + Stored(kFiles, Number(0)) + Stored(kBases, counted));
    ASSERT_FALSE(bases.ok());
    EXPECT_EQ(bases.error().kind, ErrorKind::kCorruption);
  }
}

}  // namespace
}  // namespace ingot
