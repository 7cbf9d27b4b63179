// Records: the framing that everything in a container shares, and the bodies
// of the small ones (codec/FORMAT.md, section 1).
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_CONTAINER_RECORD_H_
#define INGOT_CODEC_CONTAINER_RECORD_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/container/format.h"
#include "codec/entropy/byte_coder.h"
#include "codec/manifest.h"
#include "codec/method/geometry.h"
#include "codec/result.h"

namespace ingot {

// A record at the start of some bytes. Views point into those.
struct Record {
  uint8_t raw_type;
  ByteSpan body;
  uint64_t body_offset;     // of the body, from the record's start
  uint64_t size;            // without padding and payload
  uint64_t payload_length;  // 0 where there is none

  RecordType type() const {
    return static_cast<RecordType>(raw_type & kRecordTypeMask);
  }
  bool critical() const { return (raw_type & kCriticalBit) != 0; }
  bool known() const;
};

// Parses and checks the record at the start of `bytes`, which lie at `position`
// of the container `name`. Nothing where more bytes are needed: at least
// *wanted in all.
Result<std::optional<Record>> ParseRecord(ByteSpan bytes,
                                          std::string_view name,
                                          uint64_t position, size_t* wanted);

// Appends a record without payload, or one up to its padding.
void AppendRecord(RecordType type, ByteSpan body, std::vector<std::byte>* out);

// Zero bytes between a record that ends at `position` of its container and its
// payload.
uint64_t PayloadPadding(uint64_t position, uint64_t payload_length);
// As many zero bytes. REQUIRES: size <= kPayloadAlignment.
ByteSpan PaddingBytes(uint64_t size);

// Header and footer.
void AppendHeader(std::vector<std::byte>* out);
Status CheckHeader(ByteSpan header, std::string_view name);
struct Footer {
  uint64_t index_position;
  uint64_t container_length;
};
void AppendFooter(const Footer& footer, std::vector<std::byte>* out);
Result<Footer> ParseFooter(ByteSpan bytes, std::string_view name,
                           uint64_t position);

// Bodies.
void AppendFileInfo(const FileInfo& info, std::vector<std::byte>* body);
Result<FileInfo> ParseFileInfo(ByteReader* reader);

void AppendView(const TensorView& view, std::vector<std::byte>* body);
Result<TensorView> ParseView(ByteReader* reader);

void AppendObjectId(const ObjectId& id, std::vector<std::byte>* body);
Result<ObjectId> ParseObjectId(ByteReader* reader);

void AppendGeometry(const Geometry& geometry, std::vector<std::byte>* body);
Result<Geometry> ParseGeometry(ByteReader* reader);

struct LiteralBody {
  std::optional<TensorView> view;
  Coder coder;
  uint64_t length;
  ByteSpan encoded;
};
// Encodes `raw` with whatever coder is smallest.
void AppendLiteralBody(const std::optional<TensorView>& view, ByteSpan raw,
                       std::vector<std::byte>* body);
Result<LiteralBody> ParseLiteralBody(ByteReader* reader);
// The same where the index lists the record as `segment`, a literal; `reader`
// is at the record's body. kCorruption where it is something else.
Result<LiteralBody> ParseLiteralOf(const Segment& segment, const Record& record,
                                   ByteReader* reader);

struct ObjectBeginBody {
  std::optional<TensorView> view;
  Geometry geometry;
};
void AppendObjectBegin(const ObjectBeginBody& begin,
                       std::vector<std::byte>* body);
Result<ObjectBeginBody> ParseObjectBegin(ByteReader* reader);

struct ReferenceBody {
  std::optional<TensorView> view;
  uint64_t place;  // 0: outside; else the object's number from 1
  ObjectId id;
};
void AppendReference(const ReferenceBody& reference,
                     std::vector<std::byte>* body);
Result<ReferenceBody> ParseReference(ByteReader* reader);

struct FileEndBody {
  ObjectId id;
  std::string note;
};
void AppendFileEnd(const FileEndBody& end, std::vector<std::byte>* body);
Result<FileEndBody> ParseFileEnd(ByteReader* reader);

}  // namespace ingot

#endif  // INGOT_CODEC_CONTAINER_RECORD_H_
