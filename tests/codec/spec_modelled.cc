#include "tests/codec/spec_modelled.h"

#include <algorithm>
#include <array>
#include <map>

#include "tests/codec/spec_range_coder.h"

namespace spec {
namespace {

using Bytes = std::vector<uint8_t>;

struct ClassModel {
  Tree window{3};
  Tree other{5};
  std::vector<Tree> tops;
};

constexpr std::array<int64_t, 17> kL = {0,    358,  696,  1016, 1319, 1607,
                                        1882, 2145, 2396, 2637, 2869, 3092,
                                        3307, 3514, 3715, 3908, 4096};

int64_t Border(unsigned t, unsigned top_bits, bool rounded) {
  const unsigned n = 16 >> top_bits;
  if (!rounded) return kL.at(t * n);
  const std::map<unsigned, int64_t> lowest = {{1, -789}, {2, -381}, {3, -188}};
  if (t == 0) return lowest.at(top_bits);
  if (t == 1u << top_bits) return lowest.at(top_bits) + 4096;
  return kL.at(t * n - n / 2);
}

// "The model".
class Start {
 public:
  Start(const ModelledSide& side, unsigned mantissa_bits)
      : side_(side), rounded_(side.top_bits == mantissa_bits), cells_(512, 1) {
    const auto weight = [](uint8_t v) {
      return (uint64_t{16} + (v & 15)) << (v >> 4);
    };
    const unsigned k = side.knot_spacing;
    const uint64_t n = uint64_t{1} << k;
    for (size_t i = 0; i + 1 < side.knots.size(); ++i) {
      const uint64_t a = weight(side.knots[i]);
      const uint64_t b = weight(side.knots[i + 1]);
      for (uint64_t q = 0; q < n; ++q) {
        cells_.at((side.first_knot + i) * n + q) +=
            (a * (2 * n - 1 - 2 * q) + b * (1 + 2 * q)) >> (k + 1);
      }
    }
    for (const uint64_t cell : cells_) sums_.push_back(sums_.back() + cell);
  }

  ClassModel ModelOf(unsigned c) const {
    ClassModel model;
    std::vector<uint64_t> slots(32, 0);
    uint64_t total = 0;
    const unsigned parts = 1u << side_.top_bits;
    for (unsigned slot = 0; slot < 32; ++slot) {
      Tree& top = model.tops.emplace_back(side_.top_bits);
      if (slot >= 30) continue;
      std::vector<uint64_t> masses;
      for (unsigned t = 0; t < parts; ++t) {
        const int64_t y = (32 - int64_t{slot}) * 4096 - int64_t{c} * 256;
        masses.push_back((C(y + Border(t + 1, side_.top_bits, rounded_)) -
                          C(y + Border(t, side_.top_bits, rounded_))) >>
                         8);
        slots[slot] += masses.back();
      }
      total += slots[slot];
      top.Start(masses, 4 * int64_t{side_.confidence});
    }
    slots[30] =
        std::min(total * side_.zeros / (65536 - side_.zeros), total * 255);
    slots[31] = 1;
    std::vector<uint64_t> window(8, 0);
    std::vector<uint64_t> other(32, 0);
    for (unsigned slot = 0; slot < 32; ++slot) {
      if (slot >= side_.window && slot < side_.window + 7) {
        window[slot - side_.window] = slots[slot];
      } else {
        other[slot] = slots[slot];
        window[7] += slots[slot];
      }
    }
    model.window.Start(window, 4 * int64_t{side_.confidence});
    model.other.Start(other, side_.confidence);
    return model;
  }

 private:
  uint64_t C(int64_t y) const {
    const auto at = static_cast<uint64_t>(std::clamp<int64_t>(y, 0, 131072));
    const uint64_t cell = at / 256;
    return sums_.at(cell) * 256 +
           (at % 256 == 0 ? 0 : cells_.at(cell) * (at % 256));
  }

