#include "codec/method/transform.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>

#include "codec/base/zigzag.h"
#include "codec/method/scaled_transform.h"
#include "codec/method/value_table.h"
#include "codec/planes/float_format.h"

namespace ingot {
namespace {

constexpr size_t kIntegerBytes = 4;
constexpr unsigned kMaxIntegerBits = 31;

// The float that is `integer`; nothing where it is no such float exactly.
std::optional<uint64_t> FloatOfInteger(int32_t integer,
                                       const FloatFormat& format) {
  if (integer == 0) return 0;
  const uint64_t magnitude =
      integer < 0 ? -static_cast<int64_t>(integer) : integer;
  const unsigned width = static_cast<unsigned>(std::bit_width(magnitude)) - 1;
  const uint64_t fraction = magnitude - (uint64_t{1} << width);
  uint64_t mantissa;
  if (width <= format.mantissa_bits) {
    mantissa = fraction << (format.mantissa_bits - width);
  } else {
    const unsigned drop = width - format.mantissa_bits;
    mantissa = fraction >> drop;
    if (mantissa << drop != fraction) return std::nullopt;
  }
  const auto bias = static_cast<unsigned>(format.bias());
  if (width > bias) return std::nullopt;
  return (integer < 0 ? format.sign() : 0) |
         uint64_t{bias + width} << format.mantissa_bits | mantissa;
}

// The other way round.
std::optional<int32_t> IntegerOfFloat(uint64_t element,
                                      const FloatFormat& format) {
  if (element == 0) return 0;
  const uint64_t magnitude = element & (format.sign() - 1);
  const uint64_t exponent = magnitude >> format.mantissa_bits;
  const uint64_t width =  // wraps below 1.0
      exponent - static_cast<unsigned>(format.bias());
  if (width >= kMaxIntegerBits) return std::nullopt;
  const uint64_t hidden = uint64_t{1} << format.mantissa_bits;
  const uint64_t mantissa = (magnitude & (hidden - 1)) | hidden;
  const uint64_t integer = width >= format.mantissa_bits
                               ? mantissa << (width - format.mantissa_bits)
                               : mantissa >> (format.mantissa_bits - width);
  const auto value = static_cast<int32_t>(integer);
  const int32_t with_sign = (element & format.sign()) != 0 ? -value : value;
  if (FloatOfInteger(with_sign, format) != element) return std::nullopt;
  return with_sign;
}

Status RestorePalette(const BlockHeader& header, size_t element_bytes,
                      const std::vector<ByteSpan>& planes, uint64_t begin,
                      MutableByteSpan out) {
  const size_t size = header.parameters.palette;
  for (size_t at = 0; at < out.size(); at += element_bytes) {
    const size_t index =
        std::to_integer<size_t>(planes[1][begin + at / element_bytes]);
    if (index >= size) {
      return Corruption("palette of " + std::to_string(size) +
                        " values: no value " + std::to_string(index));
    }
    std::memcpy(out.data() + at, planes[0].data() + index * element_bytes,
                element_bytes);
  }
  return {};
}

Status RestoreIntegers(DType dtype, const std::vector<ByteSpan>& planes,
                       uint64_t begin, MutableByteSpan out) {
  const FloatFormat format = *FloatFormatOf(dtype);
  const size_t element_bytes = GetDTypeInfo(dtype).bits / 8;
  for (size_t at = 0; at < out.size(); at += element_bytes) {
    const auto integer = static_cast<int32_t>(
        UnZigZag(GatherSplit(planes, begin + at / element_bytes)));
    const std::optional<uint64_t> element = FloatOfInteger(integer, format);
    if (!element) {
      return Corruption("integer " + std::to_string(integer) +
                        ": no such float");
    }
    std::memcpy(out.data() + at, &*element, element_bytes);
  }
  return {};
}

}  // namespace

void PlaneSet::Start(size_t size) {
  parameters = TransformParameters{};
  count = size;
  for (size_t plane = 0; plane < size; ++plane) planes[plane].clear();
}

void PlaneSet::PushSplit(uint64_t value, size_t plane, size_t bytes) {
  for (size_t byte = 0; byte < bytes; ++byte) {
    planes[plane + byte].push_back(static_cast<std::byte>(value >> (8 * byte)));
  }
}

uint32_t GatherSplit(const std::vector<ByteSpan>& planes, size_t index) {
  uint32_t value = 0;
  for (size_t byte = 0; byte < 4; ++byte) {
    value |= std::to_integer<uint32_t>(planes[byte][index]) << (8 * byte);
  }
  return value;
}

void SplitElements(const BlockElements& block, PlaneSet* set) {
  const size_t bytes = block.geometry->element_bytes();
  const size_t elements = block.count();
  set->Start(bytes);
  for (size_t byte = 0; byte < bytes; ++byte) {
    std::vector<std::byte>& plane = set->planes[byte];
    plane.resize(elements);
    for (size_t i = 0; i < elements; ++i) {
      plane[i] = block.raw[i * bytes + byte];
    }
  }
}

bool FindPalette(const BlockElements& block, PlaneSet* set) {
  const size_t bytes = block.geometry->element_bytes();
  ValueTable table;
  for (size_t at = 0; at < block.raw.size(); at += bytes) {
    if (!table.Add(LoadElement(block.raw.data() + at, bytes))) return false;
  }
  table.Sort();
  set->Start(2);
  set->parameters.palette = static_cast<uint16_t>(table.values().size());
  for (const uint64_t value : table.values()) {
    for (size_t byte = 0; byte < bytes; ++byte) {
      set->planes[0].push_back(static_cast<std::byte>(value >> (8 * byte)));
    }
  }
  set->planes[1].reserve(block.count());
  for (size_t at = 0; at < block.raw.size(); at += bytes) {
    set->planes[1].push_back(static_cast<std::byte>(
        table.Index(LoadElement(block.raw.data() + at, bytes))));
  }
  return true;
}

bool FindIntegers(const BlockElements& block, PlaneSet* set) {
  const std::optional<FloatFormat> format = FloatFormatOf(block.geometry->dtype);
  if (!format) return false;
  const size_t bytes = block.geometry->element_bytes();
  set->Start(kIntegerBytes);
  for (size_t at = 0; at < block.raw.size(); at += bytes) {
    const std::optional<int32_t> integer =
        IntegerOfFloat(LoadElement(block.raw.data() + at, bytes), *format);
    if (!integer) return false;
    set->PushSplit(ZigZag(*integer), 0, kIntegerBytes);
  }
  return true;
}

uint64_t TransformPlaneBytes(const BlockHeader& header,
                             const Geometry& geometry, uint64_t first,
                             size_t plane) {
  if (header.method == Method::kPalette && plane == 0) {
    return header.parameters.palette * geometry.element_bytes();
  }
  if (header.method == Method::kScaled && plane < kScaleBytes) {
    return CountSpans(geometry, header.parameters.span, first,
                      header.elements);
  }
  return header.elements;
}

Status RestoreElements(const BlockHeader& header, const Geometry& geometry,
                       uint64_t first, const std::vector<ByteSpan>& planes,
                       uint64_t begin, MutableByteSpan out) {
  const size_t bytes = geometry.element_bytes();
  switch (header.method) {
    case Method::kPalette:
      return RestorePalette(header, bytes, planes, begin, out);
    case Method::kIntegers:
      return RestoreIntegers(geometry.dtype, planes, begin, out);
    case Method::kScaled:
      return RestoreScaled(header, geometry, first, planes, begin, out);
    default:
      break;
  }
  const size_t elements = out.size() / bytes;
  for (size_t byte = 0; byte < bytes; ++byte) {
    for (size_t i = 0; i < elements; ++i) {
      out[i * bytes + byte] = planes[byte][begin + i];
    }
  }
  return {};
}

}  // namespace ingot
