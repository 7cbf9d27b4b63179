#include "tests/codec/restore.h"

#include <algorithm>

#include "codec/container_reader.h"
#include "codec/source.h"
#include "codec/stream_decoder.h"

namespace ingot {
namespace {

Error TooMuch() {
  return {ErrorKind::kCancelled, "restores more than a test wants"};
}

Status Append(ByteSpan bytes, uint64_t* total, Bytes* file) {
  *total += bytes.size();
  if (*total > kMaxRestoredBytes) return TooMuch();
  file->insert(file->end(), bytes.begin(), bytes.end());
  return {};
}

Result<std::unique_ptr<ContainerReader>> OpenContainer(
    ByteSpan container, const DecodeOptions& options) {
  return ContainerReader::Open(MakeMemorySource(container), options);
}

Status ReadAll(ByteSpan container, const DecodeOptions& options,
               std::vector<Bytes>* files) {
  INGOT_ASSIGN(const auto reader, OpenContainer(container, options));
  uint64_t total = 0;
  for (size_t file = 0; file < reader->files().size(); ++file) {
    Bytes& out = files->emplace_back();
    INGOT_TRY(reader->ReadFile(
        file, 0, reader->files()[file].id.length,
        [&](ByteSpan bytes) { return Append(bytes, &total, &out); }));
  }
  return {};
}

Status DecodeAll(ByteSpan container, size_t chunk, const DecodeOptions& options,
                 std::vector<Bytes>* files) {
  using Event = StreamDecoder::Event;
  StreamDecoder decoder("(stream)", options);
  uint64_t total = 0;
  // Data of an object that belongs to no file.
  Bytes no_file;
  bool in_file = false;
  for (;;) {
    INGOT_ASSIGN(const Event event, decoder.Next());
    switch (event) {
      case Event::kNeedInput: {
        const size_t size = std::min(chunk, container.size());
        if (size == 0) {
          decoder.EndInput();
        } else {
          decoder.Feed(container.first(size));
          container = container.subspan(size);
        }
        break;
      }
      case Event::kFileBegin:
        files->emplace_back();
        in_file = true;
        break;
      case Event::kRegion:
        break;
      case Event::kData:
        INGOT_TRY(Append(decoder.data(), &total,
                         in_file ? &files->back() : &no_file));
        break;
      case Event::kFileEnd:
        in_file = false;
        if (decoder.file_id().length != files->back().size()) {
          return Error{ErrorKind::kIo, "file end has another length"};
        }
        break;
      case Event::kEnd:
        return {};
    }
  }
}

}  // namespace

Restored RestoreWithReader(ByteSpan container, const DecodeOptions& options) {
  Restored restored;
  restored.status = ReadAll(container, options, &restored.files);
  return restored;
}

Restored RestoreWithStream(ByteSpan container, size_t chunk,
                           const DecodeOptions& options) {
  Restored restored;
  restored.status = DecodeAll(container, chunk, options, &restored.files);
  return restored;
}

Status VerifyContainer(ByteSpan container, ReferenceSource* references) {
  DecodeOptions options;
  options.references = references;
  INGOT_ASSIGN(const auto reader, OpenContainer(container, options));
  uint64_t incomplete = 0;
  return reader->Verify(&incomplete);
}

bool IsRefusal(const Status& status) {
  if (status.ok()) return false;
  const ErrorKind kind = status.error().kind;
  return kind == ErrorKind::kCorruption || kind == ErrorKind::kUnsupported;
}

bool IsPrefixOf(const std::vector<Bytes>& restored,
                const std::vector<Bytes>& files) {
  if (restored.size() > files.size()) return false;
  for (size_t i = 0; i < restored.size(); ++i) {
    if (restored[i].size() > files[i].size() ||
        !std::equal(restored[i].begin(), restored[i].end(), files[i].begin())) {
      return false;
    }
  }
  return true;
}

}  // namespace ingot
