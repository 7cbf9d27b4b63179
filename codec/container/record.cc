#include "codec/container/record.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/base/checksum.h"
#include "codec/base/zigzag.h"
#include "codec/method/block.h"

namespace ingot {
namespace {

constexpr uint8_t kFlagView = 1;
constexpr uint8_t kFlagMode = 1;
constexpr uint8_t kFlagTime = 2;
// Longest varint of a body length plus the type.
constexpr size_t kMaxPrologue = 11;

uint32_t RecordCheck(ByteSpan bytes) {
  return static_cast<uint32_t>(Checksum(bytes));
}

void AppendOptionalView(const std::optional<TensorView>& view,
                        std::vector<std::byte>* body) {
  ByteWriter(body).WriteU8(view ? kFlagView : 0);
  if (view) AppendView(*view, body);
}

Result<std::optional<TensorView>> ParseOptionalView(ByteReader* reader) {
  INGOT_ASSIGN(const uint8_t flags, reader->ReadU8());
  if ((flags & ~kFlagView) != 0) return reader->Corrupt("unknown flags");
  if ((flags & kFlagView) == 0) return std::optional<TensorView>();
  INGOT_ASSIGN(TensorView view, ParseView(reader));
  return std::optional<TensorView>(std::move(view));
}

}  // namespace

bool Record::known() const {
  const uint8_t number = raw_type & kRecordTypeMask;
  return number >= static_cast<uint8_t>(RecordType::kFileBegin) &&
         number <= static_cast<uint8_t>(RecordType::kIndex);
}

Result<std::optional<Record>> ParseRecord(ByteSpan bytes,
                                          std::string_view name,
                                          uint64_t position, size_t* wanted) {
  const auto need = [&](size_t size) {
    *wanted = size;
    return std::optional<Record>();
  };
  if (bytes.empty()) return need(1);
  Record record{};
  record.raw_type = AsU8(bytes.data())[0];
  ByteReader reader(bytes, name, position);
  INGOT_TRY(reader.Skip(1));
  const uint64_t limit =
      record.known() ? MaxBodyBytes(record.type()) : kMaxUnknownBody;
  Result<uint64_t> length = reader.ReadVarint(limit, "record body length");
  if (!length.ok()) {
    if (bytes.size() < kMaxPrologue) return need(bytes.size() + 1);
    return std::move(length).error();
  }
  record.body_offset = reader.position();
  record.size = record.body_offset + *length + kRecordCheckBytes;
  if (bytes.size() < record.size) return need(record.size);
  record.body = bytes.subspan(record.body_offset, *length);
  const size_t checked = record.size - kRecordCheckBytes;
  if (RecordCheck(bytes.first(checked)) !=
      LoadLittleEndian<uint32_t>(bytes.data() + checked)) {
    return Corruption(std::string(name) + ": offset " +
                      std::to_string(position) +
                      ": record checksum does not match");
  }
  if (!record.known() && record.critical()) {
    return Unsupported(std::string(name) + ": offset " +
                       std::to_string(position) + ": record type " +
                       std::to_string(record.raw_type & kRecordTypeMask) +
                       " needs a newer reader");
  }
  if ((record.raw_type & kPayloadBit) != 0) {
    ByteReader body(record.body, name, position + record.body_offset);
    INGOT_ASSIGN(record.payload_length,
                 body.ReadVarint(kMaxPayloadBytes, "payload length"));
  }
  const bool is_block = record.type() == RecordType::kBlock;
  if (record.known() &&
      is_block != ((record.raw_type & kPayloadBit) != 0)) {
    return reader.Corrupt("only blocks have a payload");
  }
  return std::optional<Record>(record);
}

void AppendRecord(RecordType type, ByteSpan body,
                  std::vector<std::byte>* out) {
  const size_t start = out->size();
  uint8_t raw_type = static_cast<uint8_t>(type) | kCriticalBit;
  if (type == RecordType::kBlock) raw_type |= kPayloadBit;
  ByteWriter writer(out);
  writer.WriteU8(raw_type);
  writer.WriteVarint(body.size());
  writer.WriteBytes(body);
  writer.WriteU32(RecordCheck(ByteSpan(*out).subspan(start)));
}

uint64_t PayloadPadding(uint64_t position, uint64_t payload_length) {
  if (payload_length < kAlignedPayload) return 0;
  return AlignUp(position, kPayloadAlignment) - position;
}

ByteSpan PaddingBytes(uint64_t size) {
  static constexpr std::array<std::byte, kPayloadAlignment> kZeros{};
  return ByteSpan(kZeros).first(size);
}

void AppendHeader(std::vector<std::byte>* out) {
  const size_t start = out->size();
  ByteWriter writer(out);
  writer.WriteBytes(std::as_bytes(std::span(kHeaderMagic)));
  writer.WriteU16(kFormatVersion);
  writer.WriteU16(kFormatVersion);
  writer.WriteU32(0);
  writer.WriteU64(Checksum(ByteSpan(*out).subspan(start)));
}

Status CheckHeader(ByteSpan header, std::string_view name) {
  ByteReader reader(header, name, 0);
  INGOT_ASSIGN(const ByteSpan magic, reader.ReadBytes(kHeaderMagic.size()));
  if (!std::ranges::equal(magic, std::as_bytes(std::span(kHeaderMagic)))) {
    return Corruption(std::string(name) +
                      ": offset 0: not an Ingot container (no magic)");
  }
  INGOT_TRY(reader.ReadU16());
  INGOT_ASSIGN(const uint16_t lowest, reader.ReadU16());
  INGOT_ASSIGN(const uint32_t zero, reader.ReadU32());
  const uint64_t computed = Checksum(header.first(reader.position()));
  INGOT_ASSIGN(const uint64_t stored, reader.ReadU64());
  if (computed != stored) {
    return Corruption(std::string(name) +
                      ": offset 0: header checksum does not match");
  }
  if (lowest > kFormatVersion) {
    return Unsupported(std::string(name) + ": needs a reader of version " +
                       std::to_string(lowest) + ", this one knows " +
                       std::to_string(kFormatVersion) +
                       ": a newer ingot can read it");
  }
  if (zero != 0) return reader.Corrupt("header: reserved bytes are not zero");
  return {};
}

void AppendFooter(const Footer& footer, std::vector<std::byte>* out) {
  const size_t start = out->size();
  ByteWriter writer(out);
  writer.WriteU64(footer.index_position);
  writer.WriteU64(footer.container_length);
  writer.WriteU64(Checksum(ByteSpan(*out).subspan(start)));
  writer.WriteBytes(std::as_bytes(std::span(kFooterMagic)));
}

Result<Footer> ParseFooter(ByteSpan bytes, std::string_view name,
                           uint64_t position) {
  ByteReader reader(bytes, name, position);
  Footer footer{};
  INGOT_ASSIGN(footer.index_position, reader.ReadU64());
  INGOT_ASSIGN(footer.container_length, reader.ReadU64());
  const uint64_t computed = Checksum(bytes.first(16));
  INGOT_ASSIGN(const uint64_t stored, reader.ReadU64());
  INGOT_ASSIGN(const ByteSpan magic, reader.ReadBytes(kFooterMagic.size()));
  if (!std::ranges::equal(magic, std::as_bytes(std::span(kFooterMagic))) ||
      computed != stored) {
    return Corruption(std::string(name) + ": offset " +
                      std::to_string(position) +
                      ": no footer: truncated, appended to or damaged");
  }
  if (footer.container_length != position + kFooterBytes) {
    return Corruption(std::string(name) + ": the footer says " +
                      std::to_string(footer.container_length) +
                      " bytes, the container has " +
                      std::to_string(position + kFooterBytes));
  }
  if (footer.index_position < kHeaderBytes ||
      footer.index_position >= position) {
    return Corruption(std::string(name) + ": the footer puts the index at " +
                      std::to_string(footer.index_position) +
                      ", outside the container");
  }
  return footer;
}

void AppendFileInfo(const FileInfo& info, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteU8(static_cast<uint8_t>((info.mode ? kFlagMode : 0) |
                                      (info.mtime ? kFlagTime : 0)));
  writer.WriteString(info.path);
  writer.WriteString(info.format);
  if (info.mode) writer.WriteVarint(*info.mode);
  if (info.mtime) {
    writer.WriteVarint(ZigZag(info.mtime->seconds));
    writer.WriteVarint(info.mtime->nanoseconds);
  }
}

Result<FileInfo> ParseFileInfo(ByteReader* reader) {
  FileInfo info;
  INGOT_ASSIGN(const uint8_t flags, reader->ReadU8());
  if ((flags & ~(kFlagMode | kFlagTime)) != 0) {
    return reader->Corrupt("file begin: unknown flags");
  }
  INGOT_ASSIGN(info.path, reader->ReadString(kMaxStringBytes));
  if (!info.path.empty() && !IsSafeRelativePath(info.path)) {
    return reader->Corrupt("file begin: the path leaves its folder");
  }
  INGOT_ASSIGN(info.format, reader->ReadString(kMaxStringBytes));
  if (flags & kFlagMode) {
    INGOT_ASSIGN(const uint64_t mode, reader->ReadVarint(07777, "mode"));
    info.mode = static_cast<uint32_t>(mode);
  }
  if (flags & kFlagTime) {
    INGOT_ASSIGN(const uint64_t seconds, reader->ReadVarint());
    INGOT_ASSIGN(const uint64_t nanoseconds,
                 reader->ReadVarint(999999999, "nanoseconds"));
    info.mtime = {UnZigZag(seconds), static_cast<uint32_t>(nanoseconds)};
  }
  return info;
}

void AppendView(const TensorView& view, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteString(view.name);
  writer.WriteU8(static_cast<uint8_t>(view.dtype));
  writer.WriteVarint(view.shape.size());
  for (uint64_t dimension : view.shape) writer.WriteVarint(dimension);
}

Result<TensorView> ParseView(ByteReader* reader) {
  TensorView view;
  INGOT_ASSIGN(view.name, reader->ReadString(kMaxStringBytes));
  INGOT_ASSIGN(const uint8_t dtype, reader->ReadU8());
  const std::optional<DType> known = DTypeFromNumber(dtype);
  if (!known) {
    return Unsupported("dtype " + std::to_string(dtype) +
                       " needs a newer reader");
  }
  view.dtype = *known;
  INGOT_ASSIGN(const uint64_t dimensions,
               reader->ReadVarint(kMaxDimensions, "dimensions"));
  for (uint64_t i = 0; i < dimensions; ++i) {
    INGOT_ASSIGN(const uint64_t dimension, reader->ReadVarint());
    view.shape.push_back(dimension);
  }
  return view;
}

void AppendObjectId(const ObjectId& id, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteVarint(id.length);
  writer.WriteU8(kSha256Algorithm);
  writer.WriteBytes(id.digest.bytes);
}

Result<ObjectId> ParseObjectId(ByteReader* reader) {
  ObjectId id;
  INGOT_ASSIGN(id.length, reader->ReadVarint());
  INGOT_ASSIGN(const uint8_t algorithm, reader->ReadU8());
  if (algorithm != kSha256Algorithm) {
    return Unsupported("digest algorithm " + std::to_string(algorithm) +
                       " needs a newer reader");
  }
  INGOT_ASSIGN(const ByteSpan digest,
               reader->ReadBytes(id.digest.bytes.size()));
  std::ranges::copy(digest, id.digest.bytes.begin());
  return id;
}

void AppendGeometry(const Geometry& geometry, std::vector<std::byte>* body) {
  ByteWriter writer(body);
  writer.WriteU8(static_cast<uint8_t>(geometry.dtype));
  writer.WriteVarint(geometry.columns);
  writer.WriteVarint(geometry.block_elements);
  writer.WriteVarint(geometry.group_elements);
}

Result<Geometry> ParseGeometry(ByteReader* reader) {
  Geometry geometry;
  INGOT_ASSIGN(const uint8_t dtype, reader->ReadU8());
  const std::optional<DType> known = DTypeFromNumber(dtype);
  if (!known) {
    return Unsupported("dtype " + std::to_string(dtype) +
                       " needs a newer reader");
  }
  geometry.dtype = *known;
  INGOT_ASSIGN(geometry.columns, reader->ReadVarint());
  INGOT_ASSIGN(geometry.block_elements, reader->ReadVarint());
  INGOT_ASSIGN(geometry.group_elements, reader->ReadVarint());
  if (Status status = CheckGeometry(geometry); !status.ok()) {
    return reader->Corrupt(status.error().message);
  }
  return geometry;
}

void AppendLiteralBody(const std::optional<TensorView>& view, ByteSpan raw,
                       std::vector<std::byte>* body) {
  AppendOptionalView(view, body);
  std::vector<std::byte> encoded;
  const Coder coder =
      EncodeBytes(raw, {.zstd_level = 19, .try_lzma = false}, &encoded);
  ByteWriter writer(body);
  writer.WriteU8(static_cast<uint8_t>(coder));
  writer.WriteVarint(raw.size());
  writer.WriteBytes(encoded);
}

Result<LiteralBody> ParseLiteralBody(ByteReader* reader) {
  LiteralBody literal{};
  INGOT_ASSIGN(literal.view, ParseOptionalView(reader));
  INGOT_ASSIGN(const uint8_t coder, reader->ReadU8());
  if (coder >= static_cast<uint8_t>(Coder::kTiered)) {
    return Unsupported("literal: coder " + std::to_string(coder) +
                       " needs a newer reader");
  }
  literal.coder = static_cast<Coder>(coder);
  INGOT_ASSIGN(literal.length,
               reader->ReadVarint(kMaxLiteralBytes, "literal length"));
  INGOT_ASSIGN(literal.encoded, reader->ReadBytes(reader->remaining()));
  return literal;
}

Result<LiteralBody> ParseLiteralOf(const Segment& segment, const Record& record,
                                   ByteReader* reader) {
  if (record.type() != RecordType::kLiteral) {
    return reader->Corrupt("expected a literal record");
  }
  INGOT_ASSIGN(LiteralBody literal, ParseLiteralBody(reader));
  if (literal.length != segment.length) {
    return reader->Corrupt("literal has another length than the index says");
  }
  return literal;
}

void AppendObjectBegin(const ObjectBeginBody& begin,
                       std::vector<std::byte>* body) {
  AppendOptionalView(begin.view, body);
  AppendGeometry(begin.geometry, body);
}

Result<ObjectBeginBody> ParseObjectBegin(ByteReader* reader) {
  ObjectBeginBody begin;
  INGOT_ASSIGN(begin.view, ParseOptionalView(reader));
  INGOT_ASSIGN(begin.geometry, ParseGeometry(reader));
  INGOT_TRY(reader->ExpectDone());
  return begin;
}

void AppendReference(const ReferenceBody& reference,
                     std::vector<std::byte>* body) {
  AppendOptionalView(reference.view, body);
  ByteWriter(body).WriteVarint(reference.place);
  AppendObjectId(reference.id, body);
}

Result<ReferenceBody> ParseReference(ByteReader* reader) {
  ReferenceBody reference;
  INGOT_ASSIGN(reference.view, ParseOptionalView(reader));
  INGOT_ASSIGN(reference.place, reader->ReadVarint());
  INGOT_ASSIGN(reference.id, ParseObjectId(reader));
  INGOT_TRY(reader->ExpectDone());
  return reference;
}

void AppendFileEnd(const FileEndBody& end, std::vector<std::byte>* body) {
  AppendObjectId(end.id, body);
  ByteWriter(body).WriteString(end.note);
}

Result<FileEndBody> ParseFileEnd(ByteReader* reader) {
  FileEndBody end;
  INGOT_ASSIGN(end.id, ParseObjectId(reader));
  INGOT_ASSIGN(end.note, reader->ReadString(kMaxStringBytes));
  INGOT_TRY(reader->ExpectDone());
  return end;
}

}  // namespace ingot
