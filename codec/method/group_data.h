// GroupData: the raw elements of one group, as encoders hand them around.

#ifndef INGOT_CODEC_METHOD_GROUP_DATA_H_
#define INGOT_CODEC_METHOD_GROUP_DATA_H_

#include <algorithm>

#include "codec/bytes.h"
#include "codec/method/geometry.h"

namespace ingot {

struct GroupData {
  Geometry geometry;
  uint64_t first = 0;  // the group's first element in its object
  ByteSpan raw;        // whole elements, at most geometry.group_bytes()

  uint64_t elements() const { return raw.size() / geometry.element_bytes(); }
  uint64_t blocks() const {
    return DivideRoundingUp(elements(), geometry.block_elements);
  }
  // First element of block `index`, counted from the group's.
  uint64_t BlockBegin(uint64_t index) const {
    return index * geometry.block_elements;
  }
  ByteSpan BlockRaw(uint64_t index) const {
    const uint64_t begin = BlockBegin(index) * geometry.element_bytes();
    return raw.subspan(begin, std::min<uint64_t>(geometry.block_bytes(),
                                                 raw.size() - begin));
  }
};

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_GROUP_DATA_H_
