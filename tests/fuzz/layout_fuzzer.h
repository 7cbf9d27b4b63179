// What the fuzz targets of file formats share.

#ifndef INGOT_TESTS_FUZZ_LAYOUT_FUZZER_H_
#define INGOT_TESTS_FUZZ_LAYOUT_FUZZER_H_

#include <cstddef>
#include <string>

#include "codec/source.h"
#include "formats/format_table.h"
#include "tests/formats/layout_checks.h"
#include "tests/fuzz/fuzz_checks.h"

namespace ingot {

// Any bytes have a layout, which partitions them; opaque ones that look like
// `format` say why.
inline void CheckLayoutOf(ByteSpan bytes) {
  const auto source = MakeMemorySource(bytes, "fuzz");
  const Result<Layout> layout = DetectLayout(*source);
  Check(layout.ok());
  Check(LayoutDefect(*layout, bytes.size()).empty());
  for (const Region& region : layout->regions()) {
    if (region.tensor) Check(region.tensor->name.size() <= 65535);
  }
}

}  // namespace ingot

#endif  // INGOT_TESTS_FUZZ_LAYOUT_FUZZER_H_
