#include "tests/codec/spec_decoder.h"

#include <lzma.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace spec {
namespace {

void Require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

// "Conventions".
class Input {
 public:
  explicit Input(const Bytes& bytes) : bytes_(bytes) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return bytes_.size() - position_; }
  uint64_t Fixed(unsigned size) {
    uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value |= uint64_t{Byte()} << (8 * i);
    return value;
  }
  uint8_t Byte() {
    Require(remaining() > 0, "input ends");
    return bytes_[position_++];
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t byte = Byte();
      value |= uint64_t{byte & 0x7Fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  Bytes Take(uint64_t size) {
    Require(size <= remaining(), "input ends");
    const auto begin = bytes_.begin() + static_cast<int64_t>(position_);
    position_ += size;
    return {begin, begin + static_cast<int64_t>(size)};
  }
  std::string String() {
    const Bytes text = Take(Varint());
    return {text.begin(), text.end()};
  }

 private:
  const Bytes& bytes_;
  uint64_t position_ = 0;
};

// Field `index` of `width` bits of a bit stream.
uint64_t Field(const Bytes& stream, uint64_t index, unsigned width) {
  uint64_t value = 0;
  for (unsigned k = 0; k < width; ++k) {
    const uint64_t bit = index * width + k;
    value |= uint64_t{stream.at(bit / 8) >> (bit % 8) & 1u} << k;
  }
  return value;
}

int64_t UnZigZag(uint64_t z) {
  return static_cast<int64_t>(z >> 1) ^ -static_cast<int64_t>(z & 1);
}

// Section 4, all coders but tiered.
Bytes DecodePlain(unsigned coder, const Bytes& encoded, uint64_t size) {
  Bytes plane(size);
  if (coder == 0) {
    plane = encoded;
  } else if (coder == 1) {
    Require(encoded.size() == 1, "constant: one byte");
    std::fill(plane.begin(), plane.end(), encoded[0]);
  } else if (coder == 2) {
    plane.resize(
        ZSTD_decompress(plane.data(), size, encoded.data(), encoded.size()));
  } else {
    Require(coder == 3, "unknown coder");
    uint64_t memory = UINT64_MAX;
    size_t in = 0;
    size_t out = 0;
    Require(lzma_stream_buffer_decode(&memory, 0, nullptr, encoded.data(), &in,
                                      encoded.size(), plane.data(), &out,
                                      size) == LZMA_OK &&
                in == encoded.size() && out == size,
            "xz stream");
  }
  Require(plane.size() == size, "plane of another size");
  return plane;
}

// Section 5: exponent bits, mantissa bits and the remainder's planes.
struct Layout {
  unsigned exponent_bits;
  unsigned mantissa_bits;
  std::vector<unsigned> planes;
};
Layout LayoutOf(unsigned dtype) {
  switch (dtype) {
    case 10:
      return {5, 10, {8, 3}};
    case 11:
      return {8, 7, {8}};
    case 12:
      return {8, 23, {8, 16}};
    case 13:
      return {11, 52, {8, 45}};
    case 14:
      return {4, 3, {4}};
    case 15:
      return {5, 2, {3}};
    default:
      throw std::runtime_error("no float");
  }
}

unsigned ElementBytes(unsigned dtype) {
  constexpr std::array<unsigned, 17> kBytes = {1, 1, 1, 1, 2, 2, 4, 4, 8,
                                               8, 2, 2, 4, 8, 1, 1, 1};
  Require(dtype < kBytes.size(), "dtype is not coded as such");
  return kBytes[dtype];
}

uint64_t RoundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

std::vector<unsigned> DecodeScales(Input* input, uint64_t count) {
  const unsigned rice = input->Byte();
  const unsigned centre = input->Byte();
  std::vector<unsigned> values;
  unsigned byte = 0;
  unsigned bits = 0;
  const auto bit = [&] {
    if (bits == 0) {
      byte = input->Byte();
      bits = 8;
    }
    --bits;
    const unsigned value = byte & 1;
    byte >>= 1;
    return value;
  };
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t q = 0;
    while (bit() == 1) ++q;
    uint64_t z = q << rice;
    for (unsigned k = 0; k < rice; ++k) z |= uint64_t{bit()} << k;
    values.push_back(static_cast<unsigned>(centre + UnZigZag(z)));
  }
  return values;
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
      4 * parameters.stream_bits + parameters.exception_bits;
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
    const uint64_t quarter = (count + 3) / 4;
    for (uint64_t k = 0; k < 4; ++k) {
      const uint64_t from = std::min(count, k * quarter);
      const uint64_t to = std::min(count, from + quarter);
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
  Input input(plane);
  std::vector<uint64_t> states;
  for (unsigned lane = 0; lane < 64; ++lane) states.push_back(input.Fixed(4));
  std::vector<Joined> elements;
  for (uint64_t i = 0; i < RoundUp(n, 64); ++i) {
    uint64_t& x = states[i % 64];
    const uint64_t slot = x % 4096;
    unsigned rank = 0;
    uint64_t below = 0;
    while (slot >= below + group.frequencies[rank]) {
      below += group.frequencies[rank++];
    }
    x = group.frequencies[rank] * (x >> 12) + slot - below;
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
  Bytes encoded;
};

std::vector<Plane> TakePlanes(Input* body, const Bytes& payload, size_t count) {
  std::vector<Plane> planes(count);
  std::vector<uint64_t> lengths;
  for (Plane& plane : planes) {
    plane.coder = body->Byte();
    lengths.push_back(body->Varint());
    if (plane.coder == 5) {
      plane.streams.min_stream = body->Varint();
      plane.streams.stream_bits = body->Byte();
    }
    if (plane.coder == 5 || plane.coder == 6) {
      plane.streams.exception_bits = body->Byte();
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
  std::vector<uint64_t> remainders(n, 0);
  for (size_t k = 0; k < layout.planes.size(); ++k) {
    const unsigned width = layout.planes[k] - (k == 0 ? top_bits : 0);
    const Bytes plane = DecodePlain(planes[1 + k].coder, planes[1 + k].encoded,
                                    padded * width / 8);
    for (uint64_t i = 0; i < n; ++i) {
      remainders[i] = remainders[i] << width | Field(plane, i, width);
    }
  }
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

// Section 1.
void SkipView(Input* body) {
  if (body->Byte() == 0) return;
  body->String();
  body->Byte();
  for (uint64_t left = body->Varint(); left > 0; --left) body->Varint();
}

class ContainerDecoder {
 public:
  std::vector<File> Decode(const Bytes& container) {
    Input input(container);
    const Bytes head = input.Take(16);
    const Bytes magic = {0x89, 'I', 'N', 'G', 'O', 'T', 0x0D, 0x0A};
    Require(std::equal(magic.begin(), magic.end(), head.begin()), "magic");
    Require(XXH3_64bits(head.data(), 16) == input.Fixed(8), "header checksum");
    while (DecodeRecord(container, &input)) {
    }
    Require(input.remaining() == 32, "footer");
    return files_;
  }

 private:
  // False behind the index.
  bool DecodeRecord(const Bytes& container, Input* input) {
    const uint64_t begin = input->position();
    const unsigned type = input->Byte();
    const Bytes body_bytes = input->Take(input->Varint());
    const uint64_t checked = input->position() - begin;
    Require((XXH3_64bits(container.data() + begin, checked) & 0xFFFFFFFF) ==
                input->Fixed(4),
            "record checksum");
    Input body(body_bytes);
    Bytes payload;
    if ((type & 0x40) != 0) {
      const uint64_t length = Input(body_bytes).Varint();
      if (length >= 131072) {
        input->Take(RoundUp(input->position(), 64) - input->position());
      }
      payload = input->Take(length);
    }
    switch (type & 0x3F) {
      case 1:
        body.Byte();
        files_.push_back({body.String(), {}});
        in_file_ = true;
        return true;
      case 2: {
        SkipView(&body);
        const unsigned coder = body.Byte();
        const uint64_t length = body.Varint();
        Append(DecodePlain(coder, body.Take(body.remaining()), length));
        return true;
      }
      case 3:
        SkipView(&body);
        geometry_.dtype = body.Byte();
        geometry_.columns = body.Varint();
        geometry_.block_elements = body.Varint();
        geometry_.group_elements = body.Varint();
        objects_.emplace_back();
        return true;
      case 4:
        group_ = DecodeGroup(body_bytes, geometry_, ElementsDone());
        return true;
      case 5: {
        const Bytes raw =
            DecodeBlock(body_bytes, payload, group_, geometry_, ElementsDone());
        objects_.back().insert(objects_.back().end(), raw.begin(), raw.end());
        return true;
      }
      case 6:
        Require(body.Varint() == objects_.back().size(), "object length");
        if (in_file_) Append(objects_.back());
        return true;
      case 7: {
        SkipView(&body);
        const uint64_t place = body.Varint();
        Require(place > 0, "an object outside");
        Append(objects_.at(place - 1));
        return true;
      }
      case 8:
        Require(body.Varint() == files_.back().contents.size(), "file length");
        in_file_ = false;
        return true;
      default:
        Require((type & 0x80) == 0 || (type & 0x3F) == 9, "unknown record");
        return (type & 0x3F) != 9;
    }
  }

  void Append(const Bytes& bytes) {
    Bytes& contents = files_.back().contents;
    contents.insert(contents.end(), bytes.begin(), bytes.end());
  }
  uint64_t ElementsDone() const {
    return objects_.back().size() / ElementBytes(geometry_.dtype);
  }

  std::vector<File> files_;
  std::vector<Bytes> objects_;
  bool in_file_ = false;
  Geometry geometry_;
  Group group_;
};

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

std::vector<File> DecodeContainer(const Bytes& container) {
  return ContainerDecoder().Decode(container);
}

Group DecodeGroup(const Bytes& body, const Geometry& geometry, uint64_t first) {
  Input input(body);
  Group group;
  group.first = first;
  group.elements = input.Varint();
  const unsigned kind = input.Byte();
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
  if ((flags & 1) != 0) {
    const uint64_t rows = (first + group.elements - 1) / geometry.columns -
                          first / geometry.columns + 1;
    group.rows = DecodeScales(&input, rows);
  }
  if ((flags & 2) != 0) group.columns = DecodeScales(&input, geometry.columns);
  if (kind == 2) DecodeJoinedCode(&input, classes, &group);
  Require(input.remaining() == 0, "bytes behind the group's last field");
  return group;
}

Bytes DecodeBlock(const Bytes& body, const Bytes& payload, const Group& group,
                  const Geometry& geometry, uint64_t first) {
  const unsigned bytes = ElementBytes(geometry.dtype);
  Input input(body);
  Require(input.Varint() == payload.size(), "payload length");
  const uint64_t n = input.Varint();
  const unsigned method = input.Byte();
  Require(input.Byte() == 0 && input.Varint() == 0, "no predictor");
  size_t count = 1;
  if (method == 2) count = 1 + LayoutOf(geometry.dtype).planes.size();
  if (method == 3) count = bytes;
  const std::vector<Plane> planes = TakePlanes(&input, payload, count);
  Require(input.Fixed(8) == XXH3_64bits(payload.data(), payload.size()),
          "payload checksum");
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
