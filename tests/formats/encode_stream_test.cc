#include "formats/encode_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "codec/container_reader.h"
#include "codec/sink.h"
#include "codec/source.h"
#include "formats/encode_file.h"
#include "tests/formats/gguf_writer.h"
#include "tests/formats/npy_writer.h"
#include "tests/formats/zip_writer.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

std::string Model(const std::string& header, size_t data_size) {
  std::string model(8, '\0');
  StoreLittleEndian(model.data(), uint64_t{header.size()});
  model += header;
  for (size_t i = 0; i < data_size; ++i) {
    model += static_cast<char>(i * 37 + i / 1000);
  }
  return model;
}

std::string TwoTensors() {
  return Model(
      R"({"a":{"dtype":"BF16","shape":[100,64],"data_offsets":[0,12800]},)"
      R"("none":{"dtype":"F32","shape":[0],"data_offsets":[12800,12800]},)"
      R"("b":{"dtype":"F32","shape":[40,41],"data_offsets":[12800,19360]}})",
      19360);
}

// What a container made of `content` holds.
struct Stored {
  Manifest manifest;
  std::string restored;
};

using Encode = std::function<Result<ObjectId>(StreamEncoder*)>;

Stored Store(const Encode& encode) {
  Stored stored;
  std::vector<std::byte> container;
  const std::unique_ptr<Sink> sink = MakeMemorySink(&container);
  Result<std::unique_ptr<StreamEncoder>> encoder =
      StreamEncoder::Create(sink.get(), {});
  EXPECT_TRUE(encoder.ok());
  Result<ObjectId> id = encode(encoder->get());
  EXPECT_TRUE(id.ok()) << id.error().message;
  EXPECT_TRUE((*encoder)->Finish().ok());
  Result<std::unique_ptr<ContainerReader>> reader = ContainerReader::Open(
      MakeMemorySource(container), {.verify_digests = true});
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ((*reader)->files().size(), 1u);
  stored.manifest = (*reader)->files()[0];
  EXPECT_EQ(stored.manifest.id, *id);
  const Status read = (*reader)->ReadFile(0, 0, stored.manifest.id.length,
                                          [&stored](ByteSpan bytes) {
                                            stored.restored += AsText(bytes);
                                            return Status();
                                          });
  EXPECT_TRUE(read.ok()) << read.error().message;
  return stored;
}

// Reads `content` in pieces of at most `piece` bytes.
StreamReader ReaderOf(std::string content, size_t piece) {
  auto left = std::make_shared<std::string>(std::move(content));
  return [left, piece](MutableByteSpan out) -> Result<size_t> {
    EXPECT_FALSE(out.empty());
    const size_t size = std::min({piece, out.size(), left->size()});
    std::memcpy(out.data(), left->data(), size);
    left->erase(0, size);
    return size;
  };
}

Stored StoreStream(const std::string& content, size_t piece = 1000,
                   const std::optional<RawElements>& raw = std::nullopt) {
  return Store([&](StreamEncoder* encoder) {
    return EncodeStream(ReaderOf(content, piece), "(test)", raw, {}, encoder,
                        {});
  });
}

Stored StoreFile(const std::string& content,
                 const std::optional<RawElements>& raw = std::nullopt) {
  return Store([&](StreamEncoder* encoder) -> Result<ObjectId> {
    const std::unique_ptr<Source> source = MakeMemorySource(AsBytes(content));
    INGOT_ASSIGN(const Layout layout, ChooseLayout(*source, raw));
    return EncodeFile(*source, layout, {}, encoder, {});
  });
}

std::vector<std::string> Names(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const Segment& segment : manifest.segments) {
    names.push_back(segment.view ? segment.view->name : "");
  }
  return names;
}

// A file of this format and size, more or less.
std::string FileOf(std::string_view format, size_t size,
                   size_t header_part = 2) {
  std::string data(size, '\0');
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * i / 7);
  if (format == "npy") {
    return NpyFile("<u2", "(" + std::to_string(size / 2) + ",)", size / 2 * 2);
  }
  if (format == "gguf") {
    // Half of it is header, or less.
    GgufWriter gguf;
    gguf.Entry("text", 8,
               GgufWriter::String(data.substr(0, size / header_part)))
        .Tensor("a", {32}, 2, data.substr(0, 18))
        .Tensor("b", {size / 16}, 0, data.substr(0, size / 16 * 4));
    return gguf.Finish();
  }
  ZipWriter zip;
  zip.Add("array.npy",
          NpyFile("<u2", "(" + std::to_string(size / 2) + ",)", size / 2 * 2));
  return zip.Finish();
}

