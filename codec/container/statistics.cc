#include "codec/container/statistics.h"

#include <algorithm>
#include <string>

#include "codec/container/block_reader.h"
#include "codec/container/walker.h"

namespace ingot {
namespace {

// Bytes of a block record that hold its header.
constexpr uint64_t kHeaderRead = 512;

void CountMethod(const std::string& name, uint64_t blocks,
                 ObjectStatistics* statistics) {
  auto& methods = statistics->methods;
  const auto found = std::ranges::find(
      methods, name, &std::pair<std::string, uint64_t>::first);
  if (found != methods.end()) {
    found->second += blocks;
  } else {
    methods.emplace_back(name, blocks);
  }
}

void CountBlock(const BlockHeader& header, uint64_t record_size,
                ObjectStatistics* statistics) {
  ++statistics->blocks;
  if (header.predictor != 0) ++statistics->predicted_blocks;
  statistics->elements += header.elements;
  CountMethod(MethodText(header), 1, statistics);
  uint64_t planes = 0;
  for (size_t plane = 0; plane < header.plane_count; ++plane) {
    const uint64_t length = header.planes[plane].length;
    planes += length;
    if (header.method != Method::kFloat && header.method != Method::kModelled) {
      statistics->byte_bytes += length;
    } else if (plane == 0) {
      statistics->exponent_bytes += length;
      statistics->exponent_elements += header.elements;
    } else {
      statistics->remainder_bytes += length;
    }
  }
  statistics->overhead_bytes += record_size - planes;
}

void Add(const ObjectStatistics& from, ObjectStatistics* to) {
  to->elements += from.elements;
  to->blocks += from.blocks;
  to->groups += from.groups;
  to->predicted_blocks += from.predicted_blocks;
  for (const auto& [name, blocks] : from.methods) {
    CountMethod(name, blocks, to);
  }
  to->exponent_bytes += from.exponent_bytes;
  to->exponent_elements += from.exponent_elements;
  to->remainder_bytes += from.remainder_bytes;
  to->byte_bytes += from.byte_bytes;
  to->side_bytes += from.side_bytes;
  to->overhead_bytes += from.overhead_bytes;
}

}  // namespace

Result<ObjectStatistics> MeasureObject(const Source& source,
                                       const ObjectEntry& object) {
  ObjectStatistics statistics;
  statistics.overhead_bytes = object.begin_size;
  const Geometry& geometry = object.geometry;
  std::vector<std::byte> bytes;
  uint64_t position = object.position + object.begin_size;
  uint64_t first = 0;
  for (size_t record = 0; record < object.sizes.size(); ++record) {
    const uint64_t size = object.sizes[record];
    if (record % (1 + geometry.blocks_per_group()) == 0) {
      ++statistics.groups;
      statistics.side_bytes += size;
    } else {
      bytes.resize(std::min(size, kHeaderRead));
      INGOT_TRY(source.ReadAt(position, bytes));
      const BlockContext context{
          .name = &source.name(),
          .side = nullptr,
          .geometry = geometry,
          .group_first = 0,
          .first = first,
          .elements =
              std::min(geometry.block_elements, object.elements() - first)};
      INGOT_ASSIGN(const ParsedBlock block,
                   ParseBlockRecord(bytes, position, context));
      CountBlock(block.header, size, &statistics);
      first += context.elements;
    }
    position += size;
  }
  return statistics;
}

Result<ContainerStatistics> MeasureContainer(const Source& source,
                                             uint64_t index_position,
                                             const Index& index) {
  ContainerStatistics statistics;
  for (const ObjectEntry& object : index.objects) {
    INGOT_ASSIGN(const ObjectStatistics measured,
                 MeasureObject(source, object));
    Add(measured, &statistics.objects);
  }
  INGOT_TRY(WalkRecords(
      source, index_position,
      [&](const Record& record, uint64_t, uint64_t total_size) {
        switch (record.type()) {
          case RecordType::kObjectBegin:  // counted with their objects
          case RecordType::kGroup:
          case RecordType::kBlock:
            break;
          case RecordType::kLiteral:
            statistics.literal_bytes += total_size;
            break;
          default:
            statistics.record_bytes += total_size;
        }
        return Status();
      }));
  statistics.index_bytes = source.size() - index_position + kHeaderBytes;
  return statistics;
}

}  // namespace ingot
