// A second decoder, written from codec/FORMAT.md alone and for clarity: no
// header of the library is included, every number is read where the text says
// it stands, bit by bit. It proves that the text suffices.
//
// It reads valid containers from front to back; where one is not valid it
// throws. It is slow, and no model for a decoder of hostile input.

#ifndef INGOT_TESTS_CODEC_SPEC_DECODER_H_
#define INGOT_TESTS_CODEC_SPEC_DECODER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/codec/spec_delta.h"
#include "tests/codec/spec_modelled.h"

namespace spec {

using Bytes = std::vector<uint8_t>;

struct File {
  std::string path;
  Bytes contents;
};

// Section 2.
struct Geometry {
  unsigned dtype = 0;
  uint64_t columns = 1;
  uint64_t block_elements = 1;
  uint64_t group_elements = 1;
};

// Section 3.
struct Group {
  uint64_t first = 0;  // element of the object
  uint64_t elements = 0;
  bool tiered = false;
  unsigned base = 0;
  std::vector<unsigned> widths;
  std::vector<std::vector<unsigned>> table;  // [class][rank]
  std::vector<unsigned> rows;
  std::vector<unsigned> columns;
  // Section 7, where the group has it.
  unsigned joined_coder = 0;
  unsigned top_bits = 0;
  std::vector<std::vector<unsigned>> values;  // [class][rank]
  std::vector<unsigned> lengths;
  std::vector<unsigned> frequencies;
  std::optional<ModelledSide> modelled;
  std::optional<DeltaSide> delta;
};

// `outside` has the objects by their digests that the container refers to and
// does not hold.
std::vector<File> DecodeContainer(const Bytes& container,
                                  const std::map<Digest, Bytes>& outside = {});

Group DecodeGroup(const Bytes& body, const Geometry& geometry, uint64_t first);

// The elements of a block that begins at element `first` of its object and
// whose elements' base is `base`, where its group has one.
Bytes DecodeBlock(const Bytes& body, const Bytes& payload, const Group& group,
                  const Geometry& geometry, uint64_t first,
                  const Bytes& base = {});

}  // namespace spec

#endif  // INGOT_TESTS_CODEC_SPEC_DECODER_H_
