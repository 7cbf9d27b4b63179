// IndexRange: "A:B" on the command line, half-open and counted from 0; either
// end may be left out.

#ifndef INGOT_TOOLS_INDEX_RANGE_H_
#define INGOT_TOOLS_INDEX_RANGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/result.h"

namespace ingot {

struct IndexRange {
  uint64_t begin = 0;
  uint64_t end = UINT64_MAX;  // this one: as far as it goes

  bool operator==(const IndexRange&) const = default;
};

// Nothing for what is not "A:B", "A:", ":B" or ":".
std::optional<IndexRange> ParseIndexRange(std::string_view text);

// What a command line says of text that is no range; empty for a range.
std::string CheckIndexRange(const std::string& text);

// The range with its open end closed at `size`; kInvalidArgument where it does
// not lie within [0, size]. `unit` names what is counted: "elements".
Result<IndexRange> ClipToSize(const IndexRange& range, uint64_t size,
                              std::string_view unit);

}  // namespace ingot

#endif  // INGOT_TOOLS_INDEX_RANGE_H_