TEST(EncodeStreamTest, HeadersOfUnknownLength) {
  for (const std::string_view format : {"npy", "gguf"}) {
    // Beginnings of 1 and of 8 MiB are looked at.
    for (const size_t size : {100u, 10000u, 1u << 20, 5u << 20, 20u << 20}) {
      SCOPED_TRACE(std::string(format) + " " + std::to_string(size));
      const std::string content = FileOf(format, size);
      const Stored file = StoreFile(content);
      const Stored stream = StoreStream(content, 1 << 18);
      EXPECT_TRUE(stream.restored == content);
      EXPECT_EQ(stream.manifest.info.format, format);
      EXPECT_EQ(stream.manifest.note, "");
      EXPECT_EQ(Names(stream.manifest), Names(file.manifest));
    }
  }
}

TEST(EncodeStreamTest, StreamsThatEndEarlyOrGoOn) {
  for (const std::string_view format : {"npy", "gguf"}) {
    const std::string content = FileOf(format, 5 << 20, 1000);
    const Stored early =
        StoreStream(content.substr(0, content.size() - 5), 1 << 18);
    EXPECT_EQ(early.restored.size(), content.size() - 5);
    EXPECT_TRUE(early.manifest.note.starts_with(std::string(format) +
                                                ": the stream ended at offset"))
        << early.manifest.note;
    const Stored longer = StoreStream(content + "more", 1 << 18);
    EXPECT_TRUE(longer.restored == content + "more");
    EXPECT_EQ(longer.manifest.info.format, format);
    // Of GGUF anything may follow the last tensor.
    EXPECT_EQ(longer.manifest.note.empty(), format == "gguf");
  }
  // A header that no beginning holds.
  const std::string text = FileOf("gguf", 140 << 20).substr(0, 66 << 20);
  const Stored opaque = StoreStream(text, 1 << 20);
  EXPECT_TRUE(opaque.restored == text);
  EXPECT_EQ(opaque.manifest.note.substr(0, 27), "gguf: the header has no end");
}

TEST(EncodeStreamTest, ArchivesAreOpaqueUnlessTheyAreSmall) {
  const std::string small = FileOf("zip", 9000);
  const Stored whole = StoreStream(small);
  EXPECT_EQ(whole.restored, small);
  EXPECT_EQ(whole.manifest.info.format, "npz");
  const std::string large = FileOf("zip", 2 << 20);
  const Stored opaque = StoreStream(large, 1 << 20);
  EXPECT_TRUE(opaque.restored == large);
  EXPECT_EQ(opaque.manifest.info.format, "opaque");
  EXPECT_EQ(opaque.manifest.note,
            "zip: the stream cannot be read from its end");
}

TEST(EncodeStreamTest, MakesTheSameManifestAsEncodeFile) {
  const std::string model = TwoTensors();
  const Stored file = StoreFile(model);
  EXPECT_EQ(file.restored, model);
  EXPECT_EQ(file.manifest.info.format, "safetensors");
  EXPECT_EQ(Names(file.manifest),
            (std::vector<std::string>{"", "a", "none", "b"}));
  for (const size_t piece : {1, 7, 1000, 1 << 20}) {
    const Stored stream = StoreStream(model, piece);
    EXPECT_EQ(stream.restored, model);
    EXPECT_EQ(stream.manifest.info.format, "safetensors");
    EXPECT_EQ(stream.manifest.note, "");
    EXPECT_EQ(stream.manifest.id, file.manifest.id);
    EXPECT_EQ(Names(stream.manifest), Names(file.manifest));
  }
}

TEST(EncodeStreamTest, StreamsThatEndEarlyAreKeptWithANote) {
  const std::string model = TwoTensors();
  for (size_t size = 0; size < model.size(); size += 13 * kStride) {
    const Stored stream = StoreStream(model.substr(0, size));
    EXPECT_EQ(stream.restored, model.substr(0, size));
    // Nine bytes are too few to look like anything.
    EXPECT_EQ(stream.manifest.note.starts_with("safetensors: "), size >= 9)
        << size;
  }
  const Stored at_border = StoreStream(model.substr(0, model.size() - 6560));
  EXPECT_EQ(Names(at_border.manifest),
            (std::vector<std::string>{"", "a", "none"}));
  EXPECT_EQ(at_border.manifest.note,
            "safetensors: the stream ended at offset " +
                std::to_string(model.size() - 6560) + ", expected " +
                std::to_string(model.size()) + ", where its last tensor ends");
}

