// Elements, scales and noise that the tests of kernels share.

#ifndef INGOT_TESTS_CODEC_KERNEL_CASES_H_
#define INGOT_TESTS_CODEC_KERNEL_CASES_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "codec/method/kernels.h"
#include "codec/planes/float_layout.h"
#include "tests/codec/guarded_buffer.h"

namespace ingot {

using Rng = std::mt19937_64;

inline constexpr uint8_t kUntouched = 0xA7;
inline constexpr std::array<const char*, kFloatLayoutCount> kLayoutNames = {
    "bf16", "f32", "f16", "e4m3", "e5m2", "f64"};
inline constexpr uint32_t kSizes[] = {1,   2,   31,  32,   33,   63,   64,  65,
                               127, 128, 200, 1000, 4096, 8191, 8192};

// Elements of one layout, by the exponents and remainders that they have.
enum class Content {
  kRandomBits,
  kWeights,
  kAllEqual,
  kEveryExponent,
  kSpecials,  // -0.0, subnormals, infinities, NaNs with payloads
  kSparse,
};
inline constexpr Content kContents[] = {Content::kRandomBits, Content::kWeights,
                                 Content::kAllEqual,   Content::kEveryExponent,
                                 Content::kSpecials,   Content::kSparse};

inline void FillElements(const FloatLayoutInfo& info, Content content, Rng& rng,
                  uint32_t elements, uint8_t* out) {
  const uint64_t exponents = uint64_t{1} << info.exponent_bits;
  const uint64_t mantissas = uint64_t{1} << info.mantissa_bits;
  const unsigned sign_shift = info.element_bytes * 8 - 1;
  const uint64_t middle = info.exponent_bits == 11 ? 1015 : exponents / 2 - 1;
  const uint64_t constant = rng();
  for (uint32_t i = 0; i < elements; ++i) {
    const uint64_t random = rng();
    uint64_t exponent = random >> 32 & (exponents - 1);
    uint64_t mantissa = random & (mantissas - 1);
    uint64_t sign = random >> 63;
    switch (content) {
      case Content::kRandomBits:
        break;
      case Content::kWeights: {
        const int below = std::countr_zero(random | uint64_t{1} << 40) -
                          (random >> 41 & 1 ? 1 : 0);
        exponent = (middle - static_cast<uint64_t>(below)) & (exponents - 1);
        mantissa = rng() & (mantissas - 1);
        break;
      }
      case Content::kAllEqual:
        exponent = constant >> 32 & (exponents - 1);
        mantissa = constant & (mantissas - 1);
        sign = constant >> 63;
        break;
      case Content::kEveryExponent:
        exponent = i & (exponents - 1);
        break;
      case Content::kSpecials:
        exponent = random >> 33 & 1 ? exponents - 1 : 0;
        if (random >> 34 & 1) mantissa = 0;
        break;
      case Content::kSparse:
        if ((random >> 33 & 15) != 0) exponent = mantissa = sign = 0;
        break;
    }
    const uint64_t bits =
        sign << sign_shift | exponent << info.mantissa_bits | mantissa;
    std::memcpy(out + size_t{i} * info.element_bytes, &bits,
                info.element_bytes);
  }
}

// Runs of scales over the elements of a sub-block. Columns are readable up to
// a multiple of 64 elements and no further.
class Scales {
 public:
  enum class Kind { kNone, kSmall, kRandom };

  Scales(Kind kind, uint32_t elements, Rng& rng)
      : columns_((elements + kPlaneUnit - 1) / kPlaneUnit * kPlaneUnit) {
    if (kind != Kind::kNone) {
      for (uint8_t& column : columns_.span()) {
        column =
            static_cast<uint8_t>(kind == Kind::kSmall ? rng() % 24 : rng());
      }
    }
    for (uint32_t done = 0; done < elements;) {
      uint32_t length = elements - done;
      if (kind != Kind::kNone && rng() % 4 != 0) {
        length = std::min<uint32_t>(
            length, kPlaneUnit * static_cast<uint32_t>(1 + rng() % 20));
      }
      const uint64_t row = kind == Kind::kNone ? 0 : rng();
      runs_.push_back(
          {columns_.data() + done, length,
           static_cast<uint8_t>(kind == Kind::kSmall ? row % 24 : row)});
      done += length;
    }
  }
  std::span<const ScaleRun> runs() const { return runs_; }

 private:
  GuardedBuffer columns_;
  std::vector<ScaleRun> runs_;
};
inline constexpr Scales::Kind kScaleKinds[] = {
    Scales::Kind::kNone, Scales::Kind::kSmall, Scales::Kind::kRandom};

inline bool Same(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// Bytes whose bits are ones with one of several frequencies.
inline void FillNoise(Rng& rng, std::span<uint8_t> bytes) {
  const uint64_t kind = rng() % 4;
  for (uint8_t& byte : bytes) {
    const uint64_t random = rng();
    const uint64_t thin = random & random >> 8;
    byte = static_cast<uint8_t>(kind == 0   ? thin
                                : kind == 1 ? random
                                : kind == 2 ? random | random >> 8
                                            : 0xFF);
  }
}

}  // namespace ingot

#endif  // INGOT_TESTS_CODEC_KERNEL_CASES_H_
