// What tests spare where sanitizers watch, under which code takes ten times
// as long and more: the release build tries every input, and fuzzing tries
// more under sanitizers than any test.

#ifndef INGOT_TESTS_SANITIZED_H_
#define INGOT_TESTS_SANITIZED_H_

#include <cstddef>

namespace ingot {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// From one input to the next where they are alike, such as bits to flip or
// lengths to cut to; prime to 8, so that every bit of a byte has its turn.
inline constexpr size_t kStride = kSanitized ? 13 : 1;

// How many of `count` random inputs are tried.
constexpr size_t Tries(size_t count) {
  return kSanitized ? count / 8 + 1 : count;
}

}  // namespace ingot

#endif  // INGOT_TESTS_SANITIZED_H_
