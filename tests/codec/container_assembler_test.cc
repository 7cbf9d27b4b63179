// Containers made of the records of others: what they restore, what they leave
// outside, and what damage they refuse to copy.

#include "codec/container_assembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "codec/sink.h"
#include "codec/source.h"
#include "codec/stream_encoder.h"
#include "tests/codec/map_source.h"
#include "tests/codec/patterns.h"
#include "tests/codec/restore.h"
#include "tests/codec/sample_containers.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

constexpr DecodeOptions kWithDigests{.threads = 1, .verify_digests = true};

std::unique_ptr<ContainerReader> Open(ByteSpan container,
                                      std::string name = "(memory)") {
  auto reader =
      ContainerReader::Open(MakeMemorySource(container, std::move(name)), {});
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  return std::move(*reader);
}

FileInfo Named(const std::string& path) {
  return {.path = path, .format = "raw", .mode = {}, .mtime = {}};
}

// Everything that a container holds, files first.
Status AddAll(const ContainerReader& reader, ContainerAssembler* assembler,
              const std::optional<FileInfo>& info = std::nullopt) {
  for (size_t file = 0; file < reader.files().size(); ++file) {
    INGOT_TRY(assembler->AddFile(
        reader, file, {.info = info, .provide = ProvideFrom(reader)}));
  }
  for (size_t object = 0; object < reader.object_count(); ++object) {
    INGOT_TRY(assembler->AddObject(reader, object));
  }
  return assembler->AddBaseFiles(reader);
}

Result<Bytes> Reassemble(const ContainerReader& reader,
                         const std::optional<FileInfo>& info = std::nullopt) {
  Bytes bytes;
  const auto sink = MakeMemorySink(&bytes);
  ContainerAssembler assembler(sink.get());
  INGOT_TRY(assembler.Start());
  INGOT_TRY(AddAll(reader, &assembler, info));
  INGOT_TRY(assembler.Finish());
  EXPECT_EQ(assembler.encoded_bytes(), bytes.size());
  return bytes;
}

// The same container as a Source that reads `original`, whatever `reader` read.
Result<ContainerAssembler::Assembled> Lay(
    const ContainerReader& reader, ByteSpan original,
    const std::optional<FileInfo>& info = std::nullopt) {
  const std::shared_ptr<const Source> origin =
      MakeMemorySource(original, "original");
  ContainerAssembler assembler(
      [origin](const ContainerReader&) { return origin; });
  INGOT_TRY(assembler.Start());
  INGOT_TRY(AddAll(reader, &assembler, info));
  INGOT_TRY(assembler.Finish());
  return assembler.TakeSource("assembled");
}

Result<Bytes> ReadAll(const Source& source) {
  Bytes bytes(source.size());
  INGOT_TRY(source.ReadAt(0, bytes));
  return bytes;
}

void ExpectOk(const Status& status) {
  EXPECT_TRUE(status.ok()) << status.error().message;
}

// The records of a container, laid one behind the other, are the container.
TEST(ContainerAssemblerTest, SamplesAreWhatTheyWere) {
  for (const SampleContainer& sample : SampleContainers()) {
    SCOPED_TRACE(sample.name);
    const auto reader = Open(sample.bytes);
    const Result<Bytes> copy = Reassemble(*reader);
    ASSERT_TRUE(copy.ok()) << copy.error().message;
    EXPECT_TRUE(*copy == sample.bytes);
    const auto laid = Lay(*reader, sample.bytes);
    ASSERT_TRUE(laid.ok()) << laid.error().message;
    const Result<Bytes> read = ReadAll(*laid->source);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_TRUE(*read == sample.bytes);
    EXPECT_EQ(laid->identity, Lay(*reader, sample.bytes)->identity);
    Bytes byte(1);
    EXPECT_FALSE(laid->source->ReadAt(read->size(), byte).ok());
    ExpectOk(laid->source->ReadAt(read->size(), {}));
  }
}

