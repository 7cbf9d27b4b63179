// GroupSide: the side data that the blocks of a group share, and its encoding
// as the body of a group record (codec/FORMAT.md, section 3).
//
// Thread-safety: a value; read by many threads once built.

#ifndef INGOT_CODEC_METHOD_GROUP_SIDE_H_
#define INGOT_CODEC_METHOD_GROUP_SIDE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/base/byte_reader.h"
#include "codec/entropy/tiered/tier_code.h"
#include "codec/method/geometry.h"
#include "codec/method/joined_side.h"
#include "codec/result.h"

namespace ingot {

struct ModelledSide;
struct DeltaSide;

struct GroupSide {
  uint64_t elements = 0;
  // False: blocks of this group use no tiered exponents and nothing below
  // holds.
  bool tiered = false;
  TierCode code;
  // Scales in quarter octaves, one for each row that begins in the group or
  // reaches into it, and one for each column; empty where not sent. Both are
  // followed by kKernelSlack zero bytes.
  std::vector<uint8_t> rows;
  std::vector<uint8_t> columns;

  // Joined exponents, where the group has them besides tiers.
  std::shared_ptr<const JoinedSide> joined;
  // Not null: blocks of this group may use the modelled method.
  std::shared_ptr<const ModelledSide> modelled;
  // Not null: blocks of this group may be predicted from other objects.
  std::shared_ptr<const DeltaSide> delta;

  bool has_scales() const { return !rows.empty() || !columns.empty(); }
};

// Rows of `geometry` that a group of `elements` elements starting at element
// `first` of its object touches.
uint64_t RowsInGroup(const Geometry& geometry, uint64_t first,
                     uint64_t elements);

// A scale vector's encoding: values around a centre in Rice codes, the
// parameters chosen to be the smallest. Appends to `*out`.
void AppendScaleVector(const std::vector<uint8_t>& values, size_t count,
                       std::vector<std::byte>* out);
// Its size in bytes without writing it.
size_t ScaleVectorBytes(const std::vector<uint8_t>& values, size_t count);

// `count` values, followed by kKernelSlack zero bytes.
Result<std::vector<uint8_t>> ParseScaleVector(ByteReader* reader,
                                              uint64_t count);

void AppendGroupSide(const GroupSide& side, std::vector<std::byte>* body);

// Parses a group record's body. `first` is the group's first element in its
// object. Allocates no more than 32 times the bytes that remain,
// and the decoding table of joined exponents.
Result<GroupSide> ParseGroupSide(ByteReader* reader, const Geometry& geometry,
                                 uint64_t first);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_GROUP_SIDE_H_
