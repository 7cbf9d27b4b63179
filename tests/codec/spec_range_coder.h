// Section 9 of codec/FORMAT.md for the second decoder: the range coder, its
// adaptive bits and trees. See spec_decoder.h.

#ifndef INGOT_TESTS_CODEC_SPEC_RANGE_CODER_H_
#define INGOT_TESTS_CODEC_SPEC_RANGE_CODER_H_

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace spec {

using Bytes = std::vector<uint8_t>;

inline void Require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

// "The range coder".
class Stream {
 public:
  explicit Stream(Bytes bytes) : bytes_(std::move(bytes)) {
    code_ = Word();
    code_ = code_ << 16 | Word();
  }
  unsigned Decision(uint64_t p) {
    const uint64_t lower = range_ * p >> 16;
    unsigned bit = 0;
    if (code_ < lower) {
      bit = 1;
      range_ = lower;
    } else {
      code_ -= lower;
      range_ -= lower;
    }
    if (range_ < 65536) {
      range_ <<= 16;
      code_ = code_ << 16 | Word();
    }
    return bit;
  }
  uint64_t EvenBits(unsigned width) {
    uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) value = 2 * value + Decision(32768);
    return value;
  }
  void ExpectEnd() const {
    Require(2 * words_ == bytes_.size() || 2 * words_ == bytes_.size() + 2,
            "stream is read to its end");
  }

 private:
  uint64_t Word() {
    const size_t at = 2 * words_++;
    // A word behind the end may be anything.
    if (at + 2 > bytes_.size()) return 0xABCD;
    return bytes_[at] | uint64_t{bytes_[at + 1]} << 8;
  }

  Bytes bytes_;
  size_t words_ = 0;
  uint64_t range_ = 0xFFFFFFFF;
  uint64_t code_ = 0;
};

// "Adaptive bits and trees".
struct Bit {
  int64_t probability = 1 << 21;
  int64_t count = 0;

  unsigned Decode(Stream* stream, int64_t largest_count = 1023) {
    const unsigned bit =
        stream->Decision(static_cast<uint64_t>(probability >> 6));
    const int64_t target = bit == 1 ? (1 << 22) - (1 << 11) : 1 << 11;
    probability +=
        ((target - probability) * (655360 / (10 * count + 16))) >> 16;
    count = std::min<int64_t>(count + 1, largest_count);
    return bit;
  }
};

struct Tree {
  explicit Tree(unsigned depth_bits)
      : depth(depth_bits), nodes(size_t{1} << depth_bits) {}

  unsigned Decode(Stream* stream, int64_t largest_count = 1023) {
    unsigned node = 1;
    for (unsigned i = 0; i < depth; ++i) {
      node = 2 * node + nodes[node].Decode(stream, largest_count);
    }
    return node - (1u << depth);
  }
  // A node's masses are those of the leaves below its children.
  void Start(const std::vector<uint64_t>& masses, int64_t count) {
    for (unsigned node = 1; node < nodes.size(); ++node) {
      const uint64_t a = MassBelow(masses, 2 * node);
      const uint64_t b = MassBelow(masses, 2 * node + 1);
      nodes[node].probability = std::clamp<int64_t>(
          static_cast<int64_t>(((b + 1) << 22) / (a + b + 2)), 1 << 11,
          (1 << 22) - (1 << 11));
      nodes[node].count = count;
    }
  }
  uint64_t MassBelow(const std::vector<uint64_t>& masses, unsigned node) const {
    if (node >= nodes.size()) return masses.at(node - nodes.size());
    return MassBelow(masses, 2 * node) + MassBelow(masses, 2 * node + 1);
  }

  unsigned depth;
  std::vector<Bit> nodes;
};

}  // namespace spec

#endif  // INGOT_TESTS_CODEC_SPEC_RANGE_CODER_H_