TEST(ContainerAssemblerTest, SourcesAreReadInAnyParts) {
  const SampleContainer& sample = GetSample("aligned");
  const auto reader = Open(sample.bytes);
  const FileInfo info = Named(std::string(17, 'x'));
  const Result<Bytes> written = Reassemble(*reader, info);
  const auto laid = Lay(*reader, sample.bytes, info);
  ASSERT_TRUE(written.ok() && laid.ok());
  ASSERT_EQ(laid->source->size(), written->size());
  EXPECT_NE(laid->identity, Lay(*reader, sample.bytes)->identity);
  Random random(3);
  for (size_t i = 0; i < Tries(500); ++i) {
    const size_t begin = random.Below(written->size());
    Bytes part(random.Below(std::min<uint64_t>(written->size() - begin,
                                               i % 2 == 0 ? 300 : 300'000)) +
               1);
    ExpectOk(laid->source->ReadAt(begin, part));
    EXPECT_TRUE(std::equal(part.begin(), part.end(),
                           written->begin() + static_cast<ptrdiff_t>(begin)));
  }
}

// At every alignment of what comes before.
TEST(ContainerAssemblerTest, PayloadsAreAlignedAnew) {
  const SampleContainer& sample = GetSample("aligned");
  const auto reader = Open(sample.bytes);
  std::set<size_t> sizes;
  for (size_t letters = 1; letters <= 65; letters += kStride) {
    SCOPED_TRACE(letters);
    const Result<Bytes> moved =
        Reassemble(*reader, Named(std::string(letters, 'x')));
    ASSERT_TRUE(moved.ok()) << moved.error().message;
    sizes.insert(moved->size());
    ExpectOk(VerifyContainer(*moved));
    const Restored restored = RestoreWithReader(*moved, kWithDigests);
    ASSERT_TRUE(restored.ok()) << restored.message();
    EXPECT_TRUE(restored.files == sample.files);
    const Restored streamed = RestoreWithStream(*moved, 1000, kWithDigests);
    ASSERT_TRUE(streamed.ok()) << streamed.message();
    EXPECT_TRUE(streamed.files == sample.files);
    // And back.
    const Result<Bytes> back =
        Reassemble(*Open(*moved), reader->files()[0].info);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_TRUE(*back == sample.bytes);
  }
  EXPECT_GT(sizes.size(), 1u);
}

TEST(ContainerAssemblerTest, SeveralContainersShareObjects) {
  const SampleContainer& references = GetSample("references");
  const SampleContainer& groups = GetSample("groups");
  const SampleContainer& pack = GetSample("pack");
  const auto first = Open(references.bytes);
  const auto second = Open(groups.bytes);
  const auto third = Open(pack.bytes);
  Bytes bytes;
  const auto sink = MakeMemorySink(&bytes);
  ContainerAssembler assembler(sink.get());
  ExpectOk(assembler.Start());
  for (const auto* reader : {&third, &first, &second, &third}) {
    ExpectOk(AddAll(**reader, &assembler));
  }
  // A second time, all of its objects are there.
  ExpectOk(AddAll(*second, &assembler));
  EXPECT_TRUE(assembler.outside().empty());
  ExpectOk(assembler.Finish());
  ExpectOk(VerifyContainer(bytes));
  std::vector<Bytes> files = references.files;
  files.insert(files.end(), groups.files.begin(), groups.files.end());
  files.insert(files.end(), groups.files.begin(), groups.files.end());
  const Restored restored = RestoreWithReader(bytes, kWithDigests);
  ASSERT_TRUE(restored.ok()) << restored.message();
  EXPECT_TRUE(restored.files == files);
  const auto reader = Open(bytes);
  EXPECT_EQ(
      reader->object_count(),
      first->object_count() + second->object_count() + third->object_count());
  // Views are those of the file, through the index and on the way.
  EXPECT_EQ(reader->files()[2].segments[1].view,
            second->files()[0].segments[1].view);
}

TEST(ContainerAssemblerTest, WhatIsNotProvidedStaysOutside) {
  const SampleContainer& sample = GetSample("groups");
  const auto reader = Open(sample.bytes);
  const ObjectId id = reader->object(0).id;
  Bytes bytes;
  const auto sink = MakeMemorySink(&bytes);
  ContainerAssembler assembler(sink.get());
  ExpectOk(assembler.Start());
  size_t asked = 0;
  const ObjectProvider none = [&](const ObjectId& object, const ObjectCopy&) {
    EXPECT_EQ(object, id);
    ++asked;
    return Status();
  };
  ExpectOk(assembler.AddFile(*reader, 0, {.provide = none}));
  ExpectOk(assembler.AddFile(*reader, 0, {}));
  EXPECT_EQ(asked, 1u);
  EXPECT_FALSE(assembler.Has(id));
  EXPECT_EQ(assembler.outside(), std::set<Digest>{id.digest});
  ExpectOk(assembler.AddObject(*reader, 0));
  ExpectOk(assembler.AddObject(*reader, 0));
  EXPECT_TRUE(assembler.outside().empty());
  ExpectOk(assembler.AddFile(*reader, 0, {}));
  ExpectOk(assembler.Finish());
  const auto made = Open(bytes);
  ASSERT_EQ(made->object_count(), 1u);
  EXPECT_EQ(made->files()[0].segments[1].kind, Segment::Kind::kOutside);
  EXPECT_EQ(made->files()[2].segments[1].kind, Segment::Kind::kObject);
  // The object is where it is looked for.
  MapSource source;
  source.Add(Bytes(sample.files[0].begin() + 5, sample.files[0].end()));
  const Restored restored =
      RestoreWithReader(bytes, {.verify_digests = true, .references = &source});
  ASSERT_TRUE(restored.ok()) << restored.message();
  EXPECT_TRUE(restored.files == std::vector<Bytes>(3, sample.files[0]));
}

TEST(ContainerAssemblerTest, RefusesWrongCalls) {
  const auto groups = Open(GetSample("groups").bytes);
  const auto pack = Open(GetSample("pack").bytes);
  Bytes bytes;
  const auto sink = MakeMemorySink(&bytes);
  ContainerAssembler assembler(sink.get());
  ExpectOk(assembler.Start());
  const auto expect_refused = [](const Status& status) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, ErrorKind::kInvalidArgument);
  };
  expect_refused(assembler.AddObject(*groups, 1));
  expect_refused(assembler.AddFile(*groups, 1, {}));
  expect_refused(assembler.AddFile(*groups, 0, {.info = Named("../a")}));
  // Another object than the one that was asked for, or the same one twice.
  for (const auto* holder : {&pack, &groups}) {
    ContainerAssembler other(sink.get());
    const ObjectProvider provide = [&](const ObjectId&,
                                       const ObjectCopy& copy) -> Status {
      INGOT_TRY(copy(**holder, 0));
      return copy(**holder, 0);
    };
    expect_refused(other.AddFile(*groups, 0, {.provide = provide}));
  }
}

