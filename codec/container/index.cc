#include "codec/container/index.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "codec/base/byte_writer.h"
#include "codec/container/format.h"
#include "codec/container/record.h"
#include "codec/entropy/byte_coder.h"
#include "codec/method/block.h"
#include "codec/reference_source.h"

namespace ingot {
namespace {

constexpr uint8_t kObjectsSection = 1 | 0x80;
constexpr uint8_t kFilesSection = 2 | 0x80;
constexpr uint8_t kBasesSection = 3 | 0x80;
constexpr uint8_t kPartsSection = 4;
constexpr uint8_t kSegmentView = 0x80;

// Block record with the longest body, padding and payload.
constexpr uint64_t kMaxRecordBytes = MaxBodyBytes(RecordType::kGroup) + 4096;

// A section restores at most this many times its size (and 64 bytes), so that
// a small index cannot ask for a large buffer.
constexpr uint64_t kMaxExpansion = 1024;

// Smallest record of a group or block: type, body length, body, checksum. A
// container has room for this many bytes of every record that it lists.
constexpr uint64_t kMinRecordBytes = 1 + 1 + 2 + kRecordCheckBytes;

bool IsPlausible(uint64_t raw_length, uint64_t encoded_length) {
  return raw_length <= (encoded_length + 64) * kMaxExpansion;
}

void AppendSection(uint8_t id, ByteSpan raw, std::vector<std::byte>* body) {
  std::vector<std::byte> encoded;
  Coder coder =
      EncodeBytes(raw, {.zstd_level = 19, .try_lzma = false}, &encoded);
  // Constant is not among a section's coders.
  if (coder == Coder::kConstant || !IsPlausible(raw.size(), encoded.size())) {
    encoded.assign(raw.begin(), raw.end());
    coder = Coder::kStore;
  }
  ByteWriter writer(body);
  writer.WriteU8(id);
  writer.WriteU8(static_cast<uint8_t>(coder));
  writer.WriteVarint(raw.size());
  writer.WriteVarint(encoded.size());
  writer.WriteBytes(encoded);
}

std::vector<std::byte> ObjectsSection(const Index& index) {
  std::vector<std::byte> raw;
  ByteWriter writer(&raw);
  writer.WriteVarint(index.objects.size());
  uint64_t previous = 0;
  for (const ObjectEntry& object : index.objects) {
    writer.WriteVarint(object.position - previous);
    previous = object.position;
    AppendObjectId(object.id, &raw);
    AppendGeometry(object.geometry, &raw);
    writer.WriteVarint(object.begin_size);
    for (uint32_t size : object.sizes) writer.WriteVarint(size);
  }
  return raw;
}

std::vector<std::byte> FilesSection(const Index& index) {
  std::vector<std::byte> raw;
  ByteWriter writer(&raw);
  writer.WriteVarint(index.files.size());
  for (const Manifest& file : index.files) {
    AppendFileInfo(file.info, &raw);
    AppendFileEnd({file.id, file.note}, &raw);
    writer.WriteVarint(file.segments.size());
    for (const Segment& segment : file.segments) {
      writer.WriteU8(static_cast<uint8_t>(segment.kind) |
                     (segment.view ? kSegmentView : 0));
      if (segment.view) AppendView(*segment.view, &raw);
      switch (segment.kind) {
        case Segment::Kind::kLiteral:
          writer.WriteVarint(segment.record);
          writer.WriteVarint(segment.length);
          break;
        case Segment::Kind::kObject:
          writer.WriteVarint(segment.object + 1);
          break;
        case Segment::Kind::kOutside:
          AppendObjectId(segment.outside, &raw);
          break;
      }
    }
  }
  return raw;
}

// Empty where there is nothing to say.
std::vector<std::byte> BasesSection(const Index& index) {
  std::vector<std::byte> raw;
  const auto deep = std::ranges::count_if(
      index.objects, [](const ObjectEntry& o) { return o.depth > 0; });
  if (index.base_files.empty() && deep == 0) return raw;
  ByteWriter writer(&raw);
  writer.WriteVarint(index.base_files.size());
  for (const BaseFile& file : index.base_files) {
    writer.WriteString(file.name);
    AppendObjectId(file.id, &raw);
  }
  writer.WriteVarint(static_cast<uint64_t>(deep));
  for (size_t i = 0; i < index.objects.size(); ++i) {
    if (index.objects[i].depth == 0) continue;
    writer.WriteVarint(i + 1);
    writer.WriteVarint(index.objects[i].depth);
  }
  return raw;
}

std::vector<std::byte> PartsSection(const Index& index) {
  std::vector<std::byte> raw;
  ByteWriter writer(&raw);
  writer.WriteVarint(index.parts.size());
  for (const TensorParts& tensor : index.parts) {
    writer.WriteString(tensor.name);
    AppendObjectId(tensor.base, &raw);
    writer.WriteVarint(tensor.part_bytes);
    for (const PartDigests& part : tensor.parts) {
      writer.WriteBytes(part.base.bytes);
      writer.WriteBytes(part.tensor.bytes);
    }
  }
  return raw;
}

Status ParseObjects(ByteReader* reader, uint64_t index_position,
                    Index* index) {
  // An object takes 40 bytes at least: the count cannot promise more.
  INGOT_ASSIGN(const uint64_t count,
               reader->ReadVarint(
                   std::min(kMaxObjects, uint64_t{reader->remaining()} / 40),
                   "objects"));
  index->objects.reserve(count);
  uint64_t position = 0;
  uint64_t previous_end = kHeaderBytes;
  for (uint64_t i = 0; i < count; ++i) {
    ObjectEntry object;
    INGOT_ASSIGN(const uint64_t distance,
                 reader->ReadVarint(index_position, "object position"));
    position += distance;
    object.position = position;
    INGOT_ASSIGN(object.id, ParseObjectId(reader));
    INGOT_ASSIGN(object.geometry, ParseGeometry(reader));
    INGOT_ASSIGN(object.begin_size,
                 reader->ReadVarint(kMaxRecordBytes, "record size"));
    if (object.id.length % object.geometry.element_bytes() != 0) {
      return reader->Corrupt("object length is not a number of elements");
    }
    const uint64_t records = object.groups() + object.blocks();
    if (records > reader->remaining() ||
        records > index_position / kMinRecordBytes) {
      return reader->Corrupt("an object of " +
                             std::to_string(object.id.length) + " bytes has " +
                             std::to_string(records) +
                             " records, more than the index lists");
    }
    object.sizes.reserve(records);
    for (uint64_t k = 0; k < records; ++k) {
      INGOT_ASSIGN(const uint64_t size,
                   reader->ReadVarint(kMaxRecordBytes, "record size"));
      if (size < kMinRecordBytes) {
        return reader->Corrupt("a record of " + std::to_string(size) +
                               " bytes");
      }
      object.sizes.push_back(static_cast<uint32_t>(size));
    }
    const uint64_t bytes = object.RecordBytes();
    if (position < previous_end || position > index_position ||
        bytes > index_position - position) {
      return reader->Corrupt(
          "an object's records leave the container or overlap");
    }
    previous_end = position + bytes;
    index->objects.push_back(std::move(object));
    position = index->objects.back().position;
  }
  return reader->ExpectDone();
}

Result<Segment> ParseSegment(ByteReader* reader, uint64_t index_position,
                             const Index& index) {
  Segment segment;
  INGOT_ASSIGN(const uint8_t kind, reader->ReadU8());
  if ((kind & ~kSegmentView) > static_cast<uint8_t>(Segment::Kind::kOutside)) {
    return reader->Corrupt("segment of unknown kind");
  }
  segment.kind = static_cast<Segment::Kind>(kind & ~kSegmentView);
  if (kind & kSegmentView) {
    INGOT_ASSIGN(segment.view, ParseView(reader));
  }
  switch (segment.kind) {
    case Segment::Kind::kLiteral: {
      INGOT_ASSIGN(segment.record,
                   reader->ReadVarint(index_position, "literal position"));
      INGOT_ASSIGN(segment.length,
                   reader->ReadVarint(kMaxLiteralBytes, "literal length"));
      break;
    }
    case Segment::Kind::kObject: {
      INGOT_ASSIGN(const uint64_t place,
                   reader->ReadVarint(index.objects.size(), "object number"));
      if (place == 0) return reader->Corrupt("object number 0");
      segment.object = place - 1;
      segment.length = index.objects[segment.object].id.length;
      break;
    }
    case Segment::Kind::kOutside: {
      INGOT_ASSIGN(segment.outside, ParseObjectId(reader));
      segment.length = segment.outside.length;
      break;
    }
  }
  // A pipe that ended inside the tensor leaves a view that does not fit.
  if (segment.view && segment.view->ByteSize() != segment.length) {
    segment.view.reset();
  }
  return segment;
}

Status ParseFiles(ByteReader* reader, uint64_t index_position, Index* index) {
  INGOT_ASSIGN(const uint64_t count,
               reader->ReadVarint(reader->remaining() / 37, "files"));
  index->files.reserve(count);
  uint64_t left = kMaxSegments;
  for (uint64_t i = 0; i < count; ++i) {
    Manifest file;
    INGOT_ASSIGN(file.info, ParseFileInfo(reader));
    INGOT_ASSIGN(file.id, ParseObjectId(reader));
    INGOT_ASSIGN(file.note, reader->ReadString(kMaxStringBytes));
    INGOT_ASSIGN(const uint64_t segments,
                 reader->ReadVarint(
                     std::min(left, uint64_t{reader->remaining()} / 2),
                     "segments"));
    left -= segments;
    uint64_t length = 0;
    for (uint64_t k = 0; k < segments; ++k) {
      INGOT_ASSIGN(Segment segment,
                   ParseSegment(reader, index_position, *index));
      if (__builtin_add_overflow(length, segment.length, &length)) {
        return reader->Corrupt("file length overflows");
      }
      file.segments.push_back(std::move(segment));
    }
    if (length != file.id.length) {
      return reader->Corrupt("segments of " + std::to_string(length) +
                             " bytes in a file of " +
                             std::to_string(file.id.length));
    }
    index->files.push_back(std::move(file));
  }
  return reader->ExpectDone();
}

Status ParseBases(ByteReader* reader, Index* index) {
  INGOT_ASSIGN(const uint64_t files,
               reader->ReadVarint(
                   std::min(kMaxBaseFiles, uint64_t{reader->remaining()} / 35),
                   "base files"));
  for (uint64_t i = 0; i < files; ++i) {
    BaseFile file;
    INGOT_ASSIGN(file.name, reader->ReadString(kMaxStringBytes));
    INGOT_ASSIGN(file.id, ParseObjectId(reader));
    index->base_files.push_back(std::move(file));
  }
  INGOT_ASSIGN(const uint64_t deep,
               reader->ReadVarint(index->objects.size(), "objects of a depth"));
  if (files == 0 && deep == 0) {
    return reader->Corrupt("a section of bases without any");
  }
  uint64_t previous = 0;
  for (uint64_t i = 0; i < deep; ++i) {
    INGOT_ASSIGN(const uint64_t place,
                 reader->ReadVarint(index->objects.size(), "object number"));
    INGOT_ASSIGN(const uint64_t depth, reader->ReadVarint(kMaxDepth, "depth"));
    if (place <= previous || depth == 0) {
      return reader->Corrupt("object numbers that do not ascend, or depth 0");
    }
    previous = place;
    index->objects[place - 1].depth = static_cast<unsigned>(depth);
  }
  return reader->ExpectDone();
}

Status ParseParts(ByteReader* reader, Index* index) {
  // A tensor takes 36 bytes at least.
  INGOT_ASSIGN(const uint64_t count,
               reader->ReadVarint(reader->remaining() / 36, "tensors"));
  if (count == 0) return reader->Corrupt("a section of parts without any");
  for (uint64_t i = 0; i < count; ++i) {
    TensorParts tensor;
    INGOT_ASSIGN(tensor.name, reader->ReadString(kMaxStringBytes));
    INGOT_ASSIGN(tensor.base, ParseObjectId(reader));
    INGOT_ASSIGN(tensor.part_bytes,
                 reader->ReadVarint(UINT64_MAX, "part bytes"));
    if (tensor.part_bytes == 0) return reader->Corrupt("parts of no bytes");
    const uint64_t parts =
        DivideRoundingUp(tensor.base.length, tensor.part_bytes);
    if (parts > reader->remaining() / sizeof(PartDigests)) {
      return reader->Corrupt(std::to_string(parts) +
                             " parts of a tensor, more than are listed");
    }
    tensor.parts.resize(parts);
    for (PartDigests& part : tensor.parts) {
      for (Digest* const digest : {&part.base, &part.tensor}) {
        INGOT_ASSIGN(const ByteSpan bytes,
                     reader->ReadBytes(digest->bytes.size()));
        std::ranges::copy(bytes, digest->bytes.begin());
      }
    }
    index->parts.push_back(std::move(tensor));
  }
  return reader->ExpectDone();
}

}  // namespace

uint64_t ObjectEntry::groups() const {
  return DivideRoundingUp(elements(), geometry.group_elements);
}

uint64_t ObjectEntry::blocks() const {
  // Groups are whole blocks, all but the last.
  return DivideRoundingUp(elements(), geometry.block_elements);
}

uint64_t ObjectEntry::RecordBytes() const {
  return std::accumulate(sizes.begin(), sizes.end(), begin_size);
}

void AppendIndex(const Index& index, std::vector<std::byte>* body) {
  AppendSection(kObjectsSection, ObjectsSection(index), body);
  AppendSection(kFilesSection, FilesSection(index), body);
  const std::vector<std::byte> bases = BasesSection(index);
  if (!bases.empty()) AppendSection(kBasesSection, bases, body);
  if (!index.parts.empty()) {
    AppendSection(kPartsSection, PartsSection(index), body);
  }
}

Result<Index> ParseIndex(ByteReader* reader, uint64_t position) {
  Index index;
  bool have_objects = false;
  bool have_files = false;
  bool have_bases = false;
  bool have_parts = false;
  while (!reader->done()) {
    INGOT_ASSIGN(const uint8_t id, reader->ReadU8());
    INGOT_ASSIGN(const uint8_t coder, reader->ReadU8());
    INGOT_ASSIGN(const uint64_t raw_length,
                 reader->ReadVarint(kMaxIndexBytes, "section length"));
    INGOT_ASSIGN(const uint64_t length,
                 reader->ReadVarint(reader->remaining(), "section length"));
    INGOT_ASSIGN(const ByteSpan encoded, reader->ReadBytes(length));
    const bool known = id == kObjectsSection || id == kFilesSection ||
                       id == kBasesSection || id == kPartsSection;
    if (!known) {
      if ((id & kCriticalBit) == 0) continue;
      return Unsupported("index section " + std::to_string(id & 0x7F) +
                         " needs a newer reader");
    }
    if (coder != static_cast<uint8_t>(Coder::kStore) &&
        coder != static_cast<uint8_t>(Coder::kZstd)) {
      return Unsupported("index section: coder " + std::to_string(coder) +
                         " needs a newer reader");
    }
    if (!IsPlausible(raw_length, encoded.size())) {
      return reader->Corrupt("index section: implausible length " +
                             std::to_string(raw_length));
    }
    std::vector<std::byte> raw(raw_length);
    if (Status status =
            DecodeBytes(static_cast<Coder>(coder), encoded, raw);
        !status.ok()) {
      return reader->Corrupt(status.error().message);
    }
    ByteReader section(raw, "index section", 0);
    if (id == kObjectsSection) {
      if (have_objects) return reader->Corrupt("two object sections");
      have_objects = true;
      INGOT_TRY(ParseObjects(&section, position, &index));
    } else if (id == kFilesSection) {
      if (have_files || !have_objects) {
        return reader->Corrupt("file section out of place");
      }
      have_files = true;
      INGOT_TRY(ParseFiles(&section, position, &index));
    } else if (id == kPartsSection) {
      if (have_parts || !have_files) {
        return reader->Corrupt("section of parts out of place");
      }
      have_parts = true;
      INGOT_TRY(ParseParts(&section, &index));
    } else {
      if (have_bases || have_parts || !have_files) {
        return reader->Corrupt("section of bases out of place");
      }
      have_bases = true;
      INGOT_TRY(ParseBases(&section, &index));
    }
  }
  if (!have_files) return reader->Corrupt("index without its sections");
  return index;
}

}  // namespace ingot
