// What the inputs of delta_decoder_fuzzer mean, for it and for its seeds.

#ifndef INGOT_TESTS_FUZZ_DELTA_INPUT_H_
#define INGOT_TESTS_FUZZ_DELTA_INPUT_H_

#include <array>
#include <cstdint>
#include <vector>

#include "codec/bytes.h"
#include "codec/entropy/byte_coder.h"

namespace ingot {

inline constexpr std::array kFuzzDeltaCoders = {Coder::kTiered, Coder::kRans,
                                                Coder::kCm};
inline constexpr std::array kFuzzByteCoders = {Coder::kStore, Coder::kConstant,
                                               Coder::kZstd, Coder::kPacked,
                                               Coder::kCmBytes};

// Zeros, noise, or noise of a few exponents.
inline std::vector<std::byte> FuzzBase(uint8_t kind, size_t size) {
  std::vector<std::byte> base(size);
  uint64_t state = kind;
  for (std::byte& byte : base) {
    state = state * 6364136223846793005 + 1442695040888963407;
    const auto noise = static_cast<uint8_t>(state >> 56);
    byte = static_cast<std::byte>(kind == 0       ? 0
                                  : kind % 2 == 0 ? noise
                                                  : (noise & 0x83) | 0x3C);
  }
  return base;
}

}  // namespace ingot

#endif  // INGOT_TESTS_FUZZ_DELTA_INPUT_H_
