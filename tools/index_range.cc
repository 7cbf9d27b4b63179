#include "tools/index_range.h"

#include <charconv>
#include <string>

namespace ingot {
namespace {

// False for anything but decimal digits that fit; leaves *value for no digits.
bool ParseEnd(std::string_view text, uint64_t* value) {
  if (text.empty()) return true;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

}  // namespace

std::optional<IndexRange> ParseIndexRange(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  IndexRange range;
  if (!ParseEnd(text.substr(0, colon), &range.begin) ||
      !ParseEnd(text.substr(colon + 1), &range.end)) {
    return std::nullopt;
  }
  return range;
}

Result<IndexRange> ClipToSize(const IndexRange& range, uint64_t size,
                              std::string_view unit) {
  IndexRange clipped = range;
  if (clipped.end == UINT64_MAX) clipped.end = size;
  if (clipped.begin > clipped.end || clipped.end > size) {
    return InvalidArgument(std::to_string(clipped.begin) + ":" +
                           std::to_string(clipped.end) +
                           ": expected a range within the " +
                           std::to_string(size) + " " + std::string(unit));
  }
  return clipped;
}

std::string CheckIndexRange(const std::string& text) {
  return ParseIndexRange(text) ? "" : text + ": expected A:B";
}

}  // namespace ingot
