// What the loops for differences share where vectors are of any width. Include
// after the instruction set's vectors.

#ifndef INGOT_CODEC_METHOD_DELTA_VECTORS_INL_H_
#define INGOT_CODEC_METHOD_DELTA_VECTORS_INL_H_

#include <algorithm>
#include <cstring>

#include "codec/method/kernels.h"

namespace ingot {
namespace {

template <unsigned kWidth>
void UnpackAll(const uint8_t* fields, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i += kLanes) {
    Store(out + i, And(Unpack<kWidth>(fields + i / 8 * kWidth),
                       Fill((1u << kWidth) - 1)));
  }
}

inline void UnpackFieldsVector(const uint8_t* fields, size_t count,
                               unsigned width, uint8_t* out) {
  if (width == 1) {
    UnpackAll<1>(fields, count, out);
  } else if (width == 2) {
    UnpackAll<2>(fields, count, out);
  } else {
    UnpackAll<4>(fields, count, out);
  }
}

// Fetches the bases that the next sub-block has in the place of those of
// kLanes elements: its classes are read in one go, faster than memory delivers them.
template <size_t kElementBytes>
[[gnu::always_inline]] inline void PrefetchNext(const uint8_t* base) {
  for (size_t line = 0; line < kLanes * kElementBytes; line += 64) {
    PrefetchToLevel2(base + kSubBlockElements * kElementBytes + line);
  }
}

// Calls restore(i, base, to) for each kLanes elements, the first of which has
// index i: it stores what becomes of those at `base`. Exceptions then replace
// elements while these are near, before stores that bypass the caches.
template <size_t kElementBytes, bool kStream, typename Restore>
[[gnu::always_inline]] inline void ApplyVectors(const DeltaDecode& in,
                                                uint8_t* out,
                                                Restore restore) {
  constexpr size_t kVector = kLanes * kElementBytes;
  constexpr size_t kStep = 16 * kLanes;  // elements
  alignas(64) uint8_t staged[kStep * kElementBytes];
  const uint8_t* exception = in.exceptions;
  uint32_t exceptions_left = in.exception_count;
  for (size_t first = 0; first < in.elements; first += kStep) {
    const size_t end = std::min<size_t>(in.elements, first + kStep);
    uint8_t* const step = out + first * kElementBytes;
    uint8_t* const to = kStream ? staged : step;
    size_t i = first;
    for (; i + kLanes <= end; i += kLanes) {
      const uint8_t* const base = in.base + i * kElementBytes;
      PrefetchNext<kElementBytes>(base);
      restore(i, base, to + (i - first) * kElementBytes);
    }
    if (i < end) {
      alignas(64) uint8_t last[kVector];
      const size_t bytes = (end - i) * kElementBytes;
      std::memcpy(last, in.base + i * kElementBytes, bytes);
      restore(i, last, last);
      std::memcpy(to + (i - first) * kElementBytes, last, bytes);
    }
    for (; exceptions_left > 0; --exceptions_left) {
      uint16_t position;
      std::memcpy(&position, exception, sizeof(position));
      if (position >= end) break;
      exception += sizeof(position);
      std::memcpy(to + (position - first) * kElementBytes, exception,
                  kElementBytes);
      exception += kElementBytes;
    }
    if constexpr (kStream) {
      const size_t bytes = (end - first) * kElementBytes;
      size_t at = 0;
      for (; at + kLanes <= bytes; at += kLanes) {
        StoreOut<true>(step + at, Load(staged + at));
      }
      std::memcpy(step + at, staged + at, bytes - at);
    }
  }
}

}  // namespace
}  // namespace ingot

#endif  // INGOT_CODEC_METHOD_DELTA_VECTORS_INL_H_
