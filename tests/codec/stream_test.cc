// StreamEncoder to StreamDecoder and ContainerReader: files, regions, ranges.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_decoder.h"
#include "codec/stream_encoder.h"
#include "tests/codec/patterns.h"
#include "tests/codec/restore.h"

namespace ingot {
namespace {

constexpr size_t kAll = SIZE_MAX;
constexpr DecodeOptions kWithDigests{.threads = 1, .verify_digests = true};

struct Region {
  RegionInfo info;
  Bytes raw;
};

struct File {
  FileInfo info;
  std::vector<Region> regions;

  Bytes contents() const {
    Bytes all;
    for (const Region& region : regions) {
      all.insert(all.end(), region.raw.begin(), region.raw.end());
    }
    return all;
  }
};

Region TensorRegion(const std::string& name, DType dtype, uint64_t rows,
                    uint64_t columns, std::string_view pattern) {
  return {
      .info = {.view = TensorView{name, dtype, {rows, columns}},
               .element_dtype = dtype,
               .columns = columns},
      .raw = MakeTensor(GetPattern(pattern), dtype, rows * columns, columns)};
}

Region OpaqueRegion(size_t size, uint64_t seed = 3) {
  Region region{
      .info = {.view = {}, .element_dtype = DType::kBytes, .columns = 1},
      .raw = Bytes(size)};
  Random random(seed);
  for (std::byte& byte : region.raw) {
    byte = static_cast<std::byte>(random.Next() & 31);
  }
  return region;
}

FileInfo Named(const std::string& path) {
  return {.path = path, .format = "raw", .mode = {}, .mtime = {}};
}

// A sink that cannot go back, like a pipe.
class ForwardSink final : public Sink {
 public:
  explicit ForwardSink(Bytes* bytes) : sink_(MakeMemorySink(bytes)) {}
  Status Write(ByteSpan bytes) override { return sink_->Write(bytes); }

