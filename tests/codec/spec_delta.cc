#include "tests/codec/spec_delta.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "tests/codec/spec_base.h"

namespace spec {
namespace {

uint64_t Mask(unsigned bits) {
  return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
}
int64_t Signed(uint64_t value, unsigned bits) {
  return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}
bool IsFloat(unsigned dtype) { return dtype >= 10 && dtype <= 15; }
bool IsSigned(unsigned dtype) {
  return dtype == 3 || dtype == 5 || dtype == 7 || dtype == 9;
}

std::vector<uint64_t> ToNumbers(const Bytes& elements, unsigned bytes) {
  std::vector<uint64_t> numbers;
  Input input(elements);
  while (input.remaining() > 0) numbers.push_back(input.Fixed(bytes));
  return numbers;
}
Bytes ToBytes(const std::vector<uint64_t>& numbers, unsigned bytes) {
  Bytes elements;
  for (const uint64_t number : numbers) {
    for (unsigned k = 0; k < bytes; ++k) {
      elements.push_back(static_cast<uint8_t>(number >> (8 * k)));
    }
  }
  return elements;
}

// "Differences and classes".
uint64_t ElementOf(uint64_t base, uint64_t z, unsigned dtype) {
  const unsigned bits = 8 * ElementBytes(dtype);
  if (IsFloat(dtype)) {
    const unsigned low = bits - 1;
    const uint64_t sign = (base >> low ^ z >> low) & 1;
    const auto e = static_cast<uint64_t>(UnZigZag(z & Mask(low)));
    return sign << low | ((base + e) & Mask(low));
  }
  auto d = static_cast<uint64_t>(UnZigZag(z));
  if (IsSigned(dtype) && Signed(base, bits) < 0) d = -d;
  return (base + d) & Mask(bits);
}

unsigned ClassOf(uint64_t base, unsigned origin, unsigned shift,
                 unsigned dtype) {
  const unsigned bits = 8 * ElementBytes(dtype);
  int64_t x = 0;
  if (IsFloat(dtype)) {
    const Layout layout = LayoutOf(dtype);
    x = static_cast<int64_t>(base >> layout.mantissa_bits &
                             Mask(layout.exponent_bits));
    if (dtype == 13) x = std::clamp<int64_t>(x - 896, 0, 255);
  } else {
    if (IsSigned(dtype) && Signed(base, bits) < 0) base = ~base & Mask(bits);
    x = std::bit_width(base);
  }
  const int64_t scaled =
      std::min<int64_t>(255, 2 * std::max<int64_t>(0, x - origin));
  return static_cast<unsigned>(
      std::min<int64_t>(31, std::max<int64_t>(0, scaled - shift)));
}

// "Coder rans": the frequencies of the symbols with these weights.
std::vector<uint64_t> FrequenciesOf(const Bytes& weights) {
  if (weights.size() == 1 && weights[0] == 0) return {2048, 2048};
  std::vector<uint64_t> frequencies;
  uint64_t sum = 0;
  for (const uint8_t v : weights) {
    frequencies.push_back(v == 0 ? 0 : (uint64_t{16} + (v & 15)) << (v >> 4));
    sum += frequencies.back();
  }
  Require(sum > 0, "a symbol with a weight");
  uint64_t total = 0;
  for (uint64_t& f : frequencies) {
    if (f != 0) f = std::max<uint64_t>(1, (f * 4096 + sum / 2) / sum);
    total += f;
  }
  const auto largest = [&] {
    return std::max_element(frequencies.begin(), frequencies.end());
  };
  if (total < 4096) *largest() += 4096 - total;
  for (; total > 4096; --total) --*largest();
  return frequencies;
}

// The symbols, low bits and exceptions of a block's elements, as coders
// tiered and rans have them.
class Symbols {
 public:
  Symbols(const DeltaSide& side, const DeltaParameters& parameters,
          const std::vector<unsigned>& contexts, unsigned element_bytes)
      : side_(side),
        parameters_(parameters),
        contexts_(contexts),
        element_bytes_(element_bytes),
        symbols_(contexts.size(), 0),
        low_(contexts.size(), 0) {}

