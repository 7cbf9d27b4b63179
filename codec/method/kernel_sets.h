// The kernel sets that this build contains. Internal to codec/method.

#ifndef INGOT_CODEC_METHOD_KERNEL_SETS_H_
#define INGOT_CODEC_METHOD_KERNEL_SETS_H_

#include "codec/method/kernels.h"

namespace ingot {

extern const Kernels kScalarKernels;

// The scalar kernels of joined exponents, for every layout.
namespace scalar_joined {

template <FloatLayout kLayout>
void Decode(const JoinedCode& code, const JoinedDecode& in, uint8_t* out,
            bool stream);
template <FloatLayout kLayout>
uint32_t Encode(const JoinedCode& code, const JoinedRanks& ranks,
                const JoinedEncode& out, const uint8_t* in);
template <FloatLayout kLayout>
void Count(const JoinedCode& code, const uint8_t* in, const ScaleRun& run,
           JoinedHistogram* histogram);

}  // namespace scalar_joined

// The scalar kernels of fp64, which every set uses.
namespace scalar_f64 {

bool Decode(const TierCode& code, const SubBlockDecode& in, uint8_t* out,
            bool stream);
SegmentSize Encode(const TierCode& code, const RankTable& ranks,
                   const SubBlockEncode& out, const uint8_t* in);
uint64_t SumRow(const uint8_t* in, size_t columns, uint8_t neutral,
                uint16_t* column_sums);
void CountRun(const uint8_t* in, const ScaleRun& run,
              ScaleHistogram* histogram);
void JoinPlanes(const uint8_t* symbols,
                const std::array<const uint8_t*, kMaxRemainderPlanes>& planes,
                size_t elements, uint8_t* out);

}  // namespace scalar_f64

inline constexpr FloatKernels kScalarF64Kernels = {
    .decode = scalar_f64::Decode,
    .encode = scalar_f64::Encode,
    .sum_row = scalar_f64::SumRow,
    .count = scalar_f64::CountRun,
    .join = scalar_f64::JoinPlanes,
    .decode_joined = scalar_joined::Decode<FloatLayout::kF64>,
    .encode_joined = scalar_joined::Encode<FloatLayout::kF64>,
    .count_joined = scalar_joined::Count<FloatLayout::kF64>};

#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#elif defined(__aarch64__)
extern const Kernels kNeonKernels;
#endif

}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_KERNEL_SETS_H_
