#include "codec/base/stream_copy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace ingot {

void StreamCopy(std::byte* to, const std::byte* from, size_t size) {
#if defined(__x86_64__)
  constexpr size_t kLine = 64;
  const size_t head =
      std::min(size, (kLine - reinterpret_cast<uintptr_t>(to) % kLine) % kLine);
  if (head > 0) std::memcpy(to, from, head);
  size_t done = head;
  for (; done + kLine <= size; done += kLine) {
    const auto* in = reinterpret_cast<const __m128i*>(from + done);
    auto* out = reinterpret_cast<__m128i*>(to + done);
    const __m128i a = _mm_loadu_si128(in);
    const __m128i b = _mm_loadu_si128(in + 1);
    const __m128i c = _mm_loadu_si128(in + 2);
    const __m128i d = _mm_loadu_si128(in + 3);
    _mm_stream_si128(out, a);
    _mm_stream_si128(out + 1, b);
    _mm_stream_si128(out + 2, c);
    _mm_stream_si128(out + 3, d);
  }
  if (done < size) std::memcpy(to + done, from + done, size - done);
#else
  if (size > 0) std::memcpy(to, from, size);
#endif
}

StreamFence::~StreamFence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace ingot
