// Section 8 of codec/FORMAT.md for the second decoder: methods for structured
// elements, from planes that are decoded already. The processor's own
// floating-point arithmetic does what the text describes.

#ifndef INGOT_TESTS_CODEC_SPEC_METHODS_H_
#define INGOT_TESTS_CODEC_SPEC_METHODS_H_

#include <cstdint>
#include <vector>

namespace spec {

using Bytes = std::vector<uint8_t>;

Bytes RestorePalette(const Bytes& values, const Bytes& indices,
                     unsigned element_bytes);

Bytes RestoreIntegers(const std::vector<Bytes>& planes, unsigned dtype);

struct Scaling {
  uint64_t span = 0;
  unsigned depth = 0;
  unsigned minus = 0;
};
// For each element, the number of its scale among those of the block.
std::vector<uint64_t> SpanNumbers(uint64_t columns, uint64_t span,
                                  uint64_t first, uint64_t n);
Bytes RestoreScaled(const std::vector<Bytes>& planes, const Scaling& scaling,
                    const std::vector<uint64_t>& span_numbers, unsigned dtype);

}  // namespace spec

#endif  // INGOT_TESTS_CODEC_SPEC_METHODS_H_