  void DecodeTiered(const Bytes& plane) {
    Input input(plane);
    DecodeSegments(&input,
                   [this](Input* segment, uint64_t begin, uint64_t end) {
                     for (unsigned set = 0; set < side_.sets.size(); ++set) {
                       std::vector<uint64_t> members;
                       for (uint64_t i = begin; i < end; ++i) {
                         if (side_.set_of.at(contexts_[i]) == set)
                           members.push_back(i);
                       }
                       const std::vector<unsigned> values =
                           DecodeSet(side_.sets[set], members.size(), segment);
                       for (size_t k = 0; k < members.size(); ++k) {
                         symbols_[members[k]] = values.at(k);
                       }
                     }
                   });
  }
  void DecodeRans(const Bytes& plane) {
    Input input(plane);
    std::vector<uint64_t> states;
    for (unsigned lane = 0; lane < 1u << parameters_.lane_bits; ++lane) {
      states.push_back(input.Fixed(4));
    }
    for (uint64_t i = 0; i < contexts_.size(); ++i) {
      const std::vector<uint64_t>& frequencies =
          side_.frequencies.at(contexts_[i]);
      uint64_t& x = states[i % states.size()];
      const uint64_t slot = x % 4096;
      unsigned symbol = 0;
      uint64_t below = 0;
      while (slot >= below + frequencies.at(symbol)) {
        below += frequencies[symbol++];
      }
      x = frequencies[symbol] * (x >> 12) + slot - below;
      if (x < 65536) x = x << 16 | input.Fixed(2);
      symbols_[i] = symbol;
    }
    for (const uint64_t state : states) Require(state == 65536, "last state");
    DecodeSegments(&input, [](Input*, uint64_t, uint64_t) {});
  }

  std::vector<uint64_t> Restore(const std::vector<uint64_t>& base,
                                unsigned dtype) const {
    const unsigned bytes = ElementBytes(dtype);
    const unsigned top = 8 * bytes - 1;
    std::vector<uint64_t> numbers;
    for (size_t i = 0; i < base.size(); ++i) {
      const uint64_t above = uint64_t{symbols_[i] & 127}
                             << side_.low_bits.at(contexts_[i]);
      const uint64_t z =
          (above & Mask(top)) | low_[i] | uint64_t{symbols_[i] >> 7} << top;
      numbers.push_back(ElementOf(base[i], z, dtype));
    }
    for (const auto& [i, element] : exceptions_) {
      Input input(element);
      numbers.at(i) = input.Fixed(bytes);
    }
    return numbers;
  }

 private:
  static std::vector<unsigned> DecodeSet(const DeltaSet& set, uint64_t count,
                                         Input* segment) {
    const uint64_t octets = (count + 7) / 8;
    Bytes present(octets, 1);
    uint64_t coded = count;
    if (set.grouped) {
      const Bytes bits = segment->Take((octets + 7) / 8);
      coded = 0;
      for (uint64_t k = 0; k < octets; ++k) {
        present[k] = static_cast<uint8_t>(Field(bits, k, 1));
        coded += 8 * present[k];
      }
    }
    std::vector<unsigned> values(coded, 0);
    std::vector<size_t> members(coded);
    for (size_t i = 0; i < coded; ++i) members[i] = i;
    for (size_t t = 0; t < set.widths.size(); ++t) {
      const unsigned width = set.widths[t];
      const bool last = t + 1 == set.widths.size();
      const Bytes stream = segment->Take((members.size() * width + 7) / 8);
      std::vector<size_t> escaped;
      for (size_t k = 0; k < members.size(); ++k) {
        const auto code = static_cast<unsigned>(Field(stream, k, width));
        values[members[k]] += code;
        if (!last && code == (1u << width) - 1) escaped.push_back(members[k]);
      }
      members = escaped;
    }
    if (!set.grouped) return values;
    std::vector<unsigned> all;
    size_t next = 0;
    for (uint64_t k = 0; k < octets; ++k) {
      for (unsigned j = 0; j < 8; ++j) {
        all.push_back(present[k] == 1 ? values.at(next++) : 0);
      }
    }
    return all;
  }

