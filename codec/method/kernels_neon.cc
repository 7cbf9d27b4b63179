// The NEON kernels: 64 elements at a time, in four registers.

#include "codec/base/vector_neon-inl.h"
#include "codec/entropy/rans/rans_scalar-inl.h"
#include "codec/entropy/tiered/tiers_neon-inl.h"
#include "codec/method/rank_lookup_neon-inl.h"
// After the instruction set's own.
#include "codec/method/kernel_tables-inl.h"

namespace ingot {

constexpr Kernels kNeonKernels = MakeKernels("neon", DecodeRansBySymbol);

}  // namespace ingot
