// Geometry: how an object is cut into groups and blocks (codec/FORMAT.md,
// section 2).
//
// The cut depends on shape alone, so that an fp32 master and its bf16 copy, or
// a table and its extension by some rows, share block boundaries.
//
// Thread-safety: values.

#ifndef INGOT_CODEC_METHOD_GEOMETRY_H_
#define INGOT_CODEC_METHOD_GEOMETRY_H_

#include <algorithm>
#include <cstdint>

#include "codec/dtype.h"
#include "codec/result.h"

namespace ingot {

inline constexpr uint64_t kMaxBlockBytes = uint64_t{1} << 20;
inline constexpr uint64_t kMaxGroupBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaxGeometryColumns = uint64_t{1} << 40;
// Column scales for wider rows would outweigh what they gain.
inline constexpr uint64_t kMaxScaledColumns = uint64_t{1} << 24;

struct Geometry {
  DType dtype = DType::kBytes;  // as coded: no packed or complex dtypes
  uint64_t columns = 1;
  uint64_t block_elements = 1;
  uint64_t group_elements = 1;

  uint64_t element_bytes() const { return GetDTypeInfo(dtype).bits / 8; }
  uint64_t block_bytes() const { return block_elements * element_bytes(); }
  uint64_t group_bytes() const { return group_elements * element_bytes(); }
  uint64_t blocks_per_group() const { return group_elements / block_elements; }

  bool operator==(const Geometry&) const = default;
};

// The encoder's cut. REQUIRES: columns >= 1, dtype codable.
Geometry ChooseGeometry(DType dtype, uint64_t columns);

// The same in blocks of so many elements, at most as many as it has, and groups
// of whole blocks no larger than its own. REQUIRES: block_elements >= 1.
Geometry WithBlocksOf(Geometry geometry, uint64_t block_elements);

// True for dtypes whose elements are coded as such: not for complex numbers
// and elements smaller than a byte, which appear in views only.
bool IsCodable(DType dtype);

// Checks limits and multiples of a geometry that came from outside.
Status CheckGeometry(const Geometry& geometry);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_GEOMETRY_H_
