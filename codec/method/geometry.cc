#include "codec/method/geometry.h"

#include <string>

namespace ingot {

Geometry ChooseGeometry(DType dtype, uint64_t columns) {
  constexpr uint64_t kGroupBytes = uint64_t{32} << 20;
  constexpr uint64_t kGroupElements = uint64_t{1} << 24;
  Geometry geometry{.dtype = dtype,
                    .columns = std::min(columns, kMaxGeometryColumns)};
  const uint64_t bytes = geometry.element_bytes();
  uint64_t cap = uint64_t{1} << 18;
  if (bytes == 8) cap = uint64_t{1} << 17;
  const bool is_float8 =
      dtype == DType::kF8E4m3 || dtype == DType::kF8E5m2;
  if (bytes == 1 && !is_float8) cap = uint64_t{1} << 20;
  const uint64_t weights = GetDTypeInfo(dtype).block_elements;
  if (weights > 1) cap = (uint64_t{1} << 19) / weights;
  geometry.block_elements =
      geometry.columns <= cap ? cap / geometry.columns * geometry.columns
                              : cap;
  const uint64_t group = std::min(kGroupElements, kGroupBytes / bytes);
  geometry.group_elements =
      group / geometry.block_elements * geometry.block_elements;
  return geometry;
}

Geometry WithBlocksOf(Geometry geometry, uint64_t block_elements) {
  geometry.block_elements = std::min(geometry.block_elements, block_elements);
  geometry.group_elements -= geometry.group_elements % geometry.block_elements;
  return geometry;
}

bool IsCodable(DType dtype) {
  return GetDTypeInfo(dtype).bits % 8 == 0 && dtype != DType::kC64;
}

Status CheckGeometry(const Geometry& geometry) {
  if (!IsCodable(geometry.dtype)) {
    return Corruption("geometry: dtype " +
                      std::string(GetDTypeInfo(geometry.dtype).name) +
                      " is not coded as such");
  }
  if (geometry.columns == 0 || geometry.columns > kMaxGeometryColumns) {
    return Corruption("geometry: columns " + std::to_string(geometry.columns) +
                      ", expected 1 to 2^40");
  }
  const uint64_t bytes = geometry.element_bytes();
  if (geometry.block_elements == 0 ||
      geometry.block_elements > kMaxBlockBytes / bytes) {
    return Corruption("geometry: block of " +
                      std::to_string(geometry.block_elements) +
                      " elements, expected 1 to 1 MiB");
  }
  if (geometry.group_elements == 0 ||
      geometry.group_elements > kMaxGroupBytes / bytes ||
      geometry.group_elements % geometry.block_elements != 0) {
    return Corruption("geometry: group of " +
                      std::to_string(geometry.group_elements) +
                      " elements, expected whole blocks and at most 64 MiB");
  }
  return {};
}

}  // namespace ingot
