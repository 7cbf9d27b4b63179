// Sketch: 128 bytes that stand for an object when its base is looked for, with
// no regard to names. codec/base_search.h compares sketches.
//
// A sketch holds two kinds of samples. *Places* are elements whose positions
// follow from the number of elements alone, so that an object, its fine-tunes
// and what they were extended to share most of them. *Anchors* are chosen by
// content: rows whose beginnings hash low, so that an object and a range of its
// rows agree on some of them wherever the range begins. What is hashed is the
// order of neighbours, which small changes of the weights leave as it is.
//
// Stores persist sketches: the bytes below are a format and never change for
// version 1. They are the same on every machine.
//
//   offset  size   field, numbers little-endian
//   0       1      version: 1
//   1       1      dtype as coded, its number in a container
//   2       6      elements; of packed dtypes and kBytes, bytes
//   8       4      row: elements from one row to the next, see below
//   12      18*2   places: top bits of elements, 0 where there is none
//   48      16*5   anchors: bits 0-11 unit in its stratum (0xFFF: no anchor,
//                  the other bits are 0), 12-23 key, 24-39 fine bits
//
// Mix(n) is the finalizer of SplitMix64: n += 0x9E3779B97F4A7C15; n = (n ^ n >>
// 30) * 0xBF58476D1CE4E5B9; n = (n ^ n >> 27) * 0x94D049BB133111EB; n ^ n
// >> 31.
//
// Top bits: of elements of 16 bits and more, bits 16 to 31 of integers' lowest
// 32 and the highest 16 of floats (the whole element where it has 16); bytes
// shifted left by 8. Fine bits: the 16 bits below the top bits where there are
// any, else the top bits.
//
// Places. With the smallest *level* for which 2^level elements divide the
// object into at most 18 strata (the last may be short), stratum *i* holds at
// most one place: i, and then for each of the levels from *level* down to 1,
// i = 2i + (Mix(level * 2^56 + i) & 1); none where this is no element of the
// object. So half of the places of level n are those of level n + 1.
//
// Anchors. *row* is the columns; if these are at most 1, at least the elements
// or above 2^32 - 1, it is 4096; if they are below 64, their smallest multiple
// that is not. A *unit* is 64 elements: those at the row's begin and, as often
// as it has 64 more elements there, 4096 further on. Of the units that lie in
// the object every *stride*-th counts, the smallest power of two that leaves
// at most 16384. Strata of units: the smallest power of two that makes at most
// 16. In a unit, bit i of *word* (0..31) says whether element 2i is less than
// element 2i + 1 (floats by value, -0.0 equal to 0.0, NaN beyond infinity of
// their sign). A unit may be an anchor if its word has 4 to 28 ones. Of a
// stratum's units the one with the smallest Mix(word) >> 32 is the anchor, the
// first of equal ones. Its key is Mix(word) & 0xFFF; its fine bits are those of
// element (Mix(word) >> 12) & 63 of the unit.
//
// Thread-safety: a value; functions may be called from any thread.

#ifndef INGOT_CODEC_SKETCH_H_
#define INGOT_CODEC_SKETCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "codec/bytes.h"
#include "codec/dtype.h"
#include "codec/result.h"

namespace ingot {

inline constexpr size_t kSketchBytes = 128;
inline constexpr size_t kSketchPlaces = 18;
inline constexpr size_t kSketchAnchors = 16;

// Smaller objects have no sketch: they are literals. Stores that keep sketches
// do well to begin at 64 KiB, where they cost 0.2 %.
inline constexpr uint64_t kMinSketchedBytes = 4096;

struct Sketch {
  struct Anchor {
    uint64_t position = 0;  // element
    uint16_t key = 0;
    uint16_t fine = 0;
    bool operator==(const Anchor&) const = default;
  };

  DType dtype = DType::kBytes;
  uint64_t elements = 0;  // of packed dtypes, bytes
  uint32_t row = 0;
  unsigned level = 0;  // of the places; follows from elements
  std::array<std::optional<uint16_t>, kSketchPlaces> places;
  std::array<std::optional<Anchor>, kSketchAnchors> anchors;

  bool operator==(const Sketch&) const = default;
};

// Fills `out` with the object's bytes from `offset` on. MakeSketch asks in
// ascending order, for at most 64 KiB at a time.
using RangeReader = std::function<Status(uint64_t offset, MutableByteSpan out)>;

// The sketch of an object of `length` bytes, coded as rows of `columns`
// elements of `dtype`; nothing for one below kMinSketchedBytes or, as no
// container has them, above 2^47 bytes. Reads about one element in sixty of
// wide matrices, and at most a few MiB beyond 16384 rows. Errors are those of
// `read`. REQUIRES: `dtype` is one that objects are coded as; `length` is a
// multiple of its size.
Result<std::optional<Sketch>> MakeSketch(DType dtype, uint64_t columns,
                                         uint64_t length,
                                         const RangeReader& read);

std::array<std::byte, kSketchBytes> SerializeSketch(const Sketch& sketch);

// kCorruption for bytes that no object has as its sketch, as far as they tell;
// kUnsupported for a later version.
Result<Sketch> ParseSketch(ByteSpan bytes);

// Where stratum `index` of `level` has its place, among strata of `to_level`
// (0: among elements). REQUIRES: to_level <= level <= 48.
uint64_t SketchPlace(uint64_t index, unsigned level, unsigned to_level);

}  // namespace ingot

#endif  // INGOT_CODEC_SKETCH_H_
