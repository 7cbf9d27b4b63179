#include "tools/nontemporal_copy.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ingot {

void NontemporalCopy(void* to, const void* from, size_t size) {
  size_t done = 0;
#if defined(__SSE2__)
  constexpr size_t kLine = 64;
  char* const target = static_cast<char*>(to);
  const char* const source = static_cast<const char*>(from);
  for (; done + kLine <= size; done += kLine) {
    // Whole lines, so that each leaves its write-combining buffer at once.
    for (size_t i = 0; i < kLine; i += sizeof(__m128i)) {
      const __m128i value =
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(source + done + i));
      _mm_stream_si128(reinterpret_cast<__m128i*>(target + done + i), value);
    }
  }
  _mm_sfence();
#endif
  if (done < size) {
    std::memcpy(static_cast<char*>(to) + done,
                static_cast<const char*>(from) + done, size - done);
  }
}

}  // namespace ingot
