// What all parts of the second decoder read with: see spec_decoder.h.

#ifndef INGOT_TESTS_CODEC_SPEC_BASE_H_
#define INGOT_TESTS_CODEC_SPEC_BASE_H_

#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/codec/spec_delta.h"
#include "tests/codec/spec_modelled.h"
#include "tests/codec/spec_range_coder.h"

namespace spec {

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
  Digest Sha256() {
    Require(Byte() == 1, "digest algorithm");
    Digest digest;
    for (uint8_t& byte : digest) byte = Byte();
    return digest;
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
inline uint64_t Field(const Bytes& stream, uint64_t index, unsigned width) {
  uint64_t value = 0;
  for (unsigned k = 0; k < width; ++k) {
    const uint64_t bit = index * width + k;
    value |= uint64_t{stream.at(bit / 8) >> (bit % 8) & 1u} << k;
  }
  return value;
}

inline int64_t UnZigZag(uint64_t z) {
  return static_cast<int64_t>(z >> 1) ^ -static_cast<int64_t>(z & 1);
}

// Section 4, all coders but tiered.
inline Bytes DecodePlain(unsigned coder, const Bytes& encoded, uint64_t size) {
  Bytes plane(size);
  if (coder == 0) {
    plane = encoded;
  } else if (coder == 1) {
    Require(encoded.size() == 1, "constant: one byte");
    std::fill(plane.begin(), plane.end(), encoded[0]);
  } else if (coder == 2) {
    plane.resize(
        ZSTD_decompress(plane.data(), size, encoded.data(), encoded.size()));
  } else if (coder == 9) {
    plane = DecodeCmBytes(encoded, size);
  } else if (coder == 8) {
    const unsigned width = encoded.at(0);
    Require(width >= 1 && width <= 7, "width of packed fields");
    const Bytes fields(encoded.begin() + 1, encoded.end());
    Require(fields.size() == (size * width + 7) / 8, "packed fields");
    for (uint64_t i = 0; i < size; ++i) {
      plane[i] = static_cast<uint8_t>(Field(fields, i, width));
    }
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

inline uint64_t RoundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

inline unsigned ElementBytes(unsigned dtype) {
  constexpr std::array<unsigned, 31> kBytes = {
      1, 1, 1, 1, 2, 2,  4,  4,  8,  8,  2,  2,   4,   8,   1,  1,
      1, 0, 0, 0, 0, 18, 20, 22, 24, 34, 84, 110, 144, 176, 210};
  Require(dtype < kBytes.size() && kBytes[dtype] > 0,
          "dtype is not coded as such");
  return kBytes[dtype];
}

// Section 5: exponent bits, mantissa bits and the remainder's planes.
struct Layout {
  unsigned exponent_bits;
  unsigned mantissa_bits;
  std::vector<unsigned> planes;
};
inline Layout LayoutOf(unsigned dtype) {
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

// Section 3: a scale vector.
inline std::vector<unsigned> DecodeScales(Input* input, uint64_t count) {
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

}  // namespace spec

#endif  // INGOT_TESTS_CODEC_SPEC_BASE_H_