// Deltas.

struct Chain {
  Bytes base;    // container of a file
  Bytes second;  // its tensor is predicted from base's
  Bytes third;   // and this from second's
  std::vector<Bytes> raw;
};

Bytes EncodeOne(const Bytes& raw, const std::vector<RegionBase>& bases,
                ReferenceSource* references) {
  Bytes container;
  const auto sink = MakeMemorySink(&container);
  const auto encoder = StreamEncoder::Create(
      sink.get(), {.level = 3, .threads = 1, .references = references});
  ExpectOk((*encoder)->BeginFile(Named("m")));
  ExpectOk((*encoder)->BeginRegion(
      {.view = TensorView{"w", DType::kBf16, {raw.size() / 2}},
       .element_dtype = DType::kBf16,
       .columns = 64,
       .bases = bases}));
  ExpectOk((*encoder)->Write(raw));
  ExpectOk((*encoder)->EndRegion());
  if (!bases.empty()) {
    ExpectOk((*encoder)->AddBaseFile({"base", bases[0].object}));
  }
  EXPECT_TRUE((*encoder)->EndFile().ok());
  ExpectOk((*encoder)->Finish());
  return container;
}

Bytes Changed(Bytes raw, uint64_t seed) {
  Random random(seed);
  for (size_t at = 0; at < raw.size(); at += 2) {
    if (random.Below(5) == 0) raw[at] ^= std::byte{1};
  }
  return raw;
}

