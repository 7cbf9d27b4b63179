// What the fuzz targets of codec/ share.

#ifndef INGOT_TESTS_FUZZ_FUZZ_CHECKS_H_
#define INGOT_TESTS_FUZZ_FUZZ_CHECKS_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "codec/bytes.h"
#include "codec/method/geometry.h"
#include "codec/result.h"

namespace ingot {

inline void Check(bool condition) {
  if (!condition) std::abort();
}

// Bytes from outside are never an I/O error, a usage error or exhaustion.
inline void CheckRefusal(const Error& error) {
  Check(error.kind == ErrorKind::kCorruption ||
        error.kind == ErrorKind::kUnsupported);
  Check(!error.message.empty());
}

// The same of a container that may need objects elsewhere.
inline void CheckRefusalOrMissing(const Error& error) {
  if (error.kind != ErrorKind::kNotFound) CheckRefusal(error);
}

// The dtypes that are coded as such, by a number from the input.
inline DType CodableDType(uint8_t number) {
  for (;; ++number) {
    const std::optional<DType> dtype = DTypeFromNumber(number % 32);
    if (dtype && IsCodable(*dtype)) return *dtype;
  }
}

}  // namespace ingot

#endif  // INGOT_TESTS_FUZZ_FUZZ_CHECKS_H_
