// AnySource: has every object that is asked for, with bytes that follow from
// digest and offset, so that containers that refer elsewhere are decoded.

#ifndef INGOT_TESTS_FUZZ_ANY_SOURCE_H_
#define INGOT_TESTS_FUZZ_ANY_SOURCE_H_

#include <algorithm>
#include <cstdint>

#include "codec/reference_source.h"

namespace ingot {

class AnySource final : public ReferenceSource {
 public:
  static constexpr uint64_t kLength = uint64_t{1} << 22;

  Status Read(const Digest& object, uint64_t offset,
              MutableByteSpan out) override {
    if (object.bytes[0] == std::byte{}) {
      return Error{ErrorKind::kNotFound, "not here"};
    }
    if (offset > kLength || out.size() > kLength - offset) {
      return InvalidArgument("too short");
    }
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = object.bytes[(offset + i) % object.bytes.size()];
    }
    return {};
  }
};

}  // namespace ingot

#endif  // INGOT_TESTS_FUZZ_ANY_SOURCE_H_