  const ModelledSide& side_;
  const bool rounded_;
  std::vector<uint64_t> cells_;
  std::vector<uint64_t> sums_ = {0};  // of the cells below each
};

class Input {
 public:
  explicit Input(const Bytes& bytes) : bytes_(bytes) {}
  uint8_t Byte() {
    Require(at_ < bytes_.size(), "input ends");
    return bytes_[at_++];
  }
  unsigned U16() {
    const unsigned low = Byte();
    return low | unsigned{Byte()} << 8;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t byte = Byte();
      value |= uint64_t{byte & 0x7Fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  int64_t Svarint() {
    const uint64_t value = Varint();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  Bytes Take(uint64_t size) {
    Require(size <= bytes_.size() - at_, "input ends");
    const auto begin = bytes_.begin() + static_cast<int64_t>(at_);
    at_ += size;
    return {begin, begin + static_cast<int64_t>(size)};
  }
  Bytes Rest() { return Take(bytes_.size() - at_); }
  bool done() const { return at_ == bytes_.size(); }

 private:
  const Bytes& bytes_;
  size_t at_ = 0;
};

}  // namespace

ModelledSide DecodeModelledSide(const Bytes& body, uint64_t rows,
                                uint64_t columns) {
  ModelledSide side;
  Input input(body);
  const unsigned flags = input.Byte();
  side.base = static_cast<int16_t>(input.U16());
  if ((flags & 1) != 0) side.row_step = input.Byte();
  if ((flags & 2) != 0) side.column_step = input.Byte();
  side.top_bits = input.Byte();
  side.window = input.Byte();
  side.confidence = input.Byte();
  side.zeros = input.U16();
  side.knot_spacing = input.Byte();
  side.first_knot = input.Byte();
  side.knots.resize(input.Byte());
  side.rows.resize((flags & 1) != 0 ? rows : 0);
  side.columns.resize((flags & 2) != 0 ? columns : 0);
  Stream stream(input.Rest());
  for (Bytes* vector : {&side.knots, &side.rows, &side.columns}) {
    Tree tree(8);
    for (uint8_t& value : *vector) {
      value = static_cast<uint8_t>(tree.Decode(&stream));
    }
  }
  stream.ExpectEnd();
  for (size_t i = 1; i < side.knots.size(); ++i) {
    side.knots[i] = static_cast<uint8_t>(side.knots[i] + side.knots[i - 1]);
  }
  return side;
}

Bytes DecodeCmBytes(const Bytes& encoded, uint64_t size) {
  Input input(encoded);
  const unsigned parameters = input.Byte();
  const unsigned context = parameters & 3;
  const size_t lanes = (parameters & 8) != 0 ? 4 : 1;
  Require(parameters < 16 && context < 3, "parameters");
  std::vector<uint64_t> words;
  for (size_t i = 0; i + 1 < lanes; ++i) words.push_back(input.Varint());
  std::vector<Stream> streams;
  for (const uint64_t count : words)
    streams.emplace_back(input.Take(2 * count));
  streams.emplace_back(input.Rest());
  std::vector<Tree> trees(9, Tree(8));
  Bytes bytes;
  for (uint64_t i = 0; i < size; ++i) {
    unsigned tree = 0;
    if (i >= 4 && context != 0) {
      int v = bytes[i - 4];
      if (context == 2) v ^= 128;
      if (v >= 128) v = 256 - v;
      while (v >= 1 << tree) ++tree;
    }
    bytes.push_back(static_cast<uint8_t>(trees[tree].Decode(
        &streams[i % lanes], (parameters & 4) != 0 ? 60 : 1023)));
  }
  for (const Stream& stream : streams) stream.ExpectEnd();
  return bytes;
}

std::vector<ModelledSymbol> DecodeModelledSymbols(
    const ModelledSide& side, const std::vector<int64_t>& scales,
    unsigned exponent_bits, unsigned mantissa_bits, unsigned run_bits,
    unsigned lanes, const Bytes& plane) {
  const Start start(side, mantissa_bits);
  std::vector<ClassModel> fresh;
  for (unsigned c = 0; c < 16; ++c) fresh.push_back(start.ModelOf(c));
  const uint64_t run_elements = uint64_t{1} << run_bits;
  const uint64_t runs = (scales.size() + run_elements - 1) / run_elements;
  Input input(plane);
  std::vector<uint64_t> words;
  for (uint64_t i = 0; i < runs * lanes; ++i) {
    const int64_t before = i == 0 ? 0 : static_cast<int64_t>(words.back());
    words.push_back(static_cast<uint64_t>(before + input.Svarint()));
  }
  std::vector<ModelledSymbol> symbols;
  for (uint64_t run = 0; run < runs; ++run) {
    std::vector<Stream> streams;
    for (unsigned lane = 0; lane < lanes; ++lane) {
      streams.emplace_back(input.Take(2 * words[run * lanes + lane]));
    }
    std::vector<ClassModel> models = fresh;
    const uint64_t count =
        std::min<uint64_t>(run_elements, scales.size() - run * run_elements);
    for (uint64_t i = 0; i < count; ++i) {
      Stream& stream = streams[i % lanes];
      const int64_t scale = scales[run * run_elements + i];
      ClassModel& model = models[static_cast<size_t>(scale & 15)];
      unsigned slot = side.window + model.window.Decode(&stream);
      uint64_t exponent = 0;
      if (slot == side.window + 7) {
        slot = model.other.Decode(&stream);
        if (slot == 31) exponent = stream.EvenBits(exponent_bits);
      }
      if (slot < 30) {
        exponent = static_cast<uint64_t>((scale >> 4) + 16 - int64_t{slot}) &
                   ((uint64_t{1} << exponent_bits) - 1);
      }
      symbols.push_back({exponent, model.tops[slot].Decode(&stream)});
    }
    for (const Stream& stream : streams) stream.ExpectEnd();
  }
  Require(input.done(), "streams fill the plane");
  return symbols;
}

}  // namespace spec
