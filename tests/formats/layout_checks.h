// Helpers for tests of formats: making safetensors files, and checking by
// independent code that a Layout partitions a file.

#ifndef INGOT_TESTS_FORMATS_LAYOUT_CHECKS_H_
#define INGOT_TESTS_FORMATS_LAYOUT_CHECKS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/bytes.h"
#include "formats/layout.h"

namespace ingot {

// Length, header and `data_length` bytes of data.
inline std::string SafetensorsFile(std::string_view header,
                                   uint64_t data_length) {
  std::string file(8, '\0');
  StoreLittleEndian<uint64_t>(file.data(), header.size());
  file += header;
  for (uint64_t i = 0; i < data_length; ++i) {
    file += static_cast<char>(i * 37 + 11);
  }
  return file;
}

// What is wrong with `layout` as that of a file of `size` bytes, or "".
inline std::string LayoutDefect(const Layout& layout, uint64_t size) {
  if (layout.size() != size) return "size";
  uint64_t position = 0;
  for (const Region& region : layout.regions()) {
    if (region.offset != position) return "gap or overlap";
    if (region.length > size - position) return "past the end";
    position += region.length;
    if (!region.tensor && region.length == 0) return "empty";
    if (region.columns == 0) return "columns";
    const uint64_t element_bits = GetDTypeInfo(region.element_dtype).bits;
    if (region.length % (element_bits / 8) != 0) return "partial element";
    if (!region.tensor) continue;
    const DTypeInfo& info = GetDTypeInfo(region.tensor->dtype);
    uint64_t bits = info.bits;
    for (const uint64_t dimension : region.tensor->shape) {
      if (dimension == 0) bits = 0;
    }
    for (const uint64_t dimension : region.tensor->shape) {
      if (bits != 0) bits *= dimension;
    }
    bits /= info.block_elements;
    if (bits % 8 != 0 || bits / 8 != region.length) return "tensor length";
  }
  if (position != size) return "does not reach the end";
  if (layout.note().find('\n') != std::string::npos) return "note";
  if (layout.note().empty() || layout.format() == "opaque") return "";
  // Of other layouts a note tells what remained opaque.
  if (!layout.note().starts_with(layout.format() + ": ")) return "note";
  return "";
}

}  // namespace ingot

#endif  // INGOT_TESTS_FORMATS_LAYOUT_CHECKS_H_
