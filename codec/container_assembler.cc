#include "codec/container_assembler.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "codec/container/extents.h"
#include "codec/container/index.h"
#include "codec/container/object_records.h"
#include "codec/container/record.h"
#include "codec/container/walker.h"
#include "codec/container/writer.h"

namespace ingot {
namespace {

// What a container is to who copies from it.
struct Original {
  const Source& source;
  const Index& index;
  uint64_t index_position;
  ExtentSink::Origin origin;  // null: bytes are written

  Error Disagree(uint64_t position) const {
    return Corruption(source.name() + ": offset " + std::to_string(position) +
                      ": record is not what the index says");
  }
  Result<ByteReader> Read(RecordType type, uint64_t position, uint64_t* size,
                          std::vector<std::byte>* bytes) const {
    INGOT_ASSIGN(const Record record,
                 ReadRecord(source, position, index_position, bytes));
    if (record.type() != type) return Disagree(position);
    *size = record.size;
    return ByteReader(record.body, source.name(),
                      position + record.body_offset);
  }
};

Status CheckBegin(const Original& from, const ObjectEntry& entry) {
  std::vector<std::byte> bytes;
  uint64_t size = 0;
  INGOT_ASSIGN(ByteReader body, from.Read(RecordType::kObjectBegin,
                                          entry.position, &size, &bytes));
  INGOT_ASSIGN(const ObjectBeginBody begin, ParseObjectBegin(&body));
  if (size != entry.begin_size || begin.geometry != entry.geometry) {
    return from.Disagree(entry.position);
  }
  return {};
}

Status CheckEnd(const Original& from, const ObjectEntry& entry) {
  const uint64_t position = entry.position + entry.RecordBytes();
  std::vector<std::byte> bytes;
  uint64_t size = 0;
  INGOT_ASSIGN(ByteReader body,
               from.Read(RecordType::kObjectEnd, position, &size, &bytes));
  INGOT_ASSIGN(const ObjectId id, ParseObjectId(&body));
  INGOT_TRY(body.ExpectDone());
  return id == entry.id ? Status() : Status(from.Disagree(position));
}

}  // namespace

class ContainerAssembler::Impl {
 public:
  explicit Impl(Sink* sink) : sink_(sink), writer_(sink) {}
  explicit Impl(Reopen reopen)
      : reopen_(std::move(reopen)), sink_(&extents_), writer_(&extents_) {}

  ContainerWriter& writer() { return writer_; }
  ExtentSink& extents() { return extents_; }
  const std::set<Digest>& held() const { return held_; }

  Original From(const ContainerReader& container) const {
    return {container.source(), container.index(), container.index_position(),
            reopen_ ? reopen_(container) : nullptr};
  }
  Status CopyObject(const Original& from, size_t object,
                    const std::optional<TensorView>& view);
  Status CopyFile(const Original& from, const Manifest& file,
                  const ObjectProvider& provide);

 private:
  Status CopyGroup(const Original& from, ObjectRecords* records,
                   uint64_t group);
  Status CopyBlock(const Original& from, ObjectRecords* records,
                   uint64_t block);
  Status CopyLiteral(const Original& from, const Segment& segment);
  // True where the object is now in the container.
  Result<bool> Provide(const ObjectId& id, const Segment& segment,
                       const ObjectProvider& provide);