Chain MakeChain(uint64_t elements) {
  Chain chain;
  chain.raw.push_back(
      MakeTensor(GetPattern("ScaledWeights"), DType::kBf16, elements, 64));
  chain.raw.push_back(Changed(chain.raw[0], 1));
  chain.raw.push_back(Changed(chain.raw[1], 2));
  MapSource source;
  const ObjectId base = source.Add(chain.raw[0]);
  const ObjectId second = source.Add(chain.raw[1]);
  chain.base = EncodeOne(chain.raw[0], {}, nullptr);
  chain.second = EncodeOne(
      chain.raw[1],
      {{.object = base, .first_element = 0, .elements = elements, .depth = 0}},
      &source);
  chain.third = EncodeOne(chain.raw[2],
                          {{.object = second,
                            .first_element = 0,
                            .elements = elements,
                            .depth = 1}},
                          &source);
  return chain;
}

// Answers with the objects of a container, which may need others of them: what
// a client does who has that container and nothing else.
class OwnObjects final : public ReferenceSource {
 public:
  explicit OwnObjects(ByteSpan container) : container_(container) {}
  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    INGOT_ASSIGN(const auto reader,
                 ContainerReader::Open(MakeMemorySource(container_),
                                       {.references = this}));
    for (size_t i = 0; i < reader->object_count(); ++i) {
      if (reader->object(i).id.digest != object) continue;
      return reader->ReadObject(i, offset, offset + out.size(), CopyTo(out));
    }
    return Error{ErrorKind::kNotFound, "not in the container"};
  }

 private:
  const ByteSpan container_;
};

