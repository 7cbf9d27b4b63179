#include "codec/base/checksum.h"

#include <xxhash.h>

#include <memory>

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#endif

namespace ingot {

uint64_t Checksum(ByteSpan bytes) {
#if defined(__x86_64__)
  return XXH3_64bits_dispatch(bytes.data(), bytes.size());
#else
  return XXH3_64bits(bytes.data(), bytes.size());
#endif
}

uint64_t ChecksumOfPieces(std::span<const ByteSpan> pieces) {
  struct FreeState {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  // One for each thread: the state is opaque and larger than half a kilobyte.
  thread_local const std::unique_ptr<XXH3_state_t, FreeState> state(
      XXH3_createState());
  XXH3_64bits_reset(state.get());
  for (const ByteSpan piece : pieces) {
#if defined(__x86_64__)
    XXH3_64bits_update_dispatch(state.get(), piece.data(), piece.size());
#else
    XXH3_64bits_update(state.get(), piece.data(), piece.size());
#endif
  }
  return XXH3_64bits_digest(state.get());
}

}  // namespace ingot
