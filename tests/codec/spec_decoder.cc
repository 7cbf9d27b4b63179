#include "tests/codec/spec_decoder.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/codec/spec_base.h"
#include "tests/codec/spec_delta.h"
#include "tests/codec/spec_methods.h"
#include "tests/codec/spec_rans.h"

namespace spec {
namespace {

// Section 5, "Packed blocks": b[byte : bit : width].
struct Part {
  size_t byte;
  size_t bit;
  size_t width;
};
using Symbol = std::vector<Part>;  // later parts above earlier ones

std::vector<std::vector<Symbol>> FieldsOf(unsigned dtype) {
  const auto bytes = [](size_t first, size_t last) {
    std::vector<Symbol> symbols;
    for (size_t i = first; i <= last; ++i) symbols.push_back({{i, 0, 8}});
    return symbols;
  };
  const auto five = [](size_t q, size_t h) {
    std::vector<Symbol> symbols;
    for (size_t j = 0; j < 32; ++j) {
      symbols.push_back({{q + j % 16, j / 16 * 4, 4}, {h + j / 8, j % 8, 1}});
    }
    return symbols;
  };
  const auto six = [](size_t s, size_t p) {
    std::vector<Symbol> symbols;
    for (size_t j = 0; j < 4; ++j) symbols.push_back({{s + j, 0, 6}});
    for (size_t j = 4; j < 8; ++j) {
      symbols.push_back({{8 + j, p, 4}, {s + j - 4, 6, 2}});
    }
    return symbols;
  };
  std::vector<Symbol> three;
  std::vector<Symbol> five_k;
  std::vector<Symbol> six_k;
  for (size_t j = 0; j < 256; ++j) {
    three.push_back(
        {{32 + j / 128 * 32 + j % 32, j / 32 % 4 * 2, 2}, {j % 32, j / 32, 1}});
    five_k.push_back({{48 + j / 64 * 32 + j % 32, j / 32 % 2 * 4, 4},
                      {16 + j % 32, j / 32, 1}});
    six_k.push_back(
        {{j / 128 * 64 + j / 32 % 2 * 32 + j % 32, j / 64 % 2 * 4, 4},
         {128 + j / 128 * 32 + j % 32, j / 32 % 4 * 2, 2}});
  }
  std::vector<Symbol> scales;
  for (size_t j = 0; j < 16; ++j) {
    scales.push_back({{96 + j % 8, j / 8 * 4, 4}, {104 + j % 4, j / 4 * 2, 2}});
  }
  const auto byte = [&](size_t i) { return bytes(i, i); };
  switch (dtype) {
    case 21:
      return {byte(0), byte(1), bytes(2, 17)};
    case 22:
      return {byte(0), byte(1), byte(2), byte(3), bytes(4, 19)};
    case 23:
      return {byte(0), byte(1), five(6, 2)};
    case 24:
      return {byte(0), byte(1), byte(2), byte(3), five(8, 4)};
    case 25:
      return {byte(0), byte(1), bytes(2, 33)};
    case 26:
      return {bytes(0, 15), bytes(16, 79), byte(80),
              byte(81),     byte(82),      byte(83)};
    case 27:
      return {three, scales, byte(108), byte(109)};
    case 28:
      return {byte(0),   byte(1),   byte(2),       byte(3),
              six(4, 0), six(8, 4), bytes(16, 143)};
    case 29:
      return {byte(0), byte(1), byte(2), byte(3), six(4, 0), six(8, 4), five_k};
    case 30:
      return {six_k, bytes(192, 207), byte(208), byte(209)};
    default:
      throw std::runtime_error("no packed block");
  }
}

// Section 6: what is in a block's body, and one sub-block.
struct TieredParameters {
  uint64_t min_escapes;
  unsigned escape_bits;
  uint64_t min_segment;
  unsigned segment_bits;
};

unsigned ScaleOf(const Group& group, const Geometry& geometry,
                 uint64_t element) {
  const uint64_t row = element / geometry.columns;
  const uint64_t column = element % geometry.columns;
  unsigned scale = 0;
  if (!group.rows.empty()) {
    scale += group.rows.at(row - group.first / geometry.columns);
  }
  if (!group.columns.empty()) scale += group.columns.at(column);
  return scale % 256;
}

// Ranks of a sub-block; `segment` is left behind its tiers.
std::vector<unsigned> DecodeRanks(const Group& group,
                                  const std::vector<unsigned>& tier1,
                                  uint64_t escapes, Input* segment) {
  std::vector<unsigned> ranks(tier1.size(), 0);
  std::vector<size_t> members(tier1.size());
  for (size_t i = 0; i < members.size(); ++i) members[i] = i;
  std::vector<unsigned> codes = tier1;
  for (size_t t = 0;; ++t) {
    const bool last = t + 1 == group.widths.size();
    const unsigned escape = (1u << group.widths[t]) - 1;
    std::vector<size_t> escaped;
    for (size_t k = 0; k < members.size(); ++k) {
      ranks[members[k]] += codes[k];
      if (!last && codes[k] == escape) escaped.push_back(members[k]);
    }
    if (t == 0) Require(escaped.size() == escapes, "escapes of tier 1");
    if (last) return ranks;
    members = escaped;
    const unsigned width = group.widths[t + 1];
    const Bytes stream = segment->Take((members.size() * width + 7) / 8);
    codes.clear();
    for (size_t k = 0; k < members.size(); ++k) {
      codes.push_back(static_cast<unsigned>(Field(stream, k, width)));
    }
  }
}

// The exponents of a block.
std::vector<uint64_t> DecodeTiered(const Bytes& plane,
                                   const TieredParameters& parameters,
                                   const Group& group, const Geometry& geometry,
                                   uint64_t first, uint64_t n) {
  Require(group.tiered, "group without tiers");
  const unsigned exponent_bits = LayoutOf(geometry.dtype).exponent_bits;
  const uint64_t sub_blocks = RoundUp(n, 8192) / 8192;
  const unsigned field = parameters.escape_bits + parameters.segment_bits;
  const uint64_t table_bytes = (sub_blocks * field + 7) / 8;
  Input input(plane);
  const Bytes tier1 = input.Take(RoundUp(n, 64) * group.widths[0] / 8);
  const Bytes segments = input.Take(input.remaining() - table_bytes);
  const Bytes table = input.Take(table_bytes);
  Input rest(segments);
  std::vector<uint64_t> exponents;
  for (uint64_t s = 0; s < sub_blocks; ++s) {
    const uint64_t entry = Field(table, s, field);
    const uint64_t escapes =
        parameters.min_escapes +
        (entry & ((uint64_t{1} << parameters.escape_bits) - 1));
    const Bytes bytes =
        rest.Take(parameters.min_segment + (entry >> parameters.escape_bits));
    Input segment(bytes);
    const uint64_t begin = s * 8192;
    const uint64_t end = std::min(n, begin + 8192);
    std::vector<unsigned> codes;
    for (uint64_t i = begin; i < end; ++i) {
      codes.push_back(static_cast<unsigned>(Field(tier1, i, group.widths[0])));
    }
    const std::vector<unsigned> ranks =
        DecodeRanks(group, codes, escapes, &segment);
    for (uint64_t i = begin; i < end; ++i) {
      const unsigned scale = ScaleOf(group, geometry, first + i);
      const unsigned top = (group.base + (scale >> 2)) % 256;
      const unsigned offset = group.table[scale & 3].at(ranks[i - begin]);
      uint64_t symbol = offset > top ? 0 : top - offset;
      if (geometry.dtype == 13) {
        if (symbol != 0) symbol += 896;
      } else {
        symbol &= (1u << exponent_bits) - 1;
      }
      exponents.push_back(symbol);
    }
    while (segment.remaining() > 0) {
      const uint64_t exception = segment.Fixed(3);
      exponents.at(begin + (exception & 8191)) = exception >> 13;
    }
  }
  Require(rest.remaining() == 0, "segments fill the plane");
  return exponents;
}

struct StreamParameters {
  uint64_t min_stream;
  unsigned stream_bits;
  unsigned exception_bits;
};

// An element of a joined exponent plane.
struct Joined {
  uint64_t exponent;
  uint64_t top;
};

// Section 7: the ranks of a stream, in the order of its codes.
std::vector<unsigned> DecodeStream(const Group& group, const Bytes& stream,
                                   uint64_t count) {
  // Ranks by the length of their codes.
  std::vector<std::vector<unsigned>> members(12);
  for (unsigned rank = 0; rank < group.lengths.size(); ++rank) {
    members.at(group.lengths[rank]).push_back(rank);
  }
  std::vector<unsigned> ranks;
  uint64_t bit = 0;
  while (ranks.size() < count) {
    // The canonical codes of one length after the other.
    uint64_t code = 0;
    uint64_t first = 0;
    for (unsigned length = 1;; ++length) {
      Require(length <= 11, "no such code");
      code = code << 1 | Field(stream, bit++, 1);
      first <<= 1;
      if (code < first + members[length].size()) {
        ranks.push_back(members[length][code - first]);
        break;
      }
      first += members[length].size();
    }
  }
  Require((bit + 7) / 8 == stream.size(), "codes fill their stream");
  return ranks;
}

Joined JoinValue(const Group& group, const Geometry& geometry, uint64_t element,
                 unsigned rank) {
  const unsigned scale = ScaleOf(group, geometry, element);
  const unsigned value = group.values[scale & 3].at(rank);
  const unsigned slot = value >> group.top_bits;
  const unsigned top = (group.base + (scale >> 2)) % 256;
  uint64_t symbol = slot == 31 || slot > top ? 0 : top - slot;
  if (geometry.dtype == 13) {
    if (symbol != 0) symbol += 896;
  } else {
    symbol &= (1u << LayoutOf(geometry.dtype).exponent_bits) - 1;
  }
  return {symbol, value & ((1u << group.top_bits) - 1)};
}

std::vector<Joined> DecodeHuffman(const Bytes& plane,
                                  const StreamParameters& parameters,
                                  const Group& group, const Geometry& geometry,
                                  uint64_t first, uint64_t n) {
  Require(group.joined_coder == 5, "group without a code");
  const uint64_t sub_blocks = RoundUp(n, 8192) / 8192;
  const unsigned entry =
      6 * parameters.stream_bits + parameters.exception_bits;
  const uint64_t table_bytes = (sub_blocks * entry + 7) / 8;
  Input input(plane);
  const Bytes segments = input.Take(input.remaining() - table_bytes);
  const Bytes table = input.Take(table_bytes);
  Input rest(segments);
  uint64_t table_bit = 0;
  const auto next_field = [&](unsigned width) {
    uint64_t value = 0;
    for (unsigned k = 0; k < width; ++k) {
      value |= Field(table, table_bit++, 1) << k;
    }
    return value;
  };
  std::vector<Joined> elements(n);
  for (uint64_t s = 0; s < sub_blocks; ++s) {
    const uint64_t begin = s * 8192;
    const uint64_t count = std::min<uint64_t>(n - begin, 8192);
    const uint64_t share = (count + 5) / 6;
    for (uint64_t k = 0; k < 6; ++k) {
      const uint64_t from = std::min(count, k * share);
      const uint64_t to = std::min(count, from + share);
      const Bytes stream =
          rest.Take(parameters.min_stream + next_field(parameters.stream_bits));
      const std::vector<unsigned> ranks =
          DecodeStream(group, stream, to - from);
      for (uint64_t i = from; i < to; ++i) {
        elements[begin + i] = JoinValue(group, geometry, first + begin + i,
                                        ranks[to - 1 - i]);
      }
    }
    for (uint64_t left = next_field(parameters.exception_bits); left > 0;
         --left) {
      const uint64_t exception = rest.Fixed(3);
      const uint64_t value = exception >> 13;
      elements.at(begin + (exception & 8191)) = {
          value >> group.top_bits, value & ((1u << group.top_bits) - 1)};
    }
  }
  Require(rest.remaining() == 0, "segments fill the plane");
  return elements;
}

std::vector<Joined> DecodeRans(const Bytes& plane, unsigned exception_bits,
                               const Group& group, const Geometry& geometry,
                               uint64_t first, uint64_t n) {
  Require(group.joined_coder == 6, "group without frequencies");
  const uint64_t sub_blocks = RoundUp(n, 8192) / 8192;
  const uint64_t table_bytes = (sub_blocks * exception_bits + 7) / 8;
  const Bytes table(plane.end() - static_cast<int64_t>(table_bytes),
                    plane.end());
  const std::vector<RansSlot> slots = RansSlots(group.frequencies);
  Input input(plane);
  std::vector<uint64_t> states;
  for (unsigned lane = 0; lane < 64; ++lane) states.push_back(input.Fixed(4));
  std::vector<Joined> elements;
  for (uint64_t i = 0; i < RoundUp(n, 64); ++i) {
    uint64_t& x = states[i % 64];
    const auto [rank, number] = slots[x % 4096];
    x = group.frequencies[rank] * (x >> 12) + number;
    if (x < 65536) x = x << 16 | input.Fixed(2);
    if (i < n) elements.push_back(JoinValue(group, geometry, first + i, rank));
  }
  for (const uint64_t state : states) Require(state == 65536, "last state");
  for (uint64_t s = 0; s < sub_blocks; ++s) {
    for (uint64_t left = Field(table, s, exception_bits); left > 0; --left) {
      const uint64_t exception = input.Fixed(3);
      const uint64_t value = exception >> 13;
      elements.at(s * 8192 + (exception & 8191)) = {
          value >> group.top_bits, value & ((1u << group.top_bits) - 1)};
    }
  }
  Require(input.remaining() == table_bytes, "parts fill the plane");
  return elements;
}

struct Plane {
  unsigned coder = 0;
  TieredParameters tiered = {};
  StreamParameters streams = {};
  unsigned run_bits = 0;
  unsigned lanes = 0;
  DeltaParameters delta = {};
  Bytes encoded;
};

std::vector<Plane> TakePlanes(Input* body, const Bytes& payload, size_t count,
                              bool delta) {
  std::vector<Plane> planes(count);
  std::vector<uint64_t> lengths;
  for (Plane& plane : planes) {
    plane.coder = body->Byte();
    lengths.push_back(body->Varint());
    if (delta) {
      if (plane.coder == 6) plane.delta.lane_bits = body->Byte();
      if (plane.coder == 7) continue;
      plane.delta.min_segment = body->Varint();
      plane.delta.segment_bits = body->Byte();
      continue;
    }
    if (plane.coder == 5) {
      plane.streams.min_stream = body->Varint();
      plane.streams.stream_bits = body->Byte();
    }
    if (plane.coder == 5 || plane.coder == 6) {
      plane.streams.exception_bits = body->Byte();
    }
    if (plane.coder == 7) {
      plane.run_bits = body->Byte();
      plane.lanes = body->Byte();
    }
    if (plane.coder != 4) continue;
    plane.tiered.min_escapes = body->Varint();
    plane.tiered.escape_bits = body->Byte();
    plane.tiered.min_segment = body->Varint();
    plane.tiered.segment_bits = body->Byte();
  }
  Input input(payload);
  for (size_t k = 0; k < count; ++k) {
    if (payload.size() >= 131072) {
      input.Take(RoundUp(input.position(), 64) - input.position());
    }
    planes[k].encoded = input.Take(lengths[k]);
  }
  Require(input.remaining() == 0, "planes fill the payload");
  return planes;
}

std::vector<uint64_t> DecodeRemainders(const std::vector<Plane>& planes,
                                       const std::vector<unsigned>& widths,
                                       uint64_t n) {
  std::vector<uint64_t> remainders(n, 0);
  for (size_t k = 0; k < widths.size(); ++k) {
    const unsigned width = widths[k];
    const Bytes plane = DecodePlain(planes[1 + k].coder, planes[1 + k].encoded,
                                    RoundUp(n, 64) * width / 8);
    for (uint64_t i = 0; i < n; ++i) {
      remainders[i] = remainders[i] << width | Field(plane, i, width);
    }
  }
  return remainders;
}

// Section 8.
Bytes JoinModelled(const std::vector<Plane>& planes, const Group& group,
                   const Geometry& geometry, uint64_t first, uint64_t n) {
  Require(group.modelled.has_value() && planes[0].coder == 7, "a model");
  const ModelledSide& side = *group.modelled;
  const Layout layout = LayoutOf(geometry.dtype);
  std::vector<int64_t> scales;
  for (uint64_t i = first; i < first + n; ++i) {
    int64_t scale = side.base;
    if (!side.rows.empty()) {
      const uint64_t row =
          i / geometry.columns - group.first / geometry.columns;
      scale += side.rows.at(row) << side.row_step;
    }
    if (!side.columns.empty()) {
      scale += side.columns.at(i % geometry.columns) << side.column_step;
    }
    scales.push_back(scale);
  }
  const std::vector<ModelledSymbol> symbols = DecodeModelledSymbols(
      side, scales, layout.exponent_bits, layout.mantissa_bits,
      planes[0].run_bits, planes[0].lanes, planes[0].encoded);
  std::vector<unsigned> widths = layout.planes;
  widths[0] -= side.top_bits;
  const std::vector<uint64_t> remainders = DecodeRemainders(planes, widths, n);
  const unsigned low_bits = layout.mantissa_bits - side.top_bits;
  const unsigned bytes = ElementBytes(geometry.dtype);
  Bytes raw;
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t sign = remainders[i] >> low_bits;
    const uint64_t low = remainders[i] & ((uint64_t{1} << low_bits) - 1);
    const uint64_t element = sign << (bytes * 8 - 1) |
                             symbols[i].exponent << layout.mantissa_bits |
                             symbols[i].top << low_bits | low;
    for (unsigned k = 0; k < bytes; ++k) {
      raw.push_back(static_cast<uint8_t>(element >> (8 * k)));
    }
  }
  return raw;
}

Bytes JoinFloats(const std::vector<Plane>& planes, const Group& group,
                 const Geometry& geometry, uint64_t first, uint64_t n) {
  const Layout layout = LayoutOf(geometry.dtype);
  const uint64_t padded = RoundUp(n, 64);
  std::vector<uint64_t> exponents;
  std::vector<uint64_t> tops(n, 0);
  unsigned top_bits = 0;
  if (planes[0].coder == 5 || planes[0].coder == 6) {
    top_bits = group.top_bits;
    const std::vector<Joined> joined =
        planes[0].coder == 5
            ? DecodeHuffman(planes[0].encoded, planes[0].streams, group,
                            geometry, first, n)
            : DecodeRans(planes[0].encoded, planes[0].streams.exception_bits,
                         group, geometry, first, n);
    for (uint64_t i = 0; i < n; ++i) {
      exponents.push_back(joined[i].exponent);
      tops[i] = joined[i].top;
    }
  } else if (planes[0].coder == 4) {
    exponents = DecodeTiered(planes[0].encoded, planes[0].tiered, group,
                             geometry, first, n);
  } else {
    const Bytes symbols =
        DecodePlain(planes[0].coder, planes[0].encoded, padded);
    for (const uint64_t symbol : symbols) {
      exponents.push_back(geometry.dtype == 13 && symbol != 0
                              ? symbol + 896
                              : symbol & ((1u << layout.exponent_bits) - 1));
    }
  }
  std::vector<unsigned> widths = layout.planes;
  widths[0] -= top_bits;
  const std::vector<uint64_t> remainders = DecodeRemainders(planes, widths, n);
  const unsigned bytes = ElementBytes(geometry.dtype);
  Bytes raw;
  for (uint64_t i = 0; i < n; ++i) {
    const unsigned low_bits = layout.mantissa_bits - top_bits;
    const uint64_t sign = remainders[i] >> low_bits;
    const uint64_t mantissa =
        tops[i] << low_bits |
        (remainders[i] & ((uint64_t{1} << low_bits) - 1));
    const uint64_t element = sign << (bytes * 8 - 1) |
                             exponents[i] << layout.mantissa_bits | mantissa;
    for (unsigned k = 0; k < bytes; ++k) {
      raw.push_back(static_cast<uint8_t>(element >> (8 * k)));
    }
  }
  return raw;
}

Bytes JoinFields(const std::vector<Plane>& planes, unsigned dtype, uint64_t n) {
  const unsigned bytes = ElementBytes(dtype);
  const std::vector<std::vector<Symbol>> fields = FieldsOf(dtype);
  Bytes raw(n * bytes);
  for (size_t k = 0; k < fields.size(); ++k) {
    const size_t symbols = fields[k].size();
    const Bytes plane =
        DecodePlain(planes[k].coder, planes[k].encoded, n * symbols);
    for (uint64_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < symbols; ++j) {
        unsigned value = plane[i * symbols + j];
        for (const Part& part : fields[k][j]) {
          const unsigned bits = value & ((1u << part.width) - 1);
          raw[i * bytes + part.byte] |= static_cast<uint8_t>(bits << part.bit);
          value >>= part.width;
        }
      }
    }
  }
  return raw;
}

