#include "formats/encode_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include "formats/base_models.h"
#include "formats/format_table.h"
#include "formats/safetensors.h"

namespace ingot {
namespace {

constexpr size_t kStreamReadBytes = size_t{1} << 20;
// How much of a stream is looked at for a header of unknown length.
constexpr std::array<size_t, 3> kProbedLengths = {
    size_t{1} << 20, size_t{8} << 20, size_t{64} << 20};

// The stream: what has been looked at already, then what is still to be read.
class Feeder {
 public:
  Feeder(const StreamReader& read, StreamEncoder* encoder,
         const EncodeProgress& progress)
      : read_(read), encoder_(encoder), progress_(progress) {}

  // Raw bytes that the encoder has got.
  uint64_t position() const { return position_; }

  // The next `size` bytes, fewer where the stream ends. Valid until the next
  // call of anything.
  Result<ByteSpan> Peek(size_t size);
  Result<bool> AtEnd();

  // Moves bytes into the encoder's open region; returns how many, fewer than
  // `length` where the stream ends.
  Result<uint64_t> Feed(uint64_t length);
  // Writes the rest of the stream, if there is any, as opaque regions.
  Status FeedOpaque();

 private:
  ByteSpan Ahead() const { return ByteSpan(ahead_).subspan(used_); }