  // What `head` reads at the front of each segment, then the low bits and the
  // exceptions.
  template <typename Head>
  void DecodeSegments(Input* input, const Head& head) {
    const uint64_t n = contexts_.size();
    const uint64_t sub_blocks = RoundUp(n, 8192) / 8192;
    const uint64_t table_bytes =
        (sub_blocks * parameters_.segment_bits + 7) / 8;
    const Bytes segments = input->Take(input->remaining() - table_bytes);
    const Bytes table = input->Take(table_bytes);
    Input rest(segments);
    for (uint64_t s = 0; s < sub_blocks; ++s) {
      const Bytes bytes = rest.Take(parameters_.min_segment +
                                    Field(table, s, parameters_.segment_bits));
      Input segment(bytes);
      const uint64_t begin = s * 8192;
      const uint64_t end = std::min(n, begin + 8192);
      head(&segment, begin, end);
      DecodeLowBits(&segment, begin, end);
      while (segment.remaining() > 0) {
        const uint64_t position = segment.Fixed(2);
        exceptions_[begin + position] = segment.Take(element_bytes_);
      }
    }
    Require(rest.remaining() == 0, "segments fill the plane");
  }

  void DecodeLowBits(Input* segment, uint64_t begin, uint64_t end) {
    std::array<std::vector<uint64_t>, 6> fields;
    for (unsigned p = 0; p < 6; ++p) {
      uint64_t count = 0;
      for (uint64_t i = begin; i < end; ++i) {
        count += side_.low_bits.at(contexts_[i]) >> p & 1;
      }
      const unsigned width = 1u << p;
      const Bytes stream = segment->Take((count * width + 7) / 8);
      for (uint64_t k = 0; k < count; ++k) {
        fields[p].push_back(Field(stream, k, width));
      }
    }
    std::array<size_t, 6> next = {};
    for (uint64_t i = begin; i < end; ++i) {
      unsigned shift = 0;
      for (unsigned p = 6; p-- > 0;) {
        if ((side_.low_bits[contexts_[i]] >> p & 1) == 0) continue;
        low_[i] |= fields[p].at(next[p]++) << shift;
        shift += 1u << p;
      }
    }
  }

