// Finds the base of an object by its sketch: which of many objects it was
// probably made from, where in that object its elements begin, and about how
// large the delta would be.
//
// Names and digests play no part, so that renamed tensors, row ranges of
// tensors (shards, experts of a stack) and tensors with rows appended (larger
// vocabularies) find their bases as well. Only objects of the same dtype are
// compared. Answers are estimates: whoever encodes still chooses for each block
// what is smaller.
//
// Sizes are encoded / raw. They come from a few samples: with changes of r
// times the weights in norm, mostly within a factor of 2 for r = 1e-3 to 0.1;
// below, so few samples differ that only the order of magnitude is known. Bases
// are found up to r = 0.1, seldom beyond, where deltas save little. A shard
// must keep the columns and some anchors, which a quarter mostly does up to r =
// 0.03 and an eighth up to 0.01; less than an eighth of its base is seldom
// found. Of a million pairs of unrelated tensors 1 to 30 look related, of those
// that take 16 values only up to 200. codec/delta_estimate.h is for those who
// have the elements.
//
// Thread-safety: functions without state.

#ifndef INGOT_CODEC_BASE_SEARCH_H_
#define INGOT_CODEC_BASE_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codec/dtype.h"
#include "codec/sketch.h"

namespace ingot {

// Elements of an object that resemble elements of another. First elements and
// counts are in elements as coded: of packed dtypes, blocks.
struct BaseMatch {
  size_t candidate = 0;  // index among the candidates
  uint64_t first_element = 0;
  uint64_t base_first_element = 0;
  uint64_t elements = 0;
  // Of those elements, given the base's.
  double delta_size = 1;
  // Of the whole object, its other elements coded without a base. The smaller,
  // the better the base.
  double distance = 1;
};

// What an object of weights of this dtype comes to without a base, of
// exponents as trained weights have them: 0.66 for bf16.
double TypicalSize(DType dtype);

// Nothing where the two seem unrelated.
std::optional<BaseMatch> MatchBase(const Sketch& object, const Sketch& base);

// The match of the smallest distance; the first of equal ones. A candidate
// takes a fraction of a microsecond to about two, the more it resembles.
std::optional<BaseMatch> BestBase(const Sketch& object,
                                  std::span<const Sketch> candidates);

// Matches of several candidates that cover as much of the object as there are
// matches for, the best first chosen: they do not overlap, and are in the order
// of its elements. For objects that were merged from several.
std::vector<BaseMatch> CoverWithBases(const Sketch& object,
                                      std::span<const Sketch> candidates);

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_SEARCH_H_
