// TensorView: how an object or a literal inside a model file is seen: under a
// name, as elements of a dtype in a shape.
//
// A view belongs to a file's manifest and never to the bytes: equal bytes are
// one object whatever they are called. Elements lie in row-major order.
//
// The limits are those of containers (codec/FORMAT.md, "Views"). Whoever makes
// views from a file checks them; a file with a tensor beyond them is stored as
// opaque bytes.

#ifndef INGOT_CODEC_TENSOR_VIEW_H_
#define INGOT_CODEC_TENSOR_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/dtype.h"

namespace ingot {

inline constexpr size_t kMaxTensorNameLength = 65535;  // bytes of UTF-8
inline constexpr size_t kMaxTensorRank = 64;           // dimensions

struct TensorView {
  std::string name;
  DType dtype = DType::kBytes;
  std::vector<uint64_t> shape;  // empty for a scalar

  // Bytes of the tensor; nothing where its elements do not fill whole bytes or
  // where the number does not fit 64 bits.
  std::optional<uint64_t> ByteSize() const {
    const std::optional<uint64_t> elements = ElementCount(shape);
    if (!elements) return std::nullopt;
    return DTypeByteSize(dtype, *elements);
  }

  bool operator==(const TensorView&) const = default;
};

}  // namespace ingot

#endif  // INGOT_CODEC_TENSOR_VIEW_H_