// Section 7.
void DecodeJoinedCode(Input* input, unsigned classes, Group* group) {
  group->joined_coder = input->Byte();
  group->top_bits = input->Byte();
  const unsigned ranks = input->Byte();
  const unsigned width = 5 + group->top_bits;
  const Bytes table = input->Take((classes * ranks * width + 7) / 8);
  group->values.assign(4, std::vector<unsigned>(ranks, 0));
  for (unsigned i = 0; i < classes * ranks; ++i) {
    group->values[i / ranks][i % ranks] =
        static_cast<unsigned>(Field(table, i, width));
  }
  if (group->joined_coder == 6) {
    const Bytes frequencies = input->Take((ranks * 12 + 7) / 8);
    for (unsigned r = 0; r < ranks; ++r) {
      group->frequencies.push_back(
          static_cast<unsigned>(Field(frequencies, r, 12)));
    }
    return;
  }
  Require(group->joined_coder == 5, "unknown coder of joined exponents");
  const Bytes lengths = input->Take((ranks * 4 + 7) / 8);
  for (unsigned r = 0; r < ranks; ++r) {
    group->lengths.push_back(static_cast<unsigned>(Field(lengths, r, 4)));
  }
}

}  // namespace

Group DecodeGroup(const Bytes& body, const Geometry& geometry, uint64_t first) {
  Input input(body);
  Group group;
  group.first = first;
  group.elements = input.Varint();
  unsigned kind = input.Byte();
  const uint64_t rows = (first + group.elements - 1) / geometry.columns -
                        first / geometry.columns + 1;
  if ((kind & 128) != 0) {
    group.delta = DecodeDeltaSide(input.Take(input.Varint()), rows);
    kind -= 128;
  }
  if (kind == 3) {
    group.modelled = DecodeModelledSide(input.Take(input.remaining()), rows,
                                        geometry.columns);
    return group;
  }
  group.tiered = kind != 0;
  if (!group.tiered) return group;
  Require(kind <= 2, "unknown kind");
  const unsigned flags = input.Byte();
  group.base = input.Byte();
  const unsigned tiers = input.Byte();
  for (unsigned t = 0; t < tiers; ++t) group.widths.push_back(input.Byte());
  const unsigned ranks = input.Byte();
  const unsigned classes = flags != 0 ? 4 : 1;
  const Bytes table = input.Take((classes * ranks * 5 + 7) / 8);
  group.table.assign(4, std::vector<unsigned>(16, 0));
  for (unsigned c = 0; c < classes; ++c) {
    for (unsigned r = 0; r < ranks; ++r) {
      const auto value = static_cast<unsigned>(Field(table, c * ranks + r, 5));
      group.table[c][r] = value == 31 ? 255 : value;
    }
  }
  if ((flags & 1) != 0) group.rows = DecodeScales(&input, rows);
  if ((flags & 2) != 0) group.columns = DecodeScales(&input, geometry.columns);
  if (kind == 2) DecodeJoinedCode(&input, classes, &group);
  Require(input.remaining() == 0, "bytes behind the group's last field");
  return group;
}

