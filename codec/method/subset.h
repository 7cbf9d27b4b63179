// Methods sparse and rows: the float method over some of a block's elements
// (codec/FORMAT.md, section 4).
//
// sparse keeps the elements that are not zero, rows the rows that repeat none
// before them. Kept elements lie side by side as if they were a block of their
// own; each has the scale of the place that it comes from.
//
// Thread-safety: the scratch structs belong to one thread each.

#ifndef INGOT_CODEC_METHOD_SUBSET_H_
#define INGOT_CODEC_METHOD_SUBSET_H_

#include <vector>

#include "codec/method/block_codec.h"
#include "codec/method/float_method.h"

namespace ingot {

struct SubsetEncodeScratch {
  std::vector<std::byte> map;  // the trailing planes before they are coded
  std::vector<std::byte> signs;
  std::array<std::vector<std::byte>, 2> coded;
  std::vector<std::byte> kept;  // elements
  GroupPlan plan;
};

// As EncodeFloatBlock, for `method` kSparse or kRows. False also where the
// method does not apply: rows need whole rows.
Result<bool> EncodeSubsetBlock(Method method, const GroupPlan& plan,
                               const GroupData& group, uint64_t index,
                               size_t limit, FloatEncodeScratch* floats,
                               JoinedEncodeScratch* joined,
                               SubsetEncodeScratch* scratch,
                               EncodedBlock* block);

struct SubsetDecodeScratch {
  AlignedBuffer map;
  AlignedBuffer signs;
  AlignedBuffer kept;
  GroupSide side;
};

// As DecodeFloatBlock, for both methods.
Status DecodeSubsetBlock(const Kernels& kernels, const GroupSide& side,
                         const Geometry& geometry,
                         const BlockPosition& position,
                         const BlockHeader& header, const std::byte* payload,
                         uint64_t begin, uint64_t end,
                         FloatDecodeScratch* floats,
                         SubsetDecodeScratch* scratch, MutableByteSpan out);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_SUBSET_H_
