#include "codec/container/walker.h"

#include <algorithm>
#include <string>

namespace ingot {
namespace {

constexpr size_t kFirstRead = 512;

// Compares records with the index one by one.
class Checker {
 public:
  Checker(const std::string& name, const Index& index)
      : name_(name), index_(index) {}

  Status Check(const Record& record, uint64_t position, uint64_t total_size);
  Status Finish(uint64_t position) const {
    if (in_file_ || in_object_ || objects_ != index_.objects.size() ||
        files_ != index_.files.size()) {
      return Corruption(name_ + ": offset " + std::to_string(position) +
                        ": the index lists more than the records hold");
    }
    return {};
  }

 private:
  Error Disagree(uint64_t position) const {
    return Corruption(name_ + ": offset " + std::to_string(position) +
                      ": record is not what the index says");
  }
  // The next segment that the index lists for the open file.
  const Segment* NextSegment() {
    const std::vector<Segment>& segments = index_.files[files_].segments;
    return segment_ < segments.size() ? &segments[segment_++] : nullptr;
  }

  const std::string& name_;
  const Index& index_;
  size_t objects_ = 0;  // that have ended
  size_t files_ = 0;
  size_t segment_ = 0;  // of the open file
  size_t record_ = 0;   // of the open object
  bool in_file_ = false;
  bool in_object_ = false;
};

Status Checker::Check(const Record& record, uint64_t position,
                      uint64_t total_size) {
  if (!record.known()) return {};
  ByteReader body(record.body, name_, position + record.body_offset);
  const Error disagree = Disagree(position);
  switch (record.type()) {
    case RecordType::kFileBegin: {
      INGOT_ASSIGN(const FileInfo info, ParseFileInfo(&body));
      INGOT_TRY(body.ExpectDone());
      if (in_file_ || in_object_ || files_ == index_.files.size() ||
          info != index_.files[files_].info) {
        return disagree;
      }
      in_file_ = true;
      segment_ = 0;
      return {};
    }
    case RecordType::kLiteral: {
      INGOT_ASSIGN(const LiteralBody literal, ParseLiteralBody(&body));
      if (!in_file_ || in_object_) return disagree;
      const Segment* segment = NextSegment();
      if (segment == nullptr || segment->kind != Segment::Kind::kLiteral ||
          segment->record != position || segment->length != literal.length) {
        return disagree;
      }
      return {};
    }
    case RecordType::kObjectBegin: {
      INGOT_ASSIGN(const ObjectBeginBody begin, ParseObjectBegin(&body));
      if (in_object_ || objects_ == index_.objects.size() ||
          index_.objects[objects_].position != position ||
          index_.objects[objects_].begin_size != total_size ||
          index_.objects[objects_].geometry != begin.geometry) {
        return disagree;
      }
      if (in_file_) {
        const Segment* segment = NextSegment();
        if (segment == nullptr || segment->kind != Segment::Kind::kObject ||
            segment->object != objects_) {
          return disagree;
        }
      }
      in_object_ = true;
      record_ = 0;
      return {};
    }
    case RecordType::kGroup:
    case RecordType::kBlock: {
      if (!in_object_) return disagree;
      const std::vector<uint32_t>& sizes = index_.objects[objects_].sizes;
      const uint64_t group_records =
          1 + index_.objects[objects_].geometry.blocks_per_group();
      const bool group_expected = record_ % group_records == 0;
      if (record_ == sizes.size() || sizes[record_] != total_size ||
          group_expected != (record.type() == RecordType::kGroup)) {
        return disagree;
      }
      ++record_;
      return {};
    }
    case RecordType::kObjectEnd: {
      INGOT_ASSIGN(const ObjectId id, ParseObjectId(&body));
      INGOT_TRY(body.ExpectDone());
      if (!in_object_ || record_ != index_.objects[objects_].sizes.size() ||
          id != index_.objects[objects_].id) {
        return disagree;
      }
      in_object_ = false;
      ++objects_;
      return {};
    }
    case RecordType::kReference: {
      INGOT_ASSIGN(const ReferenceBody reference, ParseReference(&body));
      if (!in_file_ || in_object_) return disagree;
      const Segment* segment = NextSegment();
      if (segment == nullptr) return disagree;
      const bool inside = segment->kind == Segment::Kind::kObject &&
                          reference.place == segment->object + 1 &&
                          segment->object < objects_ &&
                          index_.objects[segment->object].id == reference.id;
      const bool outside = segment->kind == Segment::Kind::kOutside &&
                           reference.place == 0 &&
                           segment->outside == reference.id;
      if (!inside && !outside) return disagree;
      return {};
    }
    case RecordType::kFileEnd: {
      INGOT_ASSIGN(const FileEndBody end, ParseFileEnd(&body));
      if (!in_file_ || in_object_ ||
          segment_ != index_.files[files_].segments.size() ||
          end.id != index_.files[files_].id ||
          end.note != index_.files[files_].note) {
        return disagree;
      }
      in_file_ = false;
      ++files_;
      return {};
    }
    case RecordType::kIndex:
      return disagree;
  }
  return disagree;
}

}  // namespace

Result<Record> ReadRecord(const Source& source, uint64_t position, uint64_t end,
                          std::vector<std::byte>* bytes) {
  const uint64_t left = end - std::min(position, end);
  size_t wanted = kFirstRead;
  while (true) {
    // ParseRecord bounds what it wants by the limits of the format.
    const size_t length = std::min<uint64_t>(left, wanted);
    bytes->resize(length);
    INGOT_TRY(source.ReadAt(position, *bytes));
    INGOT_ASSIGN(const std::optional<Record> record,
                 ParseRecord(*bytes, source.name(), position, &wanted));
    if (record) return *record;
    if (length == left) {
      return Corruption(source.name() + ": offset " + std::to_string(position) +
                        ": record reaches into the index");
    }
  }
}

Status WalkRecords(const Source& source, uint64_t index_position,
                   const RecordVisitor& visitor) {
  std::vector<std::byte> bytes;
  for (uint64_t position = kHeaderBytes; position < index_position;) {
    const uint64_t left = index_position - position;
    INGOT_ASSIGN(const Record record,
                 ReadRecord(source, position, index_position, &bytes));
    uint64_t total = record.size;
    if ((record.raw_type & kPayloadBit) != 0) {
      total += PayloadPadding(position + total, record.payload_length) +
               record.payload_length;
    }
    if (total > left) {
      return Corruption(source.name() + ": offset " +
                        std::to_string(position) +
                        ": record reaches into the index");
    }
    INGOT_TRY(visitor(record, position, total));
    position += total;
  }
  return {};
}

Status CheckRecords(const Source& source, uint64_t index_position,
                    const Index& index) {
  Checker checker(source.name(), index);
  INGOT_TRY(WalkRecords(
      source, index_position,
      [&](const Record& record, uint64_t position, uint64_t total_size) {
        return checker.Check(record, position, total_size);
      }));
  return checker.Finish(index_position);
}

}  // namespace ingot
