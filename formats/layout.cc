#include "formats/layout.h"

#include <algorithm>
#include <span>
#include <utility>

namespace ingot {
namespace {

// Matrices stacked along further dimensions have at least this many columns;
// below it the last dimensions are those of a convolution's kernel.
constexpr uint64_t kMinStackedColumns = 16;

// Columns of a tensor in elements of its own dtype.
uint64_t ShapeColumns(std::span<const uint64_t> shape) {
  if (shape.size() > 2 && shape.back() >= kMinStackedColumns) {
    return shape.back();
  }
  return ElementCount(shape.size() < 2 ? shape : shape.subspan(1)).value_or(1);
}

Error BadRegion(size_t index, const Region& region, const std::string& what) {
  return InvalidArgument("layout: region " + std::to_string(index) +
                         " at offset " + std::to_string(region.offset) +
                         " of length " + std::to_string(region.length) + ": " +
                         what);
}

Status CheckElements(size_t index, const Region& region) {
  if (region.tensor && region.tensor->ByteSize() != region.length) {
    return BadRegion(index, region,
                     "the length is not that of the tensor's dtype and shape");
  }
  if (!region.tensor && region.length == 0) {
    return BadRegion(index, region, "only tensors may be empty");
  }
  if (region.IsLiteral() && region.length > kMaxLiteralLength) {
    return BadRegion(
        index, region,
        "a literal exceeds " + std::to_string(kMaxLiteralLength) + " bytes");
  }
  if (CodedDType(region.element_dtype) != region.element_dtype ||
      region.length % CodedBytes(region.element_dtype) != 0) {
    return BadRegion(index, region,
                     "does not hold whole elements of " +
                         std::string(GetDTypeInfo(region.element_dtype).name));
  }
  if (region.columns == 0 || region.columns > kMaxColumns) {
    return BadRegion(index, region,
                     std::to_string(region.columns) +
                         " columns, expected 1 to " +
                         std::to_string(kMaxColumns));
  }
  return {};
}

}  // namespace

uint64_t CodedBytes(DType dtype) {
  return GetDTypeInfo(CodedDType(dtype)).bits / 8;
}

DType CodedDType(DType dtype) {
  if (dtype == DType::kC64) return DType::kF32;
  return GetDTypeInfo(dtype).bits < 8 ? DType::kBytes : dtype;
}

Region TensorRegion(uint64_t offset, TensorView view) {
  Region region;
  region.offset = offset;
  region.length = *view.ByteSize();
  region.element_dtype = CodedDType(view.dtype);
  if (region.length > 0) {
    const uint64_t columns = ShapeColumns(view.shape);
    const uint64_t rows = *ElementCount(view.shape) / columns;
    const uint64_t row_length = region.length / rows;
    const uint64_t element_length = CodedBytes(region.element_dtype);
    region.columns =
        std::clamp(row_length / element_length, uint64_t{1}, kMaxColumns);
  }
  region.tensor = std::move(view);
  return region;
}

void AppendLiterals(uint64_t offset, uint64_t length,
                    std::vector<Region>* regions) {
  while (length > 0) {
    Region region;
    region.offset = offset;
    region.length = std::min(length, kMaxLiteralLength);
    region.columns = region.length;
    regions->push_back(std::move(region));
    offset += regions->back().length;
    length -= regions->back().length;
  }
}

Result<Layout> Layout::Create(std::string_view format, uint64_t size,
                              std::vector<Region> regions, std::string note) {
  if (size > kMaxFileSize) {
    return Error{ErrorKind::kResourceExhausted,
                 "layout: a file of " + std::to_string(size) +
                     " bytes exceeds the limit of " +
                     std::to_string(kMaxFileSize)};
  }
  uint64_t position = 0;
  for (size_t i = 0; i < regions.size(); ++i) {
    const Region& region = regions[i];
    if (region.offset != position) {
      return BadRegion(i, region,
                       "expected to begin at " + std::to_string(position));
    }
    if (region.length > size - position) {
      return BadRegion(
          i, region, "reaches past the file's end at " + std::to_string(size));
    }
    INGOT_TRY(CheckElements(i, region));
    position += region.length;
  }
  if (position != size) {
    return InvalidArgument(
        "layout: the regions end at offset " + std::to_string(position) +
        ", expected the file's end at " + std::to_string(size));
  }
  Layout layout;
  layout.format_ = format;
  layout.size_ = size;
  layout.regions_ = std::move(regions);
  layout.note_ = std::move(note);
  return layout;
}

Result<Layout> OpaqueLayout(uint64_t size, std::string note) {
  std::vector<Region> regions;
  if (size <= kMaxFileSize) AppendLiterals(0, size, &regions);
  return Layout::Create("opaque", size, std::move(regions), std::move(note));
}

Result<Layout> RawLayout(uint64_t size, DType dtype, uint64_t columns) {
  const DType coded = CodedDType(dtype);
  std::vector<Region> regions;
  if (size <= kMaxFileSize && coded == DType::kBytes) {
    AppendLiterals(0, size, &regions);
  } else if (size <= kMaxFileSize) {
    const DTypeInfo& info = GetDTypeInfo(dtype);
    const uint64_t element_length = info.bits / 8;
    const uint64_t elements = size / element_length;
    const uint64_t tail = size % element_length;
    if (elements > 0) {
      if (columns > 0) {
        columns = std::max(columns / info.block_elements, uint64_t{1});
      }
      if (columns == 0 || columns > elements) columns = elements;
      const uint64_t row_length = columns * element_length;
      Region region;
      region.length = size - tail;
      region.element_dtype = coded;
      region.columns = std::min(row_length / CodedBytes(coded), kMaxColumns);
      regions.push_back(std::move(region));
    }
    AppendLiterals(size - tail, tail, &regions);
  }
  return Layout::Create("raw", size, std::move(regions));
}

}  // namespace ingot
