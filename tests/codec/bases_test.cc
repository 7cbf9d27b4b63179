// Containers that refer to objects elsewhere: through the encoder, all three
// decoders, and back.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "codec/container_reader.h"
#include "codec/reference_source.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_decoder.h"
#include "codec/stream_encoder.h"
#include "codec/tensor_codec.h"
#include "tests/codec/map_source.h"
#include "tests/codec/patterns.h"
#include "tests/codec/restore.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

constexpr size_t kAll = SIZE_MAX;

// `raw` with about one element of `rarity` moved to a neighbour.
Bytes FineTuned(Bytes raw, DType dtype, uint64_t rarity, uint64_t seed = 9) {
  const size_t element = GetDTypeInfo(dtype).bits / 8;
  Random random(seed);
  for (size_t at = 0; at + element <= raw.size(); at += element) {
    if (random.Below(rarity) != 0) continue;
    auto* const low = reinterpret_cast<uint8_t*>(raw.data() + at);
    *low = static_cast<uint8_t>(*low ^ (1 + random.Below(3)));
  }
  return raw;
}

struct Region {
  RegionInfo info;
  Bytes raw;
};

Region Tensor(const std::string& name, DType dtype, uint64_t columns,
              Bytes raw) {
  const uint64_t elements = raw.size() / (GetDTypeInfo(dtype).bits / 8);
  return {.info = {.view = TensorView{name, dtype, {elements}},
                   .element_dtype = dtype,
                   .columns = columns,
                   .bases = {}},
          .raw = std::move(raw)};
}

RegionBase Whole(const ObjectId& id, DType dtype, unsigned depth = 0) {
  return {.object = id,
          .first_element = 0,
          .elements = id.length / (GetDTypeInfo(dtype).bits / 8),
          .depth = depth};
}

// A sink that cannot go back, like a pipe.
class ForwardSink final : public Sink {
 public:
  explicit ForwardSink(Bytes* bytes) : sink_(MakeMemorySink(bytes)) {}
  Status Write(ByteSpan bytes) override { return sink_->Write(bytes); }

 private:
  std::unique_ptr<Sink> sink_;
};

Result<Bytes> TryEncode(const std::vector<Region>& regions,
                        const EncodeOptions& options, bool pipe = false,
                        const std::vector<BaseFile>& files = {}) {
  Bytes container;
  const std::unique_ptr<Sink> sink =
      pipe ? std::make_unique<ForwardSink>(&container)
           : MakeMemorySink(&container);
  INGOT_ASSIGN(const auto encoder, StreamEncoder::Create(sink.get(), options));
  INGOT_TRY(encoder->BeginFile(
      {.path = "m", .format = "x", .mode = {}, .mtime = {}}));
  Bytes all;
  for (const Region& region : regions) {
    INGOT_TRY(encoder->BeginRegion(region.info));
    INGOT_TRY(encoder->Write(region.raw));
    INGOT_TRY(encoder->EndRegion());
    all.insert(all.end(), region.raw.begin(), region.raw.end());
  }
  for (const BaseFile& file : files) INGOT_TRY(encoder->AddBaseFile(file));
  INGOT_ASSIGN(const ObjectId id, encoder->EndFile());
  EXPECT_EQ(id, (ObjectId{HashBytes(all), all.size()}));
  INGOT_TRY(encoder->Finish());
  return container;
}

Bytes Encode(const std::vector<Region>& regions, const EncodeOptions& options,
             bool pipe = false, const std::vector<BaseFile>& files = {}) {
  Result<Bytes> container = TryEncode(regions, options, pipe, files);
  EXPECT_TRUE(container.ok()) << container.error().message;
  return container.ok() ? std::move(*container) : Bytes();
}

std::unique_ptr<ContainerReader> Open(ByteSpan container,
                                      ReferenceSource* source) {
  Result<std::unique_ptr<ContainerReader>> reader = ContainerReader::Open(
      MakeMemorySource(container), {.threads = 2, .references = source});
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  return reader.ok() ? std::move(*reader) : nullptr;
}