  const Reopen reopen_;  // null: there is a sink
  ExtentSink extents_;
  Sink* const sink_;
  ContainerWriter writer_;
  std::set<Digest> held_;
};

Status ContainerAssembler::Impl::CopyGroup(const Original& from,
                                           ObjectRecords* records,
                                           uint64_t group) {
  INGOT_ASSIGN(const GroupBytes bytes, records->ReadGroup(group));
  writer_.PlaceGroup(bytes.record.size(), *bytes.side);
  if (from.origin == nullptr) return sink_->Write(bytes.record);
  extents_.AddRecord(from.origin, bytes.position, bytes.record.size());
  return {};
}

Status ContainerAssembler::Impl::CopyBlock(const Original& from,
                                           ObjectRecords* records,
                                           uint64_t block) {
  if (from.origin != nullptr) {
    INGOT_ASSIGN(const ParsedBlock parsed, records->ReadHeader(block));
    const RecordExtent extent = records->Block(block);
    const uint64_t padding =
        writer_.PlaceBlock(parsed.record_size, parsed.header.payload_length);
    extents_.AddBlock(from.origin, extent.position, extent.size,
                      parsed.payload_offset - parsed.record_size, padding);
    return {};
  }
  INGOT_ASSIGN(const BlockBytes bytes, records->ReadBlock(block));
  const uint64_t padding =
      writer_.PlaceBlock(bytes.record.size(), bytes.payload.size());
  INGOT_TRY(sink_->Write(bytes.record));
  if (padding > 0) INGOT_TRY(sink_->Write(PaddingBytes(padding)));
  return sink_->Write(bytes.payload);
}

Status ContainerAssembler::Impl::CopyObject(
    const Original& from, size_t object,
    const std::optional<TensorView>& view) {
  const ObjectEntry& entry = from.index.objects[object];
  INGOT_TRY(CheckBegin(from, entry));
  INGOT_TRY(writer_.BeginObject(view, entry.geometry, entry.depth));
  ObjectRecords records(&from.source, &from.index);
  records.Select(object);
  const uint64_t blocks = entry.blocks();
  const uint64_t group_blocks = entry.geometry.blocks_per_group();
  for (uint64_t block = 0; block < blocks; ++block) {
    if (block % group_blocks == 0) {
      INGOT_TRY(CopyGroup(from, &records, block / group_blocks));
    }
    INGOT_TRY(CopyBlock(from, &records, block));
  }
  INGOT_TRY(CheckEnd(from, entry));
  held_.insert(entry.id.digest);
  return writer_.EndObject(entry.id);
}

Status ContainerAssembler::Impl::CopyLiteral(const Original& from,
                                             const Segment& segment) {
  std::vector<std::byte> bytes;
  INGOT_ASSIGN(const Record record, ReadRecord(from.source, segment.record,
                                               from.index_position, &bytes));
  ByteReader body(record.body, from.source.name(),
                  segment.record + record.body_offset);
  INGOT_TRY(ParseLiteralOf(segment, record, &body));
  INGOT_TRY(writer_.PlaceLiteral(segment.view, segment.length, record.size));
  if (from.origin == nullptr) {
    return sink_->Write(ByteSpan(bytes).first(record.size));
  }
  extents_.AddRecord(from.origin, segment.record, record.size);
  return {};
}

Result<bool> ContainerAssembler::Impl::Provide(const ObjectId& id,
                                               const Segment& segment,
                                               const ObjectProvider& provide) {
  bool copied = false;
  INGOT_TRY(
      provide(id, [&](const ContainerReader& holder, size_t object) -> Status {
        if (copied || object >= holder.object_count() ||
            holder.object(object).id != id) {
          return InvalidArgument(holder.name() + ": object " +
                                 std::to_string(object) + " is not " +
                                 ToHex(id.digest));
        }
        copied = true;
        return CopyObject(From(holder), object, segment.view);
      }));
  return copied;
}

Status ContainerAssembler::Impl::CopyFile(const Original& from,
                                          const Manifest& file,
                                          const ObjectProvider& provide) {
  std::set<ObjectId> asked;
  for (const Segment& segment : file.segments) {
    if (segment.kind == Segment::Kind::kLiteral) {
      INGOT_TRY(CopyLiteral(from, segment));
      continue;
    }
    const ObjectId& id = segment.kind == Segment::Kind::kObject
                             ? from.index.objects[segment.object].id
                             : segment.outside;
    INGOT_ASSIGN(bool is_there, writer_.ReferenceKnown(segment.view, id));
    if (!is_there && provide && asked.insert(id).second) {
      INGOT_ASSIGN(is_there, Provide(id, segment, provide));
    }
    if (!is_there) INGOT_TRY(writer_.ReferenceOutside(segment.view, id));
  }
  return {};
}

ObjectProvider ProvideFrom(const ContainerReader& container) {
  std::map<ObjectId, size_t> objects;
  for (size_t i = 0; i < container.object_count(); ++i) {
    objects.emplace(container.object(i).id, i);
  }
  return [&container, objects = std::move(objects)](
             const ObjectId& id, const ObjectCopy& copy) -> Status {
    const auto found = objects.find(id);
    return found == objects.end() ? Status() : copy(container, found->second);
  };
}

ContainerAssembler::ContainerAssembler(Sink* sink)
    : impl_(std::make_unique<Impl>(sink)) {}
ContainerAssembler::ContainerAssembler(Reopen reopen)
    : impl_(std::make_unique<Impl>(std::move(reopen))) {}
ContainerAssembler::~ContainerAssembler() = default;

Status ContainerAssembler::Start() { return impl_->writer().Start(); }

Status ContainerAssembler::AddObject(const ContainerReader& container,
                                     size_t object) {
  if (object >= container.object_count()) {
    return InvalidArgument(container.name() + ": no object " +
                           std::to_string(object));
  }
  if (Has(container.object(object).id)) return {};
  return impl_->CopyObject(impl_->From(container), object, std::nullopt);
}

Status ContainerAssembler::AddFile(const ContainerReader& container,
                                   size_t file, const FileCopy& how) {
  if (file >= container.files().size()) {
    return InvalidArgument(container.name() + ": no file " +
                           std::to_string(file));
  }
  const Manifest& manifest = container.files()[file];
  const FileInfo& info = how.info ? *how.info : manifest.info;
  if ((!info.path.empty() && !IsSafeRelativePath(info.path)) ||
      info.format.size() > kMaxStringBytes) {
    return InvalidArgument(
        "a file's path that leaves its folder, or a format of " +
        std::to_string(info.format.size()) + " bytes");
  }
  INGOT_TRY(impl_->writer().BeginFile(info));
  INGOT_TRY(impl_->CopyFile(impl_->From(container), manifest, how.provide));
  return impl_->writer().EndFile(manifest.id, manifest.note);
}

Status ContainerAssembler::AddBaseFiles(const ContainerReader& container) {
  for (const BaseFile& file : container.base_files()) {
    const Status added = impl_->writer().AddBaseFile(file);
    // They are hints.
    if (!added.ok() && added.error().kind == ErrorKind::kResourceExhausted) {
      break;
    }
    INGOT_TRY(added);
  }
  return {};
}

bool ContainerAssembler::Has(const ObjectId& id) const {
  return impl_->writer().Has(id);
}

std::set<Digest> ContainerAssembler::outside() const {
  std::set<Digest> outside;
  for (const Digest& digest : impl_->writer().outside()) {
    if (!impl_->held().contains(digest)) outside.insert(digest);
  }
  return outside;
}

uint64_t ContainerAssembler::encoded_bytes() const {
  return impl_->writer().position();
}

Status ContainerAssembler::Finish() { return impl_->writer().Finish(); }

ContainerAssembler::Assembled ContainerAssembler::TakeSource(std::string name) {
  const Digest identity = impl_->extents().Identity();
  return {impl_->extents().TakeSource(std::move(name)), identity};
}

}  // namespace ingot