namespace {

// Section 8, sparse and rows: the kept elements, and where they belong.
Bytes DecodeSubset(unsigned method, const std::vector<Plane>& planes,
                   const Group& group, const Geometry& geometry,
                   uint64_t first, uint64_t n) {
  const unsigned bytes = ElementBytes(geometry.dtype);
  const size_t map_plane = planes.size() - (method == 9 ? 2 : 1);
  const Plane& coded = planes[map_plane];
  const uint64_t map_bytes =
      method == 9 ? (n + 7) / 8 : n / geometry.columns * 2;
  const Bytes map = DecodePlain(coded.coder, coded.encoded, map_bytes);
  // source[i]: the kept element that element i is, or -1.
  std::vector<int64_t> source(n, -1);
  std::vector<uint64_t> kept_places;
  for (uint64_t i = 0; i < n; ++i) {
    if (method == 9) {
      if (Field(map, i, 1) == 0) continue;
      source[i] = static_cast<int64_t>(kept_places.size());
      kept_places.push_back(first + i);
      continue;
    }
    const uint64_t row = Field(map, i / geometry.columns, 16);
    source[i] =
        static_cast<int64_t>(row * geometry.columns + i % geometry.columns);
    if (static_cast<uint64_t>(source[i]) == kept_places.size()) {
      kept_places.push_back(first + i);
    }
  }
  const uint64_t m = kept_places.size();
  // As one row whose columns have the scales of the elements' places.
  Group gathered = group;
  gathered.first = 0;
  gathered.rows.clear();
  gathered.columns.clear();
  for (const uint64_t place : kept_places) {
    unsigned scale = 0;
    if (!group.rows.empty()) {
      scale += group.rows.at(place / geometry.columns -
                             group.first / geometry.columns);
    }
    if (!group.columns.empty()) {
      scale += group.columns.at(place % geometry.columns);
    }
    gathered.columns.push_back(scale);
  }
  Geometry one_row = geometry;
  one_row.columns = m;
  const Bytes kept =
      JoinFloats({planes.begin(), planes.begin() + static_cast<long>(map_plane)},
                 gathered, one_row, 0, m);
  Bytes signs;
  if (method == 9) {
    signs = DecodePlain(planes[map_plane + 1].coder,
                        planes[map_plane + 1].encoded, (n - m + 7) / 8);
  }
  Bytes raw;
  uint64_t dropped = 0;
  for (uint64_t i = 0; i < n; ++i) {
    if (source[i] >= 0) {
      const auto at = static_cast<uint64_t>(source[i]) * bytes;
      for (unsigned k = 0; k < bytes; ++k) raw.push_back(kept.at(at + k));
      continue;
    }
    for (unsigned k = 1; k < bytes; ++k) raw.push_back(0);
    raw.push_back(static_cast<uint8_t>(Field(signs, dropped++, 1) << 7));
  }
  return raw;
}

}  // namespace

