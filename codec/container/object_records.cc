#include "codec/container/object_records.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "codec/container/record.h"
#include "codec/container/walker.h"
#include "codec/method/delta_side.h"

namespace ingot {

void ObjectRecords::Select(size_t object) {
  if (object_ == object) return;
  const ObjectEntry& entry = index_->objects[object];
  positions_.clear();
  positions_.reserve(entry.sizes.size());
  uint64_t position = entry.position + entry.begin_size;
  for (uint32_t size : entry.sizes) {
    positions_.push_back(position);
    position += size;
  }
  object_ = object;
  side_ = nullptr;
}

RecordExtent ObjectRecords::Block(uint64_t block) const {
  const ObjectEntry& entry = index_->objects[object_];
  // A group's record stands before those of its blocks.
  const size_t record = block + block / entry.geometry.blocks_per_group() + 1;
  return {positions_[record], entry.sizes[record]};
}

Result<std::shared_ptr<const GroupSide>> ObjectRecords::Group(uint64_t group) {
  if (side_ != nullptr && group_ == group) return side_;
  INGOT_ASSIGN(GroupBytes bytes, ReadGroup(group));
  return std::move(bytes.side);
}

Result<GroupBytes> ObjectRecords::ReadGroup(uint64_t group) {
  const ObjectEntry& entry = index_->objects[object_];
  const size_t record_index = group * (1 + entry.geometry.blocks_per_group());
  const uint64_t position = positions_[record_index];
  std::vector<std::byte> bytes(entry.sizes[record_index]);
  INGOT_TRY(source_->ReadAt(position, bytes));
  size_t wanted = 0;
  INGOT_ASSIGN(const std::optional<Record> record,
               ParseRecord(bytes, source_->name(), position, &wanted));
  if (!record || record->type() != RecordType::kGroup ||
      record->size != bytes.size()) {
    return Corruption(source_->name() + ": offset " + std::to_string(position) +
                      ": expected a group record");
  }
  ByteReader reader(record->body, source_->name(),
                    position + record->body_offset);
  const uint64_t first = group * entry.geometry.group_elements;
  INGOT_ASSIGN(GroupSide side, ParseGroupSide(&reader, entry.geometry, first));
  if (side.elements !=
      std::min(entry.geometry.group_elements, entry.elements() - first)) {
    return reader.Corrupt("group has other elements than the index says");
  }
  if (side.delta != nullptr && entry.depth == 0) {
    return reader.Corrupt(
        "group refers to other objects, the index says that its does not");
  }
  group_ = group;
  side_ = std::make_shared<GroupSide>(std::move(side));
  return GroupBytes{position, std::move(bytes), side_};
}

Result<BlockContext> ObjectRecords::Context(uint64_t block) {
  const ObjectEntry& entry = index_->objects[object_];
  const Geometry& geometry = entry.geometry;
  const uint64_t group = block / geometry.blocks_per_group();
  INGOT_ASSIGN(std::shared_ptr<const GroupSide> side, Group(group));
  const uint64_t first = block * geometry.block_elements;
  return BlockContext{
      .name = &source_->name(),
      .side = std::move(side),
      .geometry = geometry,
      .group_first = group * geometry.group_elements,
      .first = first,
      .elements = std::min(geometry.block_elements, entry.elements() - first)};
}

Result<std::set<Digest>> ObjectRecords::References() {
  std::set<Digest> references;
  const ObjectEntry& entry = index_->objects[object_];
  for (uint64_t group = 0; entry.depth > 0 && group < entry.groups(); ++group) {
    INGOT_ASSIGN(const std::shared_ptr<const GroupSide> side, Group(group));
    if (side->delta == nullptr) continue;
    for (const GroupReference& reference : side->delta->references) {
      references.insert(reference.digest);
    }
  }
  return references;
}

Result<ParsedBlock> ObjectRecords::ReadHeader(uint64_t block) {
  INGOT_ASSIGN(const BlockContext context, Context(block));
  const RecordExtent extent = Block(block);
  std::vector<std::byte> bytes;
  INGOT_TRY(ReadRecord(*source_, extent.position, extent.position + extent.size,
                       &bytes));
  INGOT_ASSIGN(const ParsedBlock parsed,
               ParseBlockRecord(bytes, extent.position, context));
  if (parsed.payload_offset + parsed.header.payload_length != extent.size) {
    return Corruption(source_->name() + ": offset " +
                      std::to_string(extent.position) +
                      ": block is not what the index says");
  }
  return parsed;
}

Result<BlockBytes> ObjectRecords::ReadBlock(uint64_t block) {
  INGOT_ASSIGN(const BlockContext context, Context(block));
  const RecordExtent extent = Block(block);
  INGOT_TRY(bytes_.Resize(extent.size));
  INGOT_TRY(source_->ReadAt(extent.position, bytes_.span()));
  INGOT_ASSIGN(const ParsedBlock parsed,
               CheckBlockRecord(bytes_.span(), extent.position, context));
  const ByteSpan bytes = bytes_.span();
  return BlockBytes{bytes.first(parsed.record_size),
                    bytes.subspan(parsed.payload_offset)};
}

Status ObjectRecords::CheckBlocks() {
  for (uint64_t block = 0; block < index_->objects[object_].blocks(); ++block) {
    INGOT_TRY(ReadBlock(block));
  }
  return {};
}

}  // namespace ingot
