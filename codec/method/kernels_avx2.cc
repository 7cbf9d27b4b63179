// The AVX2 kernels: 32 elements at a time.

#include "codec/base/vector_avx2-inl.h"
#include "codec/entropy/rans/rans_avx2-inl.h"
#include "codec/entropy/tiered/tiers_avx2-inl.h"
#include "codec/method/rank_lookup_avx2-inl.h"
// After the instruction set's own.
#include "codec/method/kernel_tables-inl.h"
#include "codec/method/delta_kernels_avx2-inl.h"

namespace ingot {
namespace {

constexpr Kernels MakeAvx2Kernels() {
  Kernels kernels = MakeKernels("avx2", DecodeRansAvx2);
  kernels.symbols = MakeSymbolKernelsAvx2(kernels.symbols);
  kernels.deltas = MakeDeltaKernelsAvx2();
  return kernels;
}

}  // namespace

constexpr Kernels kAvx2Kernels = MakeAvx2Kernels();

}  // namespace ingot