  const DeltaSide& side_;
  const DeltaParameters& parameters_;
  const std::vector<unsigned>& contexts_;
  const unsigned element_bytes_;
  std::vector<unsigned> symbols_;
  std::vector<uint64_t> low_;
  std::map<uint64_t, Bytes> exceptions_;
};

// "Coder cm".
std::vector<uint64_t> DecodeAdaptive(const std::vector<unsigned>& classes,
                                     unsigned bits, const Bytes& plane) {
  const auto depth = static_cast<unsigned>(std::countr_zero(bits));
  std::array<Bit, 32> zero;
  std::array<Bit, 32> top;
  std::array<std::array<Bit, 32>, 2> odd;
  std::array<std::array<Bit, 32>, 2> second;
  std::vector<std::vector<Tree>> length(2, {32, Tree(depth)});
  std::vector<std::vector<Tree>> within(2, {2 * 64 + 32, Tree(2)});
  Input input(plane);
  std::vector<uint64_t> words;
  for (unsigned lane = 0; lane < 4; ++lane) words.push_back(input.Varint());
  std::vector<Stream> streams;
  for (const uint64_t count : words) {
    streams.emplace_back(input.Take(2 * count));
  }
  const Bytes apart = input.Take(input.remaining());
  uint64_t apart_bits = 0;
  std::vector<uint64_t> differences;
  for (uint64_t i = 0; i < classes.size(); ++i) {
    const unsigned k = classes[i];
    Stream* stream = &streams[i % 4];
    if (zero[k].Decode(stream) == 1) {
      differences.push_back(0);
      continue;
    }
    const unsigned t = top[k].Decode(stream);
    const unsigned is_odd = odd[t][k].Decode(stream);
    const unsigned n = length[t][k].Decode(stream) + 1;
    uint64_t m = 1;
    if (n == 2) m = 2 | second[t][k].Decode(stream);
    if (n > 2) {
      m = 4 | within[t].at(2 * n + k).Decode(stream);
      uint64_t low = 0;
      for (unsigned j = 0; j + 3 < n; ++j) {
        low |= Field(apart, apart_bits++, 1) << j;
      }
      m = m << (n - 3) | low;
    }
    const uint64_t v = 2 * m - is_odd;
    differences.push_back((v - t) | uint64_t{t} << (bits - 1));
  }
  for (const Stream& stream : streams) stream.ExpectEnd();
  Require((apart_bits + 7) / 8 == apart.size(), "bits that stand apart");
  return differences;
}

}  // namespace

DeltaSide DecodeDeltaSide(const Bytes& body, uint64_t rows) {
  DeltaSide side;
  Input input(body);
  for (uint64_t left = input.Varint(); left > 0; --left) {
    DeltaReference& reference = side.references.emplace_back();
    reference.digest = input.Sha256();
    reference.first = input.Varint();
    reference.elements = input.Varint();
  }
  side.coder = input.Byte();
  if (side.coder == 0) return side;
  const unsigned flags = input.Byte();
  side.origin = input.Byte();
  if ((flags & 1) != 0) side.rows = DecodeScales(&input, rows);
  if (side.coder == 7) {
    Require(input.remaining() == 0, "nothing follows");
    return side;
  }
  const unsigned contexts = input.Byte();
  const Bytes map = input.Take(16);
  for (unsigned k = 0; k < 32; ++k) {
    side.contexts.push_back(static_cast<unsigned>(Field(map, k, 4)));
  }
  for (unsigned c = 0; c < contexts; ++c) {
    side.low_bits.push_back(input.Byte());
  }
  if (side.coder == 4) {
    const unsigned sets = input.Byte();
    for (unsigned c = 0; c < contexts; ++c) {
      side.set_of.push_back(input.Byte());
    }
    for (unsigned s = 0; s < sets; ++s) {
      DeltaSet& set = side.sets.emplace_back();
      const unsigned tiers = input.Byte();
      set.grouped = tiers >= 128;
      for (unsigned t = 0; t < tiers % 128; ++t) {
        set.widths.push_back(input.Byte());
      }
    }
    Require(input.remaining() == 0, "nothing follows");
    return side;
  }
  Require(side.coder == 6, "unknown coder of differences");
  std::vector<Bytes> weights;
  for (unsigned c = 0; c < contexts; ++c) {
    weights.emplace_back(input.Byte() + 1);
  }
  Stream stream(input.Take(input.remaining()));
  for (Bytes& vector : weights) {
    Tree tree(8);
    for (uint8_t& value : vector) {
      value = static_cast<uint8_t>(tree.Decode(&stream));
    }
    side.frequencies.push_back(FrequenciesOf(vector));
  }
  stream.ExpectEnd();
  return side;
}

Bytes RestoreTouched(const Bytes& gaps, const Bytes& differences,
                     const Bytes& large, const Bytes& base, unsigned dtype) {
  const unsigned bytes = ElementBytes(dtype);
  std::vector<uint64_t> numbers = ToNumbers(base, bytes);
  Input larger(large);
  uint64_t at = 0;
  size_t changed = 0;
  for (const uint8_t gap : gaps) {
    at += gap;
    if (gap == 255) continue;
    const uint8_t difference = differences.at(changed++);
    const uint64_t z =
        difference == 255 ? larger.Fixed(bytes) : uint64_t{difference} + 1;
    numbers.at(at) = ElementOf(numbers.at(at), z, dtype);
    ++at;
  }
  Require(changed == differences.size(), "differences");
  return ToBytes(numbers, bytes);
}

Bytes RestoreDelta(const DeltaSide& side, const DeltaParameters& parameters,
                   const Bytes& plane, const std::vector<unsigned>& shifts,
                   const Bytes& base, unsigned dtype) {
  const unsigned bytes = ElementBytes(dtype);
  const std::vector<uint64_t> bases = ToNumbers(base, bytes);
  std::vector<unsigned> classes;
  for (size_t i = 0; i < bases.size(); ++i) {
    classes.push_back(ClassOf(bases[i], side.origin, shifts.at(i), dtype));
  }
  if (side.coder == 7) {
    const std::vector<uint64_t> differences =
        DecodeAdaptive(classes, 8 * bytes, plane);
    std::vector<uint64_t> numbers;
    for (size_t i = 0; i < bases.size(); ++i) {
      numbers.push_back(ElementOf(bases[i], differences[i], dtype));
    }
    return ToBytes(numbers, bytes);
  }
  std::vector<unsigned> contexts;
  for (const unsigned k : classes) contexts.push_back(side.contexts.at(k));
  Symbols symbols(side, parameters, contexts, bytes);
  if (side.coder == 4) {
    symbols.DecodeTiered(plane);
  } else {
    symbols.DecodeRans(plane);
  }
  return ToBytes(symbols.Restore(bases, dtype), bytes);
}

}  // namespace spec