// Whole with both readers, and in parts.
void ExpectRestores(const Bytes& container, const std::vector<Region>& regions,
                    ReferenceSource* source, bool stream = true) {
  Bytes all;
  for (const Region& region : regions) {
    all.insert(all.end(), region.raw.begin(), region.raw.end());
  }
  for (const int threads : {1, 3}) {
    const DecodeOptions options{
        .threads = threads, .verify_digests = true, .references = source};
    const Restored read = RestoreWithReader(container, options);
    ASSERT_TRUE(read.ok()) << read.message();
    EXPECT_TRUE(read.files == std::vector<Bytes>{all});
    if (!stream) continue;
    for (const size_t chunk : {size_t{1000}, kAll}) {
      const Restored streamed = RestoreWithStream(container, chunk, options);
      ASSERT_TRUE(streamed.ok()) << streamed.message();
      EXPECT_TRUE(streamed.files == std::vector<Bytes>{all});
    }
  }
  const auto reader = Open(container, source);
  ASSERT_NE(reader, nullptr);
  Random random(5);
  for (int i = 0; i < 20 && !all.empty(); ++i) {
    const uint64_t begin = random.Below(all.size());
    const uint64_t end =
        begin + random.Below(std::min<uint64_t>(all.size() - begin, 3000)) + 1;
    Bytes part;
    const Status status = reader->ReadFile(0, begin, end, [&](ByteSpan bytes) {
      part.insert(part.end(), bytes.begin(), bytes.end());
      return Status();
    });
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_TRUE(std::equal(part.begin(), part.end(),
                           all.begin() + static_cast<ptrdiff_t>(begin)));
    EXPECT_EQ(part.size(), end - begin);
    Bytes filled(end - begin);
    ASSERT_TRUE(reader->ReadFile(0, begin, filled).ok());
    EXPECT_TRUE(filled == part);
  }
  uint64_t incomplete = 9;
  const Status verified = reader->Verify(&incomplete);
  EXPECT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_EQ(incomplete, 0u);
}

// Enough for an object, few enough for coders that take their time.
uint64_t Elements(DType dtype) {
  return (kSanitized ? 4'000 : 20'000) / (GetDTypeInfo(dtype).bits / 8);
}

class BasesTest : public testing::TestWithParam<int> {};

TEST_P(BasesTest, EveryDType) {
  for (const DType dtype : CodableDTypes()) {
    SCOPED_TRACE(GetDTypeInfo(dtype).name);
    for (const char* pattern : {"ScaledWeights", "RandomBits"}) {
      const Bytes base =
          MakeTensor(GetPattern(pattern), dtype, Elements(dtype), 100);
      MapSource source(pattern == std::string("RandomBits"));
      const ObjectId id = source.Add(base);
      std::vector<Region> regions = {
          Tensor("a", dtype, 100, FineTuned(base, dtype, 3)),
          Tensor("b", dtype, 100, FineTuned(base, dtype, 900)),
          Tensor("c", dtype, 100, base)};
      for (Region& region : regions) {
        region.info.bases = {Whole(id, dtype)};
      }
      const Bytes container = Encode(
          regions, {.level = GetParam(), .threads = 1, .references = &source});
      ExpectRestores(container, regions, &source);
      const auto reader = Open(container, &source);
      ASSERT_EQ(reader->files()[0].segments.size(), 3u);
      EXPECT_EQ(reader->files()[0].segments[2].kind, Segment::Kind::kOutside);
    }
  }
}