TEST(EncodeStreamTest, StreamsThatGoOnAreKeptWithANote) {
  const std::string model = TwoTensors() + "and more";
  const Stored stream = StoreStream(model);
  EXPECT_EQ(stream.restored, model);
  EXPECT_TRUE(stream.manifest.note.starts_with("safetensors: the stream "));
  EXPECT_EQ(Names(stream.manifest),
            (std::vector<std::string>{"", "a", "none", "b", ""}));
}

TEST(EncodeStreamTest, BrokenHeadersAreOpaqueWithANote) {
  const std::string model = Model(R"({"a":1})", 100);
  const Stored stream = StoreStream(model);
  EXPECT_EQ(stream.restored, model);
  EXPECT_EQ(stream.manifest.info.format, "opaque");
  EXPECT_EQ(stream.manifest.note, StoreFile(model).manifest.note);
  // A header longer than any.
  std::string huge = model;
  StoreLittleEndian(huge.data(), uint64_t{1} << 60);
  const Stored claimed = StoreStream(huge);
  EXPECT_EQ(claimed.restored, huge);
  EXPECT_EQ(claimed.manifest.note, StoreFile(huge).manifest.note);
}

TEST(EncodeStreamTest, OtherStreamsAreOpaque) {
  for (const size_t size : {0, 1, 8, 9, 70000, 3 << 20}) {
    const std::string content = std::string(size, 'x') + "end";
    const Stored stream = StoreStream(content, 4096);
    EXPECT_EQ(stream.restored, content);
    EXPECT_EQ(stream.manifest.info.format, "opaque");
    EXPECT_EQ(stream.manifest.note, "");
  }
  EXPECT_TRUE(StoreStream("").manifest.segments.empty());
}

TEST(EncodeStreamTest, RawElements) {
  const std::string content = TwoTensors();
  for (const DType dtype :
       {DType::kBf16, DType::kF64, DType::kC64, DType::kF4, DType::kBytes}) {
    for (const uint64_t columns : {0, 1, 64}) {
      const RawElements raw = {.dtype = dtype, .columns = columns};
      const Stored stream = StoreStream(content, 777, raw);
      EXPECT_EQ(stream.restored, content);
      EXPECT_EQ(stream.manifest.info.format, "raw");
      EXPECT_EQ(StoreFile(content, raw).restored, content);
    }
  }
  EXPECT_TRUE(StoreStream("", 1, RawElements{DType::kF32, 4})
                  .manifest.segments.empty());
}

TEST(EncodeStreamTest, ErrorsOfTheStreamAreReturned) {
  std::vector<std::byte> container;
  const std::unique_ptr<Sink> sink = MakeMemorySink(&container);
  Result<std::unique_ptr<StreamEncoder>> encoder =
      StreamEncoder::Create(sink.get(), {});
  ASSERT_TRUE(encoder.ok());
  int calls = 0;
  const StreamReader failing = [&calls](MutableByteSpan out) -> Result<size_t> {
    if (++calls > 3) return Error{ErrorKind::kIo, "(test): read: broken"};
    out[0] = std::byte{1};
    return size_t{1};
  };
  const Result<ObjectId> id =
      EncodeStream(failing, "(test)", std::nullopt, {}, encoder->get(), {});
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().kind, ErrorKind::kIo);
}

// A source that has become shorter than its layout.
TEST(EncodeFileTest, ASourceThatShrinksIsAConflict) {
  const std::string content(70000, 'x');
  const std::unique_ptr<Source> whole = MakeMemorySource(AsBytes(content));
  const std::unique_ptr<Source> shorter =
      MakeMemorySource(AsBytes(content).first(60000));
  const Result<Layout> layout = ChooseLayout(*whole, std::nullopt);
  ASSERT_TRUE(layout.ok());
  std::vector<std::byte> container;
  const std::unique_ptr<Sink> sink = MakeMemorySink(&container);
  Result<std::unique_ptr<StreamEncoder>> encoder =
      StreamEncoder::Create(sink.get(), {});
  ASSERT_TRUE(encoder.ok());
  const Result<ObjectId> id =
      EncodeFile(*shorter, *layout, {}, encoder->get(), {});
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().kind, ErrorKind::kConflict);
}

}  // namespace
}  // namespace ingot