Bytes DecodeBlock(const Bytes& body, const Bytes& payload, const Group& group,
                  const Geometry& geometry, uint64_t first, const Bytes& base) {
  const unsigned bytes = ElementBytes(geometry.dtype);
  Input input(body);
  Require(input.Varint() == payload.size(), "payload length");
  const uint64_t n = input.Varint();
  const unsigned method = input.Byte();
  const unsigned predictor = input.Byte();
  Require(predictor == (method >= 11 ? 1 : 0), "predictor");
  Require(input.Varint() == 0, "no references");
  size_t count = 1;
  if (method == 2 || method == 5)
    count = 1 + LayoutOf(geometry.dtype).planes.size();
  if (method == 3) count = bytes;
  if (method == 4) count = FieldsOf(geometry.dtype).size();
  Scaling scaling;
  uint64_t palette = 0;
  uint64_t changed = 0;
  uint64_t gap_bytes = 0;
  if (method == 6) {
    count = 2;
    palette = input.Varint();
  } else if (method == 7) {
    count = 4;
  } else if (method == 8) {
    count = 5;
    scaling.span = input.Varint();
    scaling.depth = input.Byte();
    scaling.minus = static_cast<unsigned>(input.Varint());
  } else if (method == 11) {
    count = 0;
  } else if (method == 12) {
    count = 3;
    changed = input.Varint();
    gap_bytes = input.Varint();
  } else if (method == 9 || method == 10) {
    count = LayoutOf(geometry.dtype).planes.size() + (method == 9 ? 3 : 2);
  }
  const std::vector<Plane> planes =
      TakePlanes(&input, payload, count, method == 13);
  Require(input.Fixed(8) == XXH3_64bits(payload.data(), payload.size()),
          "payload checksum");
  const auto plain = [&](size_t plane, uint64_t size) {
    return DecodePlain(planes[plane].coder, planes[plane].encoded, size);
  };
  Bytes raw;
  switch (method) {
    case 0:
      return DecodePlain(planes[0].coder, planes[0].encoded, n * bytes);
    case 1:
      for (uint64_t i = 0; i < n; ++i) {
        raw.insert(raw.end(), planes[0].encoded.begin(),
                   planes[0].encoded.end());
      }
      return raw;
    case 2:
      return JoinFloats(planes, group, geometry, first, n);
    case 4:
      return JoinFields(planes, geometry.dtype, n);
    case 5:
      return JoinModelled(planes, group, geometry, first, n);
    case 6:
      return RestorePalette(plain(0, palette * bytes), plain(1, n), bytes);
    case 7:
      return RestoreIntegers({plain(0, n), plain(1, n), plain(2, n),
                              plain(3, n)},
                             geometry.dtype);
    case 8: {
      const std::vector<uint64_t> numbers =
          SpanNumbers(geometry.columns, scaling.span, first, n);
      const uint64_t scales = numbers.back() + 1;
      return RestoreScaled({plain(0, scales), plain(1, scales),
                            plain(2, scales), plain(3, scales), plain(4, n)},
                           scaling, numbers, geometry.dtype);
    }
    case 9:
    case 10:
      return DecodeSubset(method, planes, group, geometry, first, n);
    case 11:
      return base;
    case 12: {
      const Bytes differences = plain(1, changed);
      const auto large = static_cast<uint64_t>(
          std::count(differences.begin(), differences.end(), 255));
      return RestoreTouched(plain(0, gap_bytes), differences,
                            plain(2, large * bytes), base, geometry.dtype);
    }
    case 13: {
      Require(group.delta.has_value() && planes[0].coder == group.delta->coder,
              "a delta side of that coder");
      std::vector<unsigned> shifts(n, 0);
      for (uint64_t i = 0; i < n && !group.delta->rows.empty(); ++i) {
        shifts[i] = group.delta->rows.at((first + i) / geometry.columns -
                                         group.first / geometry.columns);
      }
      return RestoreDelta(*group.delta, planes[0].delta, planes[0].encoded,
                          shifts, base, geometry.dtype);
    }
    default:
      Require(method == 3, "unknown method");
      raw.resize(n * bytes);
      for (unsigned k = 0; k < bytes; ++k) {
        const Bytes plane = DecodePlain(planes[k].coder, planes[k].encoded, n);
        for (uint64_t i = 0; i < n; ++i) raw[i * bytes + k] = plane[i];
      }
      return raw;
  }
}

}  // namespace spec