TEST(ContainerAssemblerTest, ChainsOfDeltasInOneContainer) {
  const Chain chain = MakeChain(20'000);
  const auto base = Open(chain.base);
  const auto second = Open(chain.second);
  const auto third = Open(chain.third);
  ASSERT_EQ(third->object(0).depth, 2u);
  Bytes bytes;
  const auto sink = MakeMemorySink(&bytes);
  ContainerAssembler assembler(sink.get());
  ExpectOk(assembler.Start());
  ExpectOk(assembler.AddFile(*third, 0, {.provide = ProvideFrom(*third)}));
  EXPECT_EQ(assembler.outside(), std::set<Digest>{second->object(0).id.digest});
  ExpectOk(assembler.AddObject(*second, 0));
  EXPECT_EQ(assembler.outside(), std::set<Digest>{base->object(0).id.digest});
  ExpectOk(assembler.AddObject(*base, 0));
  EXPECT_TRUE(assembler.outside().empty());
  ExpectOk(assembler.AddBaseFiles(*third));
  ExpectOk(assembler.AddBaseFiles(*third));
  ExpectOk(assembler.Finish());

  OwnObjects own(bytes);
  const Restored restored =
      RestoreWithReader(bytes, {.verify_digests = true, .references = &own});
  ASSERT_TRUE(restored.ok()) << restored.message();
  EXPECT_TRUE(restored.files == std::vector<Bytes>{chain.raw[2]});
  ExpectOk(VerifyContainer(bytes, &own));
  const auto reader = Open(bytes);
  EXPECT_EQ(reader->object(0).depth, 2u);
  EXPECT_EQ(reader->object(1).depth, 1u);
  EXPECT_EQ(reader->object(2).depth, 0u);
  ASSERT_EQ(reader->base_files().size(), 1u);
  EXPECT_EQ(reader->base_files()[0], third->base_files()[0]);
}

// Damage.

// Either refused, naming the container, or not there.
void ExpectFoundOrHarmless(ByteSpan damaged, const std::vector<Bytes>& files,
                           ReferenceSource* references) {
  const auto reader =
      ContainerReader::Open(MakeMemorySource(damaged, "damaged"), {});
  if (!reader.ok()) return;
  const Result<Bytes> copy = Reassemble(**reader);
  if (!copy.ok()) {
    EXPECT_TRUE(IsRefusal(copy.error())) << copy.error().message;
    EXPECT_EQ(copy.error().message.rfind("damaged: ", 0), 0u)
        << copy.error().message;
    return;
  }
  const auto laid = Lay(**reader, damaged);
  ASSERT_TRUE(laid.ok()) << laid.error().message;
  const Result<Bytes> read = ReadAll(*laid->source);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(*read == *copy);
  ExpectOk(VerifyContainer(*copy, references));
  const Restored restored = RestoreWithReader(
      *copy, {.verify_digests = true, .references = references});
  ASSERT_TRUE(restored.ok()) << restored.message();
  EXPECT_TRUE(restored.files == files);
}

void FlipAndCut(const Bytes& container, const std::vector<Bytes>& files,
                ReferenceSource* references = nullptr) {
  for (size_t size = 0; size < container.size(); size += kStride) {
    EXPECT_FALSE(ContainerReader::Open(
                     MakeMemorySource(ByteSpan(container).first(size)), {})
                     .ok());
  }
  Bytes damaged = container;
  for (size_t bit = 0; bit < 8 * container.size(); bit += kStride) {
    const auto mask = static_cast<std::byte>(1 << (bit % 8));
    damaged[bit / 8] ^= mask;
    SCOPED_TRACE("bit " + std::to_string(bit));
    ExpectFoundOrHarmless(damaged, files, references);
    damaged[bit / 8] ^= mask;
  }
}

TEST(ContainerAssemblerDamageTest, IsNotCopied) {
  for (const char* name : {"literals", "groups", "references", "exceptions"}) {
    SCOPED_TRACE(name);
    FlipAndCut(GetSample(name).bytes, GetSample(name).files);
  }
}

TEST(ContainerAssemblerDamageTest, OfDeltasIsNotCopied) {
  const Chain chain = MakeChain(2'100);
  MapSource source;
  source.Add(chain.raw[0]);
  FlipAndCut(chain.second, {chain.raw[1]}, &source);
}

// What a Source reads may change after it was made.
TEST(ContainerAssemblerDamageTest, IsNotReadEither) {
  for (const char* name : {"literals", "groups", "rows"}) {
    SCOPED_TRACE(name);
    const Bytes& sample = GetSample(name).bytes;
    Bytes damaged = sample;
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * sample.size(); bit += kStride) {
      const auto mask = static_cast<std::byte>(1 << (bit % 8));
      damaged[bit / 8] ^= mask;
      const auto laid = Lay(*Open(sample), damaged);
      ASSERT_TRUE(laid.ok()) << laid.error().message;
      const Result<Bytes> read = ReadAll(*laid->source);
      damaged[bit / 8] ^= mask;
      if (!read.ok()) {
        ++refused;
        EXPECT_EQ(read.error().kind, ErrorKind::kCorruption);
        EXPECT_EQ(read.error().message.rfind("original: ", 0), 0u);
      } else {
        EXPECT_TRUE(*read == sample);
      }
    }
    // The rest is made anew.
    EXPECT_GT(refused, 8 * sample.size() / kStride / 10);
  }
}

// Checksums that are right around bytes that are wrong.
TEST(ContainerAssemblerDamageTest, LiesAreFound) {
  const Bytes& sample = GetSample("groups").bytes;
  const auto expect_refused = [](const ContainerParts& parts) {
    const Bytes bytes = PutTogether(parts);
    const auto reader = ContainerReader::Open(MakeMemorySource(bytes), {});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    const Result<Bytes> copy = Reassemble(**reader);
    ASSERT_FALSE(copy.ok());
    EXPECT_EQ(copy.error().kind, ErrorKind::kCorruption);
  };
  ContainerParts parts = TakeApart(sample);
  parts.Find(RecordType::kObjectBegin).body.back() ^= std::byte{1};
  expect_refused(parts);
  parts = TakeApart(sample);
  parts.Find(RecordType::kObjectEnd).body.back() ^= std::byte{1};
  expect_refused(parts);
  parts = TakeApart(sample);
  parts.Find(RecordType::kGroup, 1).body[0] ^= std::byte{1};
  expect_refused(parts);
  parts = TakeApart(sample);
  parts.Find(RecordType::kLiteral).raw_type =
      static_cast<uint8_t>(RecordType::kReference) | kCriticalBit;
  expect_refused(parts);
  parts = TakeApart(sample);
  std::swap(parts.Find(RecordType::kGroup), parts.Find(RecordType::kBlock));
  expect_refused(parts);
}

}  // namespace
}  // namespace ingot
