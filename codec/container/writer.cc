#include "codec/container/writer.h"

#include <algorithm>
#include <string>

#include "codec/method/delta_side.h"

namespace ingot {

Status ContainerWriter::Write(ByteSpan bytes) {
  INGOT_TRY(sink_->Write(bytes));
  position_ += bytes.size();
  return {};
}

Result<uint64_t> ContainerWriter::WriteRecord(RecordType type) {
  if (body_.size() > MaxBodyBytes(type)) {
    return Error{ErrorKind::kResourceExhausted,
                 "a record of " + std::to_string(body_.size()) +
                     " bytes is above the format's limit of " +
                     std::to_string(MaxBodyBytes(type))};
  }
  record_.clear();
  AppendRecord(type, body_, &record_);
  body_.clear();
  INGOT_TRY(Write(record_));
  return record_.size();
}

Status ContainerWriter::AddSegment(Segment segment) {
  if (++segments_ > kMaxSegments) {
    return Error{ErrorKind::kResourceExhausted,
                 "more than " + std::to_string(kMaxSegments) +
                     " tensors and literals in one container"};
  }
  index_.files.back().segments.push_back(std::move(segment));
  return {};
}

Status ContainerWriter::Start() {
  record_.clear();
  AppendHeader(&record_);
  return Write(record_);
}

Status ContainerWriter::BeginFile(const FileInfo& info) {
  in_file_ = true;
  index_.files.push_back({.info = info, .id = {}, .note = {}, .segments = {}});
  AppendFileInfo(info, &body_);
  INGOT_TRY(WriteRecord(RecordType::kFileBegin));
  return {};
}

Status ContainerWriter::BeginLiteral(const std::optional<TensorView>& view,
                                     uint64_t length) {
  Segment segment;
  segment.kind = Segment::Kind::kLiteral;
  segment.view = view;
  segment.length = length;
  segment.record = position_;
  return AddSegment(std::move(segment));
}

Status ContainerWriter::PlaceLiteral(const std::optional<TensorView>& view,
                                     uint64_t length, uint64_t record_size) {
  INGOT_TRY(BeginLiteral(view, length));
  position_ += record_size;
  return {};
}

Status ContainerWriter::Literal(const std::optional<TensorView>& view,
                                ByteSpan raw) {
  INGOT_TRY(BeginLiteral(view, raw.size()));
  AppendLiteralBody(view, raw, &body_);
  INGOT_TRY(WriteRecord(RecordType::kLiteral));
  return {};
}

Status ContainerWriter::LiteralOrOutside(const std::optional<TensorView>& view,
                                         ByteSpan raw, const ObjectId& id) {
  std::vector<std::byte> literal;
  AppendLiteralBody(view, raw, &literal);
  std::vector<std::byte> reference;
  AppendReference({view, 0, id}, &reference);
  // The index repeats a reference and says of a literal where it is.
  if (literal.size() > 2 * reference.size()) return ReferenceOutside(view, id);
  return Literal(view, raw);
}

Status ContainerWriter::BeginObject(const std::optional<TensorView>& view,
                                    const Geometry& geometry, unsigned depth) {
  if (index_.objects.size() == kMaxObjects) {
    return Error{ErrorKind::kResourceExhausted,
                 "more than " + std::to_string(kMaxObjects) +
                     " objects in one container"};
  }
  object_ = ObjectEntry{};
  object_.depth = depth;
  object_.position = position_;
  object_.geometry = geometry;
  object_view_ = view;
  object_outside_.clear();
  AppendObjectBegin({view, geometry}, &body_);
  INGOT_ASSIGN(object_.begin_size, WriteRecord(RecordType::kObjectBegin));
  return {};
}

Status ContainerWriter::Group(const GroupSide& side) {
  if (side.delta != nullptr) {
    for (const GroupReference& reference : side.delta->references) {
      const auto depth = depths_.find(reference.digest);
      object_.depth = std::max(
          object_.depth, 1 + (depth == depths_.end() ? 0 : depth->second));
      object_outside_.insert(reference.digest);
    }
  }
  AppendGroupSide(side, &body_);
  INGOT_ASSIGN(const uint64_t size, WriteRecord(RecordType::kGroup));
  object_.sizes.push_back(static_cast<uint32_t>(size));
  return {};
}

void ContainerWriter::PlaceGroup(uint64_t record_size, const GroupSide& side) {
  if (side.delta != nullptr) {
    for (const GroupReference& reference : side.delta->references) {
      object_outside_.insert(reference.digest);
    }
  }
  object_.sizes.push_back(static_cast<uint32_t>(record_size));
  position_ += record_size;
}

uint64_t ContainerWriter::PlaceBlock(uint64_t record_size,
                                     uint64_t payload_length) {
  const uint64_t padding =
      PayloadPadding(position_ + record_size, payload_length);
  const uint64_t size = record_size + padding + payload_length;
  object_.sizes.push_back(static_cast<uint32_t>(size));
  position_ += size;
  return padding;
}

Status ContainerWriter::Block(const EncodedBlock& block) {
  const uint64_t length = block.header.payload_length;
  AppendBlockHeader(block.header, &body_);
  INGOT_ASSIGN(const uint64_t size, WriteRecord(RecordType::kBlock));
  const uint64_t padding = PayloadPadding(position_, length);
  if (padding > 0) INGOT_TRY(Write(PaddingBytes(padding)));
  for (const ByteSpan piece : block.payload) INGOT_TRY(Write(piece));
  object_.sizes.push_back(static_cast<uint32_t>(size + padding + length));
  return {};
}

Status ContainerWriter::EndObject(const ObjectId& id, bool outside) {
  if (sink_->CanRewind() && (outside || known_.contains(id))) {
    INGOT_TRY(sink_->Rewind(object_.position));
    position_ = object_.position;
    INGOT_ASSIGN(const bool known, ReferenceKnown(object_view_, id));
    return known ? Status() : ReferenceOutside(object_view_, id);
  }
  outside_.merge(object_outside_);
  AppendObjectId(id, &body_);
  INGOT_TRY(WriteRecord(RecordType::kObjectEnd));
  object_.id = id;
  known_.emplace(id, index_.objects.size());
  if (in_file_) {
    Segment segment;
    segment.kind = Segment::Kind::kObject;
    segment.view = object_view_;
    segment.length = id.length;
    segment.object = index_.objects.size();
    INGOT_TRY(AddSegment(std::move(segment)));
  }
  index_.objects.push_back(std::move(object_));
  return {};
}

Result<bool> ContainerWriter::ReferenceKnown(
    const std::optional<TensorView>& view, const ObjectId& id) {
  const auto known = known_.find(id);
  if (known == known_.end()) return false;
  Segment segment;
  segment.kind = Segment::Kind::kObject;
  segment.view = view;
  segment.length = id.length;
  segment.object = known->second;
  INGOT_TRY(AddSegment(std::move(segment)));
  AppendReference({view, known->second + 1, id}, &body_);
  INGOT_TRY(WriteRecord(RecordType::kReference));
  return true;
}

Status ContainerWriter::ReferenceOutside(
    const std::optional<TensorView>& view, const ObjectId& id) {
  Segment segment;
  segment.kind = Segment::Kind::kOutside;
  segment.view = view;
  segment.length = id.length;
  segment.outside = id;
  outside_.insert(id.digest);
  INGOT_TRY(AddSegment(std::move(segment)));
  AppendReference({view, 0, id}, &body_);
  INGOT_TRY(WriteRecord(RecordType::kReference));
  return {};
}

Status ContainerWriter::EndFile(const ObjectId& id, const std::string& note) {
  in_file_ = false;
  index_.files.back().id = id;
  index_.files.back().note = note;
  AppendFileEnd({id, note}, &body_);
  INGOT_TRY(WriteRecord(RecordType::kFileEnd));
  return {};
}

Status ContainerWriter::AddBaseFile(const BaseFile& file) {
  std::vector<BaseFile>& files = index_.base_files;
  if (std::ranges::find(files, file) != files.end()) return {};
  if (files.size() == kMaxBaseFiles) {
    return Error{ErrorKind::kResourceExhausted,
                 "more than " + std::to_string(kMaxBaseFiles) +
                     " base files in one container"};
  }
  if (file.name.size() > kMaxStringBytes) {
    return InvalidArgument("a base file's name of " +
                           std::to_string(file.name.size()) + " bytes");
  }
  files.push_back(file);
  return {};
}

Status ContainerWriter::Finish() {
  const uint64_t index_position = position_;
  AppendIndex(index_, &body_);
  INGOT_TRY(WriteRecord(RecordType::kIndex));
  record_.clear();
  AppendFooter({index_position, position_ + kFooterBytes}, &record_);
  return Write(record_);
}

}  // namespace ingot
