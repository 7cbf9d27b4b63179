// The AVX2 kernels: 32 elements at a time.

#include "codec/base/vector_avx2-inl.h"
#include "codec/entropy/rans/rans_avx2-inl.h"
#include "codec/entropy/tiered/tiers_avx2-inl.h"
#include "codec/method/rank_lookup_avx2-inl.h"
// After the instruction set's own.
#include "codec/method/kernel_tables-inl.h"

namespace ingot {

constexpr Kernels kAvx2Kernels = MakeKernels("avx2", DecodeRansAvx2);

}  // namespace ingot
