// Numbers and names as people read them.

#ifndef INGOT_TOOLS_TEXT_H_
#define INGOT_TOOLS_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

// `text` with every control character as \xNN: names come from containers,
// and a terminal obeys what it is sent.
std::string Printable(std::string_view text);

// Printable(text); where that is longer than `max_bytes`, "..." and its end,
// which of a long name tells more than the beginning.
std::string EndOf(std::string_view text, size_t max_bytes);

// "12.3 MB": powers of 1000, for progress.
std::string ApproximateBytes(uint64_t bytes);

// `value` with `digits` digits behind the point.
std::string Decimal(double value, int digits);

// a / b with four digits, or "-" where b is 0: sizes.
std::string Ratio(uint64_t a, uint64_t b);

// "1 file", "2 files".
std::string Count(uint64_t count, std::string_view noun);

// "[4096,256]".
std::string ShapeText(std::span<const uint64_t> shape);

// Whether `a` comes before `b` where runs of digits count as numbers: "step_9"
// before "step_10".
bool NaturalLess(std::string_view a, std::string_view b);

// Rows of cells as lines of aligned columns, the first row being the heads.
// `left` counts the leading columns that are aligned to the left.
std::string Table(std::span<const std::vector<std::string>> rows, size_t left);

}  // namespace ingot

#endif  // INGOT_TOOLS_TEXT_H_
