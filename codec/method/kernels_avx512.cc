// The AVX-512 kernels (F, BW, VL, DQ, VBMI, VBMI2, BITALG and GFNI, as Ice
// Lake and Zen 4 have them): 64 elements at a time.

#include "codec/base/vector_avx512-inl.h"
#include "codec/entropy/rans/rans_avx512-inl.h"
#include "codec/entropy/tiered/tiers_avx512-inl.h"
#include "codec/method/rank_lookup_avx512-inl.h"
// After the instruction set's own.
#include "codec/method/kernel_tables-inl.h"
#include "codec/method/delta_kernels_avx512-inl.h"

namespace ingot {
namespace {

constexpr Kernels MakeAvx512Kernels() {
  Kernels kernels = MakeKernels("avx512", DecodeRansAvx512);
  kernels.symbols = MakeSymbolKernelsAvx512(kernels.symbols);
  kernels.deltas = MakeDeltaKernelsAvx512();
  return kernels;
}

}  // namespace

constexpr Kernels kAvx512Kernels = MakeAvx512Kernels();

}  // namespace ingot
