#include "daemon/ingest/block_edges.h"

#include <algorithm>
#include <iterator>

#include "codec/dtype.h"
#include "codec/stream_encoder.h"
#include "formats/layout.h"

namespace ingot::ingest {
namespace {

// Bytes of the blocks that a segment's elements were most likely cut into; of
// what another pack holds it is a guess.
uint64_t BlockBytes(const ContainerReader& reader, const Segment& segment,
                    uint64_t begin) {
  if (segment.kind == Segment::Kind::kLiteral) {
    return std::max<uint64_t>(1, segment.length);
  }
  DType dtype = DType::kBytes;
  uint64_t columns = 1;
  if (segment.kind == Segment::Kind::kObject) {
    const ObjectInfo info = reader.object(segment.object);
    dtype = info.element_dtype;
    columns = info.columns;
  } else if (segment.view) {
    const Region region = TensorRegion(begin, *segment.view);
    dtype = region.element_dtype;
    columns = region.columns;
  }
  const uint64_t bytes =
      BlockElements(dtype, columns) * (GetDTypeInfo(dtype).bits / 8);
  return std::max<uint64_t>(1, bytes);
}

}  // namespace

BlockEdges::BlockEdges(const ContainerReader& reader, const Manifest& file) {
  parts_.reserve(file.segments.size());
  uint64_t at = 0;
  for (const Segment& segment : file.segments) {
    parts_.push_back({at, BlockBytes(reader, segment, at)});
    at += segment.length;
  }
}

uint64_t BlockEdges::GoodEnd(uint64_t begin, uint64_t end) const {
  const auto behind = std::ranges::upper_bound(parts_, end, {}, &Part::begin);
  if (behind == parts_.begin()) return end;
  const Part& part = *std::prev(behind);
  const uint64_t edge = end - (end - part.begin) % part.block;
  return edge > begin ? edge : end;
}

}  // namespace ingot::ingest
