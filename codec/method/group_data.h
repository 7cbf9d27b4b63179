// GroupData: the raw elements of one group, as encoders hand them around.

#ifndef INGOT_CODEC_METHOD_GROUP_DATA_H_
#define INGOT_CODEC_METHOD_GROUP_DATA_H_

#include <algorithm>
#include <vector>

#include "codec/bytes.h"
#include "codec/digest.h"
#include "codec/method/geometry.h"

namespace ingot {

// Elements of an object that predict those of a group: `elements` of them from
// element `first` of the object on.
struct GroupReference {
  Digest digest;
  uint64_t first = 0;
  uint64_t elements = 0;
};

struct GroupData {
  Geometry geometry;
  uint64_t first = 0;  // the group's first element in its object
  ByteSpan raw;        // whole elements, at most geometry.group_bytes()
  // Where not empty: the elements that predict those of `raw`, as many of them,
  // and where they come from, in order. What references do not cover, at the
  // end, is zeros.
  ByteSpan base = {};
  std::vector<GroupReference> references = {};

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
  // Of `base`; empty where that is.
  ByteSpan BlockBase(uint64_t index) const {
    if (base.empty()) return {};
    return base.subspan(BlockBegin(index) * geometry.element_bytes(),
                        BlockRaw(index).size());
  }
};

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_GROUP_DATA_H_