  const StreamReader& read_;
  StreamEncoder* const encoder_;
  const EncodeProgress& progress_;
  std::vector<std::byte> ahead_;
  size_t used_ = 0;  // bytes of ahead_ that have been fed
  uint64_t position_ = 0;
};

Result<ByteSpan> Feeder::Peek(size_t size) {
  if (used_ > 0) {
    ahead_.erase(ahead_.begin(),
                 ahead_.begin() + static_cast<ptrdiff_t>(used_));
    used_ = 0;
  }
  // Address space only: a stream that promises a header and does not have it
  // costs no memory.
  ahead_.reserve(size);
  while (ahead_.size() < size) {
    const size_t have = ahead_.size();
    ahead_.resize(std::min(size, have + kStreamReadBytes));
    Result<size_t> got = read_(MutableByteSpan(ahead_).subspan(have));
    ahead_.resize(have + (got.ok() ? *got : 0));
    if (!got.ok()) return std::move(got).error();
    if (*got == 0) break;
  }
  return Ahead().first(std::min(size, ahead_.size()));
}

Result<bool> Feeder::AtEnd() {
  if (!Ahead().empty()) return false;
  INGOT_ASSIGN(const ByteSpan next, Peek(1));
  return next.empty();
}

Result<uint64_t> Feeder::Feed(uint64_t length) {
  uint64_t done = 0;
  while (done < length) {
    INGOT_ASSIGN(MutableByteSpan room, encoder_->Reserve());
    room = room.first(std::min(
        {uint64_t{room.size()}, uint64_t{kStreamReadBytes}, length - done}));
    size_t got = std::min(room.size(), Ahead().size());
    if (got > 0) {
      std::memcpy(room.data(), Ahead().data(), got);
      used_ += got;
      if (Ahead().empty()) {
        ahead_ = {};
        used_ = 0;
      }
    } else {
      INGOT_ASSIGN(got, read_(room));
    }
    if (got == 0) break;
    INGOT_TRY(encoder_->Commit(got));
    done += got;
    position_ += got;
    if (progress_) progress_(got);
  }
  return done;
}

Status Feeder::FeedOpaque() {
  for (;;) {
    INGOT_ASSIGN(const bool end, AtEnd());
    if (end) return {};
    INGOT_TRY(encoder_->BeginRegion({.view = std::nullopt,
                                     .element_dtype = DType::kBytes,
                                     .columns = kMaxOpaqueRegion}));
    INGOT_TRY(Feed(kMaxOpaqueRegion));
    INGOT_TRY(encoder_->EndRegion());
  }
}

// Begins a region of `length` bytes, or fewer, at `offset` of the stream.
Status BeginRegion(RegionInfo region, uint64_t length, uint64_t offset,
                   BaseModels* bases, StreamEncoder* encoder) {
  if (bases != nullptr) {
    INGOT_ASSIGN(region.bases, bases->FindBase(region, length, offset));
  }
  return encoder->BeginRegion(region);
}

Status FeedRaw(const RawElements& raw, BaseModels* bases, Feeder* feeder,
               StreamEncoder* encoder) {
  const DType coded = CodedDType(raw.dtype);
  if (coded == DType::kBytes) return feeder->FeedOpaque();
  INGOT_ASSIGN(const bool end, feeder->AtEnd());
  if (end) return {};
  // Of unknown columns: one row, longer than any stream.
  uint64_t columns = std::min(raw.columns, kMaxColumns);
  if (columns == 0) columns = kMaxColumns;
  const DTypeInfo& info = GetDTypeInfo(raw.dtype);
  columns *= info.bits / GetDTypeInfo(coded).bits;
  columns = std::max(columns / info.block_elements, uint64_t{1});
  INGOT_TRY(BeginRegion({.view = std::nullopt,
                         .element_dtype = coded,
                         .columns = std::min(columns, kMaxColumns)},
                        UINT64_MAX, 0, bases, encoder));
  INGOT_TRY(feeder->Feed(UINT64_MAX));
  return encoder->EndRegion();
}

// Returns the note.
Result<std::string> FeedTensors(const Layout& layout, bool open_end,
                                BaseModels* bases, Feeder* feeder,
                                StreamEncoder* encoder) {
  for (const Region& region : layout.regions()) {
    if (region.length > 0) {
      INGOT_ASSIGN(const bool end, feeder->AtEnd());
      if (end) break;
    }
    INGOT_TRY(BeginRegion({.view = region.tensor,
                           .element_dtype = region.element_dtype,
                           .columns = region.columns},
                          region.length, region.offset, bases, encoder));
    INGOT_ASSIGN(const uint64_t fed, feeder->Feed(region.length));
    INGOT_TRY(encoder->EndRegion());
    if (fed < region.length) break;
  }
  INGOT_TRY(feeder->FeedOpaque());
  if (feeder->position() == layout.size() ||
      (open_end && feeder->position() > layout.size())) {
    return layout.note();
  }
  return layout.format() + ": the stream ended at offset " +
         std::to_string(feeder->position()) + ", expected " +
         std::to_string(layout.size()) + ", where its last tensor ends";
}

// What the first bytes of a stream tell of the rest.
struct Found {
  std::optional<Layout> layout;
  bool open_end = false;
  std::string note;  // why there is no layout, if there should be one
};

// Safetensors headers say how long they are.
Result<Found> PeekSafetensors(const std::string& name, Feeder* feeder) {
  INGOT_ASSIGN(const ByteSpan first, feeder->Peek(kSafetensorsProbeLength));
  const std::optional<uint64_t> data_offset = SafetensorsDataOffset(first);
  // Of a header that is too long the parser needs no more than its length.
  INGOT_ASSIGN(const ByteSpan header,
               feeder->Peek(data_offset.value_or(kSafetensorsProbeLength)));
  std::optional<uint64_t> size;
  if (data_offset && header.size() < *data_offset) size = header.size();
  const std::unique_ptr<Source> source = MakeMemorySource(header, name);
  INGOT_ASSIGN(ParsedLayout parsed, ParseSafetensors(*source, size));
  Found found;
  if (auto* layout = std::get_if<Layout>(&parsed)) {
    found.layout = std::move(*layout);
  } else {
    found.note = "safetensors: " + std::get<BrokenRule>(parsed).text;
  }
  return found;
}

// Other headers are parsed from ever longer beginnings.
Result<Found> PeekHeader(const Format& format, const std::string& name,
                         Feeder* feeder) {
  Found found;
  found.open_end = format.open_end;
  for (const size_t length : kProbedLengths) {
    INGOT_ASSIGN(const ByteSpan header, feeder->Peek(length));
    // A stream that is shorter is a file of known size.
    std::optional<uint64_t> size;
    if (header.size() < length) size = header.size();
    const std::unique_ptr<Source> source = MakeMemorySource(header, name);
    INGOT_ASSIGN(ParsedLayout parsed, format.parse(*source, size));
    if (auto* layout = std::get_if<Layout>(&parsed)) {
      found.layout = std::move(*layout);
      return found;
    }
    found.note =
        std::string(format.name) + ": " + std::get<BrokenRule>(parsed).text;
    if (size || !format.header_first) break;
  }
  return found;
}

Result<Found> PeekLayout(const std::string& name, Feeder* feeder) {
  INGOT_ASSIGN(ByteSpan first, feeder->Peek(kProbeLength));
  if (LooksLikeSafetensors(first)) return PeekSafetensors(name, feeder);
  for (const Format& format : AllFormats()) {
    if (!format.probe({.first_bytes = first, .name = {}})) continue;
    return PeekHeader(format, name, feeder);
  }
  return Found{};
}

}  // namespace

Result<ObjectId> EncodeStream(const StreamReader& read, const std::string& name,
                              const std::optional<RawElements>& raw,
                              FileInfo info, StreamEncoder* encoder,
                              const EncodeProgress& progress,
                              BaseModels* bases) {
  Feeder feeder(read, encoder, progress);
  std::string note;
  if (raw) {
    info.format = "raw";
    INGOT_TRY(encoder->BeginFile(info));
    INGOT_TRY(FeedRaw(*raw, bases, &feeder, encoder));
  } else {
    INGOT_ASSIGN(Found found, PeekLayout(name, &feeder));
    note = std::move(found.note);
    info.format = found.layout ? found.layout->format() : "opaque";
    INGOT_TRY(encoder->BeginFile(info));
    if (found.layout) {
      INGOT_ASSIGN(note, FeedTensors(*found.layout, found.open_end, bases,
                                     &feeder, encoder));
    } else {
      INGOT_TRY(feeder.FeedOpaque());
    }
  }
  if (bases != nullptr) INGOT_TRY(bases->NameFiles(encoder));
  return encoder->EndFile(note);
}

}  // namespace ingot
