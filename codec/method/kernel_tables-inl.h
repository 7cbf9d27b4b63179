// The dispatch tables of a vectorised kernel set. Include last.

#ifndef INGOT_CODEC_METHOD_KERNEL_TABLES_INL_H_
#define INGOT_CODEC_METHOD_KERNEL_TABLES_INL_H_

#include <type_traits>

#include "codec/entropy/huffman/huffman_streams-inl.h"
#include "codec/method/delta_kernels-inl.h"
#include "codec/method/float_kernels-inl.h"
#include "codec/method/float_statistics-inl.h"
#include "codec/method/joined_kernels-inl.h"
#include "codec/method/kernel_sets.h"

namespace ingot {
namespace {

template <FloatLayout kLayout, bool kStream>
bool DecodeByWidth(const TierCode& code, const SubBlockDecode& in,
                   uint8_t* out) {
  switch (code.widths[0]) {
    case 1:
      return DecodeSubBlock<kLayout, 1, kStream>(code, in, out);
    case 2:
      return DecodeSubBlock<kLayout, 2, kStream>(code, in, out);
    default:
      return DecodeSubBlock<kLayout, 3, kStream>(code, in, out);
  }
}

template <FloatLayout kLayout>
bool Decode(const TierCode& code, const SubBlockDecode& in, uint8_t* out,
            bool stream) {
  return stream ? DecodeByWidth<kLayout, true>(code, in, out)
                : DecodeByWidth<kLayout, false>(code, in, out);
}

template <FloatLayout kLayout>
SegmentSize Encode(const TierCode& code, const RankTable& ranks,
                   const SubBlockEncode& out, const uint8_t* in) {
  switch (code.widths[0]) {
    case 1:
      return EncodeSubBlock<kLayout, 1>(code, ranks, out, in);
    case 2:
      return EncodeSubBlock<kLayout, 2>(code, ranks, out, in);
    default:
      return EncodeSubBlock<kLayout, 3>(code, ranks, out, in);
  }
}

// Calls run with the code's top bits as a constant.
template <FloatLayout kLayout, typename Run>
auto WithTopBits(const JoinedCode& code, const Run& run) {
  static_assert(MaxTopBits(kLayout) == 2);
  switch (code.top_bits) {
    case 0:
      return run(std::integral_constant<unsigned, 0>());
    case 1:
      return run(std::integral_constant<unsigned, 1>());
    default:
      return run(std::integral_constant<unsigned, 2>());
  }
}

template <FloatLayout kLayout>
void DecodeJoined(const JoinedCode& code, const JoinedDecode& in, uint8_t* out,
                  bool stream) {
  WithTopBits<kLayout>(code, [&](auto top) {
    if (stream) {
      DecodeJoinedSubBlock<kLayout, decltype(top)::value, true>(code, in, out);
    } else {
      DecodeJoinedSubBlock<kLayout, decltype(top)::value, false>(code, in, out);
    }
  });
}

template <FloatLayout kLayout>
uint32_t EncodeJoined(const JoinedCode& code, const JoinedRanks& ranks,
                      const JoinedEncode& out, const uint8_t* in) {
  return WithTopBits<kLayout>(code, [&](auto top) {
    return EncodeJoinedSubBlock<kLayout, decltype(top)::value>(code, ranks, out,
                                                               in);
  });
}

template <FloatLayout kLayout>
void CountJoined(const JoinedCode& code, const uint8_t* in, const ScaleRun& run,
                 JoinedHistogram* histogram) {
  WithTopBits<kLayout>(code, [&](auto top) {
    CountJoinedRun<kLayout, decltype(top)::value>(code, in, run, histogram);
  });
}

template <FloatLayout kLayout>
constexpr FloatKernels MakeFloatKernels() {
  return {.decode = Decode<kLayout>,
          .encode = Encode<kLayout>,
          .sum_row = SumRow<kLayout>,
          .count = CountRun<kLayout>,
          .join = JoinPlanes<kLayout>,
          .decode_joined = DecodeJoined<kLayout>,
          .encode_joined = EncodeJoined<kLayout>,
          .count_joined = CountJoined<kLayout>};
}

void DecodeAllTiers(const TierCode& code, const uint8_t* segment,
                    const TierExtents& extents, uint8_t* values) {
  TierValues buffers;
  std::memcpy(values, DecodeTiersFrom(0, code, segment, extents, &buffers),
              extents.counts[0]);
}

uint32_t EncodeAllTiers(const TierCode& code, uint32_t count, uint8_t* values,
                        uint8_t* segment) {
  TierValues buffers;
  std::memcpy(buffers.first, values, count);
  Store(buffers.first + count, Fill(0));
  return EncodeTiersFrom(0, code, count, &buffers, segment);
}

// fp64 has no vectorised kernels: it is rare, and 11 bits of exponent and 45
// of mantissa fit no lane.
constexpr Kernels MakeKernels(std::string_view name,
                              decltype(EntropyKernels::decode_rans) decode_rans) {
  return {
      .name = name,
      .floats = {MakeFloatKernels<FloatLayout::kBf16>(),
                 MakeFloatKernels<FloatLayout::kF32>(),
                 MakeFloatKernels<FloatLayout::kF16>(),
                 MakeFloatKernels<FloatLayout::kE4m3>(),
                 MakeFloatKernels<FloatLayout::kE5m2>(), kScalarF64Kernels},
      .entropy = {.decode_huffman = DecodeHuffman,
                  .encode_huffman = EncodeHuffmanStream,
                  .decode_rans = decode_rans},
      .symbols = {.merge = MergeValues,
                  .unpack = UnpackFields,
                  .spread = SpreadGroups,
                  .decode_tiers = DecodeAllTiers,
                  .encode_tiers = EncodeAllTiers,
                  .decode_context_rans = DecodeContextRans},
      .deltas = MakeAllDeltaKernels()};
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_KERNEL_TABLES_INL_H_
