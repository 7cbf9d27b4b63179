// Elements taken apart and joined one at a time, for the scalar kernels.

#ifndef INGOT_CODEC_METHOD_SCALAR_ELEMENTS_INL_H_
#define INGOT_CODEC_METHOD_SCALAR_ELEMENTS_INL_H_

#include "codec/method/kernels.h"
#include "codec/planes/bit_stream.h"
#include "codec/planes/float_parts.h"

namespace ingot {
namespace {

// The remainder's planes, split from its top. The first one lacks the
// `top_bits` bits below the sign.
template <FloatLayout kLayout>
void PutRemainder(const std::array<uint8_t*, kMaxRemainderPlanes>& planes,
                  size_t index, uint64_t remainder, unsigned top_bits = 0) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  const uint64_t sign = remainder >> kInfo.mantissa_bits;
  unsigned below = kInfo.mantissa_bits + 1 - top_bits;
  remainder &= (uint64_t{1} << (below - 1)) - 1;
  remainder |= sign << (below - 1);
  for (unsigned plane = 0; plane < kInfo.plane_count; ++plane) {
    const unsigned width = JoinedPlaneBits(kLayout, plane, top_bits);
    below -= width;
    PutField(planes[plane], index, width,
             (remainder >> below) & ((uint64_t{1} << width) - 1));
  }
}

template <FloatLayout kLayout>
uint64_t GetRemainder(
    const std::array<const uint8_t*, kMaxRemainderPlanes>& planes, size_t index,
    unsigned top_bits = 0, unsigned top = 0) {
  constexpr FloatLayoutInfo kInfo = GetFloatLayoutInfo(kLayout);
  uint64_t remainder = 0;
  for (unsigned plane = 0; plane < kInfo.plane_count; ++plane) {
    const unsigned width = JoinedPlaneBits(kLayout, plane, top_bits);
    remainder = remainder << width | GetField(planes[plane], index, width);
  }
  const unsigned below = kInfo.mantissa_bits - top_bits;
  const uint64_t sign = remainder >> below;
  return sign << kInfo.mantissa_bits | uint64_t{top} << below |
         (remainder & ((uint64_t{1} << below) - 1));
}

// The scale of every element of a sub-block.
void ExpandScales(std::span<const ScaleRun> runs, uint8_t* scales) {
  for (const ScaleRun& run : runs) {
    for (uint32_t i = 0; i < run.length; ++i) {
      *scales++ = static_cast<uint8_t>(run.row + run.columns[i]);
    }
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_SCALAR_ELEMENTS_INL_H_