 private:
  std::unique_ptr<Sink> sink_;
};

Status EncodeTo(Sink* sink, const std::vector<File>& files,
                const EncodeOptions& options, size_t piece) {
  INGOT_ASSIGN(const auto encoder, StreamEncoder::Create(sink, options));
  for (const File& file : files) {
    INGOT_TRY(encoder->BeginFile(file.info));
    for (const Region& region : file.regions) {
      INGOT_TRY(encoder->BeginRegion(region.info));
      for (ByteSpan rest = region.raw; !rest.empty();) {
        const ByteSpan part = rest.first(std::min(piece, rest.size()));
        INGOT_TRY(encoder->Write(part));
        rest = rest.subspan(part.size());
      }
      INGOT_TRY(encoder->EndRegion());
    }
    INGOT_ASSIGN(const ObjectId id, encoder->EndFile());
    EXPECT_EQ(id,
              (ObjectId{HashBytes(file.contents()), file.contents().size()}));
  }
  return encoder->Finish();
}

Bytes Encode(const std::vector<File>& files, const EncodeOptions& options = {},
             size_t piece = kAll) {
  Bytes container;
  const auto sink = MakeMemorySink(&container);
  const Status status = EncodeTo(sink.get(), files, options, piece);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return container;
}

std::unique_ptr<ContainerReader> Open(const Bytes& container,
                                      const DecodeOptions& options = {}) {
  auto reader = ContainerReader::Open(MakeMemorySource(container), options);
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  return std::move(*reader);
}

std::vector<Bytes> ContentsOf(const std::vector<File>& files) {
  std::vector<Bytes> contents;
  for (const File& file : files) contents.push_back(file.contents());
  return contents;
}

// A model of several tensors, literals and blocks.
std::vector<File> SomeFiles() {
  File model{Named("model.safetensors"), {}};
  model.regions = {
      OpaqueRegion(1000),
      TensorRegion("bf16", DType::kBf16, 700, 1000, "ScaledWeights"),
      TensorRegion("small", DType::kF32, 3, 5, "PlainWeights"),
      TensorRegion("fp32", DType::kF32, 300, 301, "ScaledWeights"),
      TensorRegion("fp8", DType::kF8E4m3, 90, 99, "HalfZeros"),
      TensorRegion("ints", DType::kI64, 11, 1000, "SmallIntegers"),
      TensorRegion("doubles", DType::kF64, 200, 70, "PlainWeights"),
      TensorRegion("none", DType::kF16, 0, 70, "Zeros"),
      TensorRegion("zeros", DType::kF16, 100, 70, "Zeros"),
      OpaqueRegion(kMaxLiteralBytes),
      OpaqueRegion(kMaxLiteralBytes + 1),
  };
  File empty{Named("empty"), {}};
  File text{Named("dir/README.md"), {OpaqueRegion(77, 9)}};
  return {model, empty, text};
}

TEST(StreamTest, RestoresFilesFedInPiecesOfAnySize) {
  const std::vector<File> files = SomeFiles();
  const Bytes container = Encode(files);
  for (const int threads : {1, 3}) {
    for (const size_t chunk : {size_t{7}, size_t{4096}, kAll}) {
      const Restored restored = RestoreWithStream(
          container, chunk, {.threads = threads, .verify_digests = true});
      EXPECT_TRUE(restored.ok()) << restored.message();
      EXPECT_TRUE(restored.files == ContentsOf(files));
    }
    const Restored read = RestoreWithReader(
        container, {.threads = threads, .verify_digests = true});
    EXPECT_TRUE(read.ok()) << read.message();
    EXPECT_TRUE(read.files == ContentsOf(files));
  }
  EXPECT_TRUE(VerifyContainer(container).ok());
}

TEST(StreamTest, RestoresASmallContainerByteByByte) {
  const std::vector<File> files = {
      {Named("a"),
       {OpaqueRegion(500),
        TensorRegion("t", DType::kBf16, 64, 64, "ScaledWeights")}}};
  const Restored restored = RestoreWithStream(Encode(files), 1, kWithDigests);
  EXPECT_TRUE(restored.ok()) << restored.message();
  EXPECT_TRUE(restored.files == ContentsOf(files));
}

TEST(StreamTest, BytesDependOnNeitherThreadsNorPieces) {
  const std::vector<File> files = SomeFiles();
  for (const int level : {1, 3}) {
    const Bytes expected = Encode(files, {.level = level, .threads = 1});
    for (const int threads : {2, 3}) {
      EXPECT_TRUE(Encode(files, {.level = level, .threads = threads}) ==
                  expected);
    }
    EXPECT_TRUE(Encode(files, {.level = level, .threads = 2}, 4099) ==
                expected);
  }
}

TEST(StreamTest, EventsNameFilesAndRegions) {
  const std::vector<File> files = SomeFiles();
  const Bytes container = Encode(files);
  StreamDecoder decoder("s", kWithDigests);
  decoder.Feed(container);
  decoder.EndInput();
  size_t file = 0;
  size_t region = 0;
  for (;;) {
    const Result<StreamDecoder::Event> event = decoder.Next();
    ASSERT_TRUE(event.ok()) << event.error().message;
    if (*event == StreamDecoder::Event::kEnd) break;
    if (*event == StreamDecoder::Event::kFileBegin) {
      EXPECT_EQ(decoder.file(), files[file].info);
      region = 0;
    } else if (*event == StreamDecoder::Event::kRegion) {
      EXPECT_EQ(decoder.view(), files[file].regions[region++].info.view);
    } else if (*event == StreamDecoder::Event::kFileEnd) {
      EXPECT_EQ(decoder.file_id().digest, HashBytes(files[file].contents()));
      EXPECT_EQ(decoder.note(), "");
      EXPECT_EQ(region, files[file].regions.size());
      ++file;
    }
  }
  EXPECT_EQ(file, files.size());
}

TEST(StreamTest, RandomRangesOfFilesAndSegments) {
  const std::vector<File> files = SomeFiles();
  const Bytes container = Encode(files);
  const Bytes contents = files[0].contents();
  for (const int threads : {1, 2}) {
    const auto reader = Open(container, {.threads = threads});
    ASSERT_EQ(reader->files().size(), files.size());
    ASSERT_EQ(reader->files()[0].segments.size(), files[0].regions.size());
    Random random(11);
    for (int i = 0; i < 150; ++i) {
      const uint64_t begin = random.Below(contents.size() + 1);
      const uint64_t most =
          std::min<uint64_t>(contents.size() - begin, i % 2 ? 5000 : 900000);
      const uint64_t end = begin + random.Below(most + 1);
      Bytes got;
      const auto append = [&](ByteSpan bytes) {
        got.insert(got.end(), bytes.begin(), bytes.end());
        return Status();
      };
      ASSERT_TRUE(reader->ReadFile(0, begin, end, append).ok());
      ASSERT_TRUE(std::ranges::equal(
          got, ByteSpan(contents).subspan(begin, end - begin)))
          << begin << ":" << end;
      Bytes filled(end - begin, std::byte{0xAA});
      ASSERT_TRUE(reader->ReadFile(0, begin, filled).ok());
      ASSERT_TRUE(filled == got) << begin << ":" << end;

      const size_t object = random.Below(reader->object_count());
      const uint64_t length = reader->object(object).id.length;
      const uint64_t first = random.Below(length + 1);
      const uint64_t last = first + random.Below(length - first + 1);
      got.clear();
      ASSERT_TRUE(reader->ReadObject(object, first, last, append).ok());
      filled.assign(last - first, std::byte{0xAA});
      ASSERT_TRUE(reader->ReadObject(object, first, filled).ok());
      ASSERT_TRUE(filled == got) << first << ":" << last;

      const size_t segment = random.Below(files[0].regions.size());
      const Bytes& raw = files[0].regions[segment].raw;
      const uint64_t from = random.Below(raw.size() + 1);
      const uint64_t to = from + random.Below(raw.size() - from + 1);
      got.clear();
      ASSERT_TRUE(reader->ReadSegment(0, segment, from, to, append).ok());
      ASSERT_TRUE(
          std::ranges::equal(got, ByteSpan(raw).subspan(from, to - from)))
          << "segment " << segment << ", " << from << ":" << to;
    }
    const auto nothing = [](ByteSpan) { return Status(); };
    for (const auto& [begin, end] :
         {std::pair<uint64_t, uint64_t>(5, 4), {0, contents.size() + 1}}) {
      EXPECT_EQ(reader->ReadFile(0, begin, end, nothing).error().kind,
                ErrorKind::kInvalidArgument);
    }
    Bytes room(6);
    for (const uint64_t begin :
         {uint64_t{contents.size()} - 5, UINT64_MAX - 2, UINT64_MAX}) {
      EXPECT_EQ(reader->ReadFile(0, begin, room).error().kind,
                ErrorKind::kInvalidArgument);
      EXPECT_EQ(reader->ReadObject(0, begin, room).error().kind,
                ErrorKind::kInvalidArgument);
    }
    EXPECT_EQ(reader->ReadSegment(0, 0, 0, 1001, nothing).error().kind,
              ErrorKind::kInvalidArgument);
  }
}

// The consumer's error ends the reading and comes out as it is.
TEST(StreamTest, ConsumersMayStop) {
  const Bytes container = Encode(SomeFiles());
  for (const int threads : {1, 3}) {
    const auto reader = Open(container, {.threads = threads});
    int calls = 0;
    const Status status = reader->ReadFile(
        0, 0, reader->files()[0].id.length, [&](ByteSpan) -> Status {
          if (++calls < 3) return {};
          return Error{ErrorKind::kCancelled, "enough"};
        });
    EXPECT_EQ(status.error().kind, ErrorKind::kCancelled);
    EXPECT_EQ(calls, 3);
  }
}

TEST(StreamTest, DuplicatesAreStoredOnce) {
  Region tensor = TensorRegion("a", DType::kBf16, 100, 64, "PlainWeights");
  Region same = tensor;
  same.info.view->name = "b";
  const std::vector<File> files = {
      {Named("1"), {OpaqueRegion(10), tensor, same}}, {Named("2"), {tensor}}};
  const Bytes container = Encode(files);
  const auto reader = Open(container, kWithDigests);
  EXPECT_EQ(reader->object_count(), 1u);
  EXPECT_EQ(reader->files()[0].segments[2].view->name, "b");
  EXPECT_EQ(reader->files()[0].segments[2].object, 0u);
  EXPECT_EQ(reader->files()[1].segments[0].object, 0u);
  EXPECT_LT(container.size(), tensor.raw.size() + 1000);
  EXPECT_TRUE(RestoreWithReader(container, kWithDigests).files ==
              ContentsOf(files));
  EXPECT_TRUE(VerifyContainer(container).ok());
  EXPECT_EQ(RestoreWithStream(container, kAll, {}).kind(),
            ErrorKind::kUnsupported);

  // A pipe keeps both copies, so that another pipe can restore them.
  Bytes forward;
  ForwardSink sink(&forward);
  ASSERT_TRUE(EncodeTo(&sink, files, {}, kAll).ok());
  EXPECT_EQ(Open(forward)->object_count(), 3u);
  const Restored streamed = RestoreWithStream(forward, kAll, kWithDigests);
  EXPECT_TRUE(streamed.ok()) << streamed.message();
  EXPECT_TRUE(streamed.files == ContentsOf(files));
  EXPECT_TRUE(VerifyContainer(forward).ok());
}

// A view promises more than the pipe brought.
TEST(StreamTest, RegionsThatEndEarlyKeepTheirBytes) {
  for (const size_t size : {0, 1, 4095, 4096, 9001, 1'000'003}) {
    Region region = TensorRegion("t", DType::kF32, 1000, 500, "ScaledWeights");
    region.raw.resize(size);
    const std::vector<File> files = {{Named("f"), {region, OpaqueRegion(100)}}};
    const Bytes container = Encode(files, {}, 1000);
    const auto reader = Open(container);
    EXPECT_FALSE(reader->files()[0].segments[0].view.has_value());
    EXPECT_TRUE(RestoreWithReader(container, kWithDigests).files ==
                ContentsOf(files))
        << size;
    EXPECT_TRUE(RestoreWithStream(container, 999, kWithDigests).files ==
                ContentsOf(files))
        << size;
    EXPECT_TRUE(VerifyContainer(container).ok()) << size;
  }
}

TEST(StreamTest, ObjectsOfSeveralGroups) {
  // 33 MiB in rows of one element, repeated from a piece: groups of 32 MiB.
  const Bytes piece =
      MakeTensor(GetPattern("PlainWeights"), DType::kBf16, 1 << 20, 1);
  Region tensor{
      .info = {.view = {}, .element_dtype = DType::kBf16, .columns = 1},
      .raw = {}};
  while (tensor.raw.size() < (33u << 20) + 2) {
    tensor.raw.insert(tensor.raw.end(), piece.begin(), piece.end());
  }
  tensor.raw.resize((33u << 20) + 2);
  const std::vector<File> files = {{Named("f"), {tensor}}};
  const Bytes container = Encode(files, {.level = 1, .threads = 2}, 1 << 20);
  const auto reader = Open(container, {.threads = 2});
  const Result<ObjectStatistics> statistics = reader->Statistics(0);
  ASSERT_TRUE(statistics.ok());
  EXPECT_EQ(statistics->groups, 2u);
  Bytes got;
  const uint64_t middle = (32u << 20) - 5;
  ASSERT_TRUE(reader
                  ->ReadFile(0, middle, middle + 100,
                             [&](ByteSpan bytes) {
                               got.insert(got.end(), bytes.begin(),
                                          bytes.end());
                               return Status();
                             })
                  .ok());
  EXPECT_TRUE(
      std::ranges::equal(got, ByteSpan(tensor.raw).subspan(middle, 100)));
  const Restored streamed = RestoreWithStream(
      container, 1 << 20, {.threads = 2, .verify_digests = true});
  EXPECT_TRUE(streamed.ok()) << streamed.message();
  EXPECT_TRUE(streamed.files == ContentsOf(files));
}

TEST(StreamTest, StatisticsAddUp) {
  std::vector<File> files = SomeFiles();
  files[2].regions.push_back(files[0].regions[1]);  // a reference
  const Bytes container = Encode(files);
  const auto reader = Open(container);
  const Result<ContainerStatistics> all = reader->Statistics();
  ASSERT_TRUE(all.ok()) << all.error().message;
  const ObjectStatistics& sum = all->objects;
  EXPECT_EQ(sum.exponent_bytes + sum.remainder_bytes + sum.byte_bytes +
                sum.side_bytes + sum.overhead_bytes + all->literal_bytes +
                all->record_bytes + all->index_bytes,
            container.size());
  uint64_t blocks = 0;
  uint64_t elements = 0;
  for (size_t object = 0; object < reader->object_count(); ++object) {
    const Result<ObjectStatistics> one = reader->Statistics(object);
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->exponent_bytes + one->remainder_bytes + one->byte_bytes +
                  one->side_bytes + one->overhead_bytes,
              reader->object(object).encoded_bytes);
    blocks += one->blocks;
    elements += one->elements;
  }
  EXPECT_EQ(blocks, sum.blocks);
  EXPECT_EQ(elements, sum.elements);
  uint64_t by_method = 0;
  for (const auto& [name, count] : sum.methods) by_method += count;
  EXPECT_EQ(by_method, blocks);
}

TEST(StreamTest, FindFile) {
  const Bytes several = Encode(SomeFiles());
  const auto reader = Open(several);
  EXPECT_EQ(*reader->FindFile("dir/README.md"), 2u);
  EXPECT_EQ(reader->FindFile("README.md").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(reader->FindFile("").error().kind, ErrorKind::kInvalidArgument);
  const Bytes one = Encode({{Named("x"), {}}});
  EXPECT_EQ(*Open(one)->FindFile(""), 0u);
}

TEST(StreamTest, ObjectsOutside) {
  Bytes container;
  const auto sink = MakeMemorySink(&container);
  auto encoder = StreamEncoder::Create(sink.get(), {});
  ASSERT_TRUE(encoder.ok());
  const ObjectId id{HashBytes(AsBytes("elsewhere")), 9};
  ASSERT_TRUE((*encoder)->BeginFile(Named("f")).ok());
  ASSERT_TRUE((*encoder)->ReferenceOutside(std::nullopt, id).ok());
  // Nobody but the caller knows what the whole file is.
  EXPECT_EQ((*encoder)->EndFile("").error().kind, ErrorKind::kInvalidArgument);
  const ObjectId file{HashBytes(AsBytes("elsewhere!")), 10};
  ASSERT_TRUE((*encoder)->BeginRegion({}).ok());
  ASSERT_TRUE((*encoder)->Write(AsBytes("!")).ok());
  ASSERT_TRUE((*encoder)->EndRegion().ok());
  EXPECT_EQ((*encoder)->EndFile("", id).error().kind,
            ErrorKind::kInvalidArgument);
  ASSERT_TRUE((*encoder)->EndFile("", file).ok());
  ASSERT_TRUE((*encoder)->Finish().ok());
  const auto reader = Open(container);
  EXPECT_EQ(reader->files()[0].id, file);
  uint64_t incomplete = 0;
  EXPECT_TRUE(reader->Verify(&incomplete).ok());
  EXPECT_EQ(incomplete, 1u);
  const Restored read = RestoreWithReader(container, {});
  EXPECT_EQ(read.kind(), ErrorKind::kNotFound);
  EXPECT_NE(read.message().find(ToHex(id.digest)), std::string::npos);
}

TEST(StreamTest, RefusesCallsOutOfOrder) {
  Bytes container;
  const auto sink = MakeMemorySink(&container);
  for (const int level : {0, 10, -1}) {
    EXPECT_EQ(StreamEncoder::Create(sink.get(), {.level = level}).error().kind,
              ErrorKind::kInvalidArgument);
  }
  auto encoder = StreamEncoder::Create(sink.get(), {});
  ASSERT_TRUE(encoder.ok());
  StreamEncoder& e = **encoder;
  const auto refused = [](const Status& status) {
    return !status.ok() && status.error().kind == ErrorKind::kInvalidArgument;
  };
  EXPECT_TRUE(refused(e.BeginRegion({})));
  EXPECT_TRUE(refused(e.ReferenceOutside(std::nullopt, {})));
  EXPECT_EQ(e.EndFile("").error().kind, ErrorKind::kInvalidArgument);
  ASSERT_TRUE(e.BeginFile(Named("f")).ok());
  EXPECT_TRUE(refused(e.BeginFile(Named("g"))));
  RegionInfo complex;
  complex.element_dtype = DType::kC64;
  EXPECT_TRUE(refused(e.BeginRegion(complex)));
  RegionInfo no_columns;
  no_columns.columns = 0;
  EXPECT_TRUE(refused(e.BeginRegion(no_columns)));
}

}  // namespace
}  // namespace ingot
