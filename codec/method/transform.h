// Transforms: methods that turn a block's elements into planes of bytes, which
// byte coders then encode (codec/FORMAT.md, section 4).
//
// split takes any elements. The others are detectors: they recognise what a
// block holds, prove it by restoring every element from their planes, and
// decline (false) where one differs. They find what planes of floats hide:
// few distinct values, integers stored as floats, integers times a scale.
//
// No floating-point arithmetic: a restored element is the same on every
// machine, whatever rounding or flushing its host has set.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_METHOD_TRANSFORM_H_
#define INGOT_CODEC_METHOD_TRANSFORM_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "codec/method/block.h"
#include "codec/method/geometry.h"

namespace ingot {

// Planes before they are encoded. Buffers are reused.
struct PlaneSet {
  TransformParameters parameters;
  size_t count = 0;
  std::array<std::vector<std::byte>, kMaxPlanes> planes;

  // Makes `planes` empty.
  void Start(size_t planes);
  // Appends the bytes of `value`, lowest first, to planes from `plane` on.
  void PushSplit(uint64_t value, size_t plane, size_t bytes);
};

// What PushSplit appended to the first four planes at `index`.
uint32_t GatherSplit(const std::vector<ByteSpan>& planes, size_t index);

// An element as the number of its 1 to 8 bytes.
inline uint64_t LoadElement(const std::byte* at, size_t bytes) {
  uint64_t element = 0;
  std::memcpy(&element, at, bytes);
  return element;
}

// Elements of a block and where they lie.
struct BlockElements {
  const Geometry* geometry;
  uint64_t first;  // the first one's place in the object
  ByteSpan raw;

  uint64_t count() const { return raw.size() / geometry->element_bytes(); }
};

// One plane for each byte of the element.
void SplitElements(const BlockElements& block, PlaneSet* set);

// At most 256 distinct values: the values, and an index for each element.
bool FindPalette(const BlockElements& block, PlaneSet* set);

// Floats that are integers of at most 31 bits; -0.0 is none.
bool FindIntegers(const BlockElements& block, PlaneSet* set);

// Floats that are products of a small integer and a scale that `span`
// neighbours in a row share: dequantised weights.
bool FindScaledIntegers(const BlockElements& block, uint32_t span,
                        PlaneSet* set);

// Bytes of plane `plane` once it is decoded. `first` as in BlockElements.
uint64_t TransformPlaneBytes(const BlockHeader& header,
                             const Geometry& geometry, uint64_t first,
                             size_t plane);

// Restores elements [begin, begin + out.size() / element size) of a block from
// its decoded planes, which have the sizes above.
Status RestoreElements(const BlockHeader& header, const Geometry& geometry,
                       uint64_t first, const std::vector<ByteSpan>& planes,
                       uint64_t begin, MutableByteSpan out);

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_TRANSFORM_H_