TEST_P(BasesTest, ATensorInMemory) {
  for (const DType dtype : CodableDTypes()) {
    SCOPED_TRACE(GetDTypeInfo(dtype).name);
    const TensorSpec spec{.dtype = dtype, .columns = 100};
    const uint64_t elements = Elements(dtype);
    const Bytes base =
        MakeTensor(GetPattern("ScaledWeights"), dtype, elements, 100);
    const Bytes raw = FineTuned(base, dtype, 4);
    for (const uint64_t kept : {elements, elements / 2 + 1}) {
      const size_t element = GetDTypeInfo(dtype).bits / 8;
      const TensorBase given{.bytes = ByteSpan(base).first(kept * element)};
      TensorEncoder encoder({.level = GetParam(), .threads = 1});
      Bytes encoded(MaxEncodedTensorBytes(spec, raw.size()));
      const Result<size_t> size = encoder.Encode(spec, raw, encoded, given);
      ASSERT_TRUE(size.ok()) << size.error().message;
      encoded.resize(*size);
      TensorDecoder decoder({.threads = 2});
      Bytes out(raw.size());
      const Status status = decoder.Decode(spec, encoded, out, given);
      ASSERT_TRUE(status.ok()) << status.error().message;
      EXPECT_TRUE(out == raw);
      if (dtype != DType::kBf16 || kept < elements) continue;
      // It was predicted, so that it cannot do without.
      const Status alone = decoder.Decode(spec, encoded, out);
      ASSERT_FALSE(alone.ok());
      EXPECT_EQ(alone.error().kind, ErrorKind::kNotFound);
      TensorBase other = given;
      other.digest.bytes[3] = std::byte{1};
      EXPECT_FALSE(decoder.Decode(spec, encoded, out, other).ok());
      other = given;
      other.bytes = other.bytes.first(other.bytes.size() / 2);
      EXPECT_EQ(decoder.Decode(spec, encoded, out, other).error().kind,
                ErrorKind::kCorruption);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, BasesTest, testing::Range(1, 10));

constexpr DType kBf16 = DType::kBf16;

Bytes Weights(uint64_t elements, uint64_t columns = 512, DType dtype = kBf16) {
  return MakeTensor(GetPattern("ScaledWeights"), dtype, elements, columns);
}

// Groups of more than one block, more than one group, several bases that do
// not end where blocks do, and elements behind them all.
TEST(BaseRegionsTest, BasesInPieces) {
  constexpr DType kF32 = DType::kF32;
  const uint64_t elements = (uint64_t{1} << 23) + 300'000;
  const Bytes base = Weights(elements, 512, kF32);
  MapSource source;
  const auto cut = [&](uint64_t begin, uint64_t end) {
    return source.Add(Bytes(base.begin() + static_cast<ptrdiff_t>(4 * begin),
                            base.begin() + static_cast<ptrdiff_t>(4 * end)));
  };
  Region region = Tensor("w", kF32, 512, FineTuned(base, kF32, 5));
  region.info.bases = {Whole(cut(0, 700'001), kF32),
                       // From inside an object.
                       {.object = cut(700'000, 5'000'000),
                        .first_element = 1,
                        .elements = 4'299'999,
                        .depth = 3},
                       Whole(cut(5'000'000, elements - 100'000), kF32, 1)};
  const Bytes container =
      Encode({region}, {.level = 1, .threads = 2, .references = &source});
  EXPECT_LT(container.size(), region.raw.size() / 2);
  ExpectRestores(container, {region}, &source);
  EXPECT_EQ(Open(container, &source)->object(0).depth, 4u);
}

TEST(BaseRegionsTest, LongerAndShorterBases) {
  const Bytes base = Weights(50'000);
  MapSource source(true);
  const ObjectId longer = source.Add(base);
  const ObjectId shorter =
      source.Add(Bytes(base.begin(), base.begin() + 40'000));
  Bytes raw = FineTuned(base, kBf16, 4);
  raw.resize(60'000);
  std::vector<Region> regions = {Tensor("a", kBf16, 100, raw),
                                 Tensor("b", kBf16, 100, raw)};
  regions[0].info.bases = {Whole(longer, kBf16)};
  regions[1].info.bases = {Whole(shorter, kBf16)};
  regions[1].raw[5] ^= std::byte{1};
  const Bytes container =
      Encode(regions, {.level = 3, .threads = 1, .references = &source});
  ExpectRestores(container, regions, &source);
}

TEST(BaseRegionsTest, TheBytesDoNotDependOnThreads) {
  const Bytes base = Weights(3'000'000);
  MapSource copying;
  MapSource spans(true);
  const ObjectId id = copying.Add(base);
  spans.Add(base);
  Region region = Tensor("w", kBf16, 512, FineTuned(base, kBf16, 3));
  region.info.bases = {Whole(id, kBf16)};
  for (const int level : {1, 3, 5, 6, 9}) {
    const Bytes one = Encode(
        {region}, {.level = level, .threads = 1, .references = &copying});
    const Bytes three =
        Encode({region}, {.level = level, .threads = 3, .references = &spans});
    EXPECT_TRUE(one == three) << level;
  }
}

TEST(BaseRegionsTest, CopiesBecomeReferences) {
  const Bytes base = Weights(20'000);
  // More than a group.
  const Bytes large = Weights((uint64_t{1} << 23) + 77, 512, DType::kF32);
  MapSource source;
  const ObjectId id = source.Add(base);
  const ObjectId large_id = source.Add(large);
  // Random bytes do not shrink as a literal, constant ones do.
  const Bytes noise = MakeTensor(GetPattern("RandomBits"), kBf16, 100, 100);
  const Bytes zeros(200);
  const ObjectId noise_id = source.Add(noise);
  const ObjectId zeros_id = source.Add(zeros);
  std::vector<Region> regions = {
      Tensor("first", kBf16, 100, base), Tensor("again", kBf16, 100, base),
      Tensor("noise", kBf16, 100, noise), Tensor("zeros", kBf16, 100, zeros),
      Tensor("large", DType::kF32, 512, large)};
  const ObjectId ids[] = {id, id, noise_id, zeros_id, large_id};
  for (size_t i = 0; i < regions.size(); ++i) {
    regions[i].info.bases = {Whole(ids[i], regions[i].info.element_dtype)};
  }
  const EncodeOptions options{.level = 3, .threads = 2, .references = &source};
  const BaseFile file{"base/model", id};
  for (const bool pipe : {false, true}) {
    SCOPED_TRACE(pipe);
    const Bytes container = Encode(regions, options, pipe, {file, file});
    const auto reader = Open(container, &source);
    using Kind = Segment::Kind;
    const Kind wanted[] = {Kind::kOutside, Kind::kOutside, Kind::kOutside,
                           Kind::kLiteral, Kind::kOutside};
    for (size_t i = 0; i < regions.size(); ++i) {
      const Segment& segment = reader->files()[0].segments[i];
      // What has been written to a pipe cannot be taken back.
      const bool stays = pipe && i == 4;
      EXPECT_EQ(segment.kind, stays ? Kind::kObject : wanted[i]) << i;
      EXPECT_EQ(segment.view->name, regions[i].info.view->name);
    }
    EXPECT_EQ(reader->object_count(), pipe ? 1u : 0u);
    ASSERT_EQ(reader->base_files().size(), 1u);
    EXPECT_EQ(reader->base_files()[0], file);
    ExpectRestores(container, regions, &source);
  }
}

TEST(BaseRegionsTest, WhatIsOfNoUseLeavesNoTrace) {
  const Bytes raw = Weights(20'000);
  const Bytes other = MakeTensor(GetPattern("RandomBits"), kBf16, 20'000, 100);
  MapSource source;
  Region region = Tensor("w", kBf16, 512, raw);
  const Bytes plain = Encode({region}, {.level = 3, .threads = 1});
  region.info.bases = {Whole(source.Add(other), kBf16, 2)};
  const Bytes container =
      Encode({region}, {.level = 3, .threads = 1, .references = &source});
  EXPECT_TRUE(plain == container);
}

TEST(BaseRegionsTest, RefusesBasesThatCannotBe) {
  const Bytes base = Weights(20'000);
  MapSource source;
  Region region = Tensor("w", kBf16, 512, FineTuned(base, kBf16, 3));
  const RegionBase good = Whole(source.Add(base), kBf16);
  const auto kind = [&](RegionBase bad, ReferenceSource* from) {
    region.info.bases = {bad};
    const Result<Bytes> encoded =
        TryEncode({region}, {.level = 3, .threads = 1, .references = from});
    return encoded.ok() ? ErrorKind::kCancelled : encoded.error().kind;
  };
  EXPECT_EQ(kind(good, &source), ErrorKind::kCancelled);
  EXPECT_EQ(kind(good, nullptr), ErrorKind::kInvalidArgument);
  RegionBase bad = good;
  bad.depth = kMaxDepth;
  EXPECT_EQ(kind(bad, &source), ErrorKind::kInvalidArgument);
  bad.depth = kMaxDepth - 1;
  EXPECT_EQ(kind(bad, &source), ErrorKind::kCancelled);
  bad = good;
  bad.first_element = 1;
  EXPECT_EQ(kind(bad, &source), ErrorKind::kInvalidArgument);
  bad.first_element = UINT64_MAX;
  EXPECT_EQ(kind(bad, &source), ErrorKind::kInvalidArgument);
  bad = good;
  bad.object.digest.bytes[0] ^= std::byte{1};
  EXPECT_EQ(kind(bad, &source), ErrorKind::kNotFound);
  // A source that lies about a copy is found out.
  region.raw = base;
  const ObjectId lie{HashBytes(AsBytes("lie")), base.size()};
  source.Replace(lie, base);
  EXPECT_EQ(kind(Whole(lie, kBf16), &source), ErrorKind::kCorruption);
}

// What decoders say without the base, or with another.
class MissingBaseTest : public testing::Test {
 protected:
  MissingBaseTest() {
    id_ = source_.Add(base_);
    regions_ = {Tensor("delta", kBf16, 512, FineTuned(base_, kBf16, 3)),
                Tensor("copy", kBf16, 512, base_),
                Tensor("own", kBf16, 512, Bytes(10'000, std::byte{7}))};
    regions_[0].info.bases = {Whole(id_, kBf16)};
    regions_[1].info.bases = {Whole(id_, kBf16)};
    container_ =
        Encode(regions_, {.level = 3, .threads = 1, .references = &source_},
               false, {{"models/base", id_}});
  }

  void ExpectEverywhere(ReferenceSource* source, ErrorKind kind,
                        const std::string& says) {
    const DecodeOptions options{
        .threads = 1, .verify_digests = true, .references = source};
    const Restored read = RestoreWithReader(container_, options);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.kind(), kind) << read.message();
    EXPECT_NE(read.message().find(says), std::string::npos) << read.message();
    const Restored streamed = RestoreWithStream(container_, kAll, options);
    ASSERT_FALSE(streamed.ok());
    EXPECT_EQ(streamed.kind(), kind) << streamed.message();
  }

  const Bytes base_ = Weights(20'000);
  MapSource source_;
  ObjectId id_;
  std::vector<Region> regions_;
  Bytes container_;
};

TEST_F(MissingBaseTest, Nobody) {
  ExpectEverywhere(nullptr, ErrorKind::kNotFound, ToHex(id_.digest));
  ExpectEverywhere(nullptr, ErrorKind::kNotFound, "'models/base'");
  uint64_t incomplete = 0;
  EXPECT_TRUE(Open(container_, nullptr)->Verify(&incomplete).ok());
  EXPECT_EQ(incomplete, 1u);
  MapSource empty;
  ExpectEverywhere(&empty, ErrorKind::kNotFound, "not in the map");
  const Status verified = Open(container_, &empty)->Verify(&incomplete);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().kind, ErrorKind::kNotFound);
  // What needs nobody can be read.
  Bytes own;
  const Status status = Open(container_, nullptr)
                            ->ReadSegment(0, 2, 0, 10'000, [&](ByteSpan part) {
                              own.insert(own.end(), part.begin(), part.end());
                              return Status();
                            });
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(own == regions_[2].raw);
}

TEST_F(MissingBaseTest, DamageIsFoundWithoutTheBase) {
  // The last byte of the delta's last block.
  const auto reader = Open(container_, nullptr);
  const uint64_t encoded = reader->object(0).encoded_bytes;
  uint64_t incomplete = 0;
  Bytes damaged = container_;
  // Object begin lies behind the header and the file's record.
  damaged[encoded + 30] ^= std::byte{1};
  const Status status = Open(damaged, nullptr)->Verify(&incomplete);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, ErrorKind::kCorruption);
}

TEST_F(MissingBaseTest, TooShort) {
  Bytes cut = base_;
  cut.resize(20'000);
  source_.Replace(id_, cut);
  ExpectEverywhere(&source_, ErrorKind::kCorruption, "too short");
}

TEST_F(MissingBaseTest, OtherBytes) {
  Bytes other = base_;
  other[17] ^= std::byte{0x40};
  source_.Replace(id_, other);
  const DecodeOptions options{
      .threads = 1, .verify_digests = true, .references = &source_};
  const Restored read = RestoreWithReader(container_, options);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.kind(), ErrorKind::kCorruption);
  uint64_t incomplete = 0;
  EXPECT_EQ(Open(container_, &source_)->Verify(&incomplete).error().kind,
            ErrorKind::kCorruption);
}

// A small container with an object of two groups' worth of everything.
class HostileBaseTest : public testing::Test {
 protected:
  HostileBaseTest() {
    id_ = source_.Add(base_);
    regions_ = {Tensor("d", kBf16, 100, FineTuned(base_, kBf16, 20)),
                Tensor("c", kBf16, 100, base_)};
    for (Region& region : regions_) region.info.bases = {Whole(id_, kBf16)};
    container_ =
        Encode(regions_, {.level = 3, .threads = 1, .references = &source_},
               false, {{"base", id_}});
    for (const Region& region : regions_) {
      contents_.insert(contents_.end(), region.raw.begin(), region.raw.end());
    }
  }

  void ExpectRefusedOrSame(ByteSpan damaged) {
    const DecodeOptions options{.threads = 1, .references = &source_};
    for (const Restored& read : {RestoreWithReader(damaged, options),
                                 RestoreWithStream(damaged, kAll, options)}) {
      if (read.ok()) {
        EXPECT_TRUE(read.files == std::vector<Bytes>{contents_});
      } else {
        EXPECT_TRUE(IsRefusal(read.status)) << read.message();
        EXPECT_TRUE(IsPrefixOf(read.files, {contents_}));
      }
    }
  }

  ErrorKind Kind(const Bytes& container) {
    const Restored read =
        RestoreWithReader(container, {.threads = 1, .references = &source_});
    return read.ok() ? ErrorKind::kCancelled : read.kind();
  }

  const Bytes base_ = Weights(2'500, 100);
  MapSource source_;
  ObjectId id_;
  std::vector<Region> regions_;
  Bytes contents_;
  Bytes container_;
};

TEST_F(HostileBaseTest, TruncatedAnywhere) {
  ASSERT_EQ(Open(container_, &source_)->object(0).depth, 1u);
  for (size_t length = 0; length < container_.size(); length += kStride) {
    SCOPED_TRACE(length);
    ExpectRefusedOrSame(ByteSpan(container_).first(length));
  }
}

TEST_F(HostileBaseTest, AnyBitFlipped) {
  Bytes damaged = container_;
  for (size_t bit = 0; bit < 8 * damaged.size(); bit += kStride) {
    SCOPED_TRACE(bit);
    damaged[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    ExpectRefusedOrSame(damaged);
    damaged[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
  }
}

TEST_F(HostileBaseTest, LiesBehindChecksums) {
  EXPECT_EQ(Kind(PutTogether(TakeApart(container_))), ErrorKind::kCancelled);
  // An index that hides what a group needs.
  ContainerParts parts = TakeApart(container_);
  parts.index.objects[0].depth = 0;
  EXPECT_EQ(Kind(PutTogether(parts)), ErrorKind::kCorruption);
  // A group that refers to something else, or to nothing.
  const auto change_group = [&](const auto& change) {
    parts = TakeApart(container_);
    RecordParts& group = parts.Find(RecordType::kGroup);
    const auto digest =
        std::ranges::search(group.body, id_.digest.bytes).begin();
    EXPECT_NE(digest, group.body.end());
    change(digest);
    return Kind(PutTogether(parts));
  };
  EXPECT_EQ(change_group([](auto digest) { *digest ^= std::byte{1}; }),
            ErrorKind::kNotFound);
  const Bytes shorter(100, std::byte{1});
  const ObjectId short_id = source_.Add(shorter);
  EXPECT_EQ(change_group([&](auto digest) {
              std::ranges::copy(short_id.digest.bytes, digest);
            }),
            ErrorKind::kCorruption);
  // References outside: another object, or one that is shorter.
  const auto change_outside = [&](ObjectId id) {
    parts = TakeApart(container_);
    parts.index.files[0].segments[1].outside = id;
    return Kind(PutTogether(parts));
  };
  ObjectId other = id_;
  other.digest.bytes[0] ^= std::byte{1};
  EXPECT_EQ(change_outside(other), ErrorKind::kNotFound);
  EXPECT_EQ(change_outside({short_id.digest, id_.length}),
            ErrorKind::kCorruption);
}

}  // namespace
}  // namespace ingot
