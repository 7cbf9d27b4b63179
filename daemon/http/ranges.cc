#include "daemon/http/ranges.h"

#include <algorithm>
#include <charconv>

namespace ingot::http {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Of digits alone. Numbers that do not fit are the largest one.
std::optional<uint64_t> ParsePosition(std::string_view text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [last, code] = std::from_chars(text.data(), end, value);
  if (text.empty() || last != end) return std::nullopt;
  return code == std::errc::result_out_of_range ? UINT64_MAX : value;
}

// False: not well-formed.
bool ParseOne(std::string_view text, uint64_t size,
              std::vector<ByteRange>* ranges) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view first = text.substr(0, dash);
  const auto last = ParsePosition(text.substr(dash + 1));
  if (first.empty()) {
    // The last bytes.
    if (!last) return false;
    const uint64_t length = std::min(*last, size);
    if (length > 0) ranges->push_back({size - length, size});
    return true;
  }
  const auto begin = ParsePosition(first);
  if (!begin || (!last && dash + 1 < text.size())) return false;
  if (last && *last < *begin) return false;
  if (*begin < size) {
    ranges->push_back({*begin, last ? std::min(*last, size - 1) + 1 : size});
  }
  return true;
}

}  // namespace

std::optional<std::vector<ByteRange>> ParseRanges(std::string_view header,
                                                  uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  std::vector<ByteRange> ranges;
  size_t count = 0;
  while (true) {
    const size_t comma = std::min(header.find(','), header.size());
    const std::string_view one = Trim(header.substr(0, comma));
    if (!one.empty() && !ParseOne(one, size, &ranges)) return std::nullopt;
    count += one.empty() ? 0 : 1;
    if (count > kMaxRanges) return std::nullopt;
    if (comma == header.size()) break;
    header.remove_prefix(comma + 1);
  }
  if (count == 0) return std::nullopt;
  std::vector<ByteRange> sorted = ranges;
  std::ranges::sort(sorted, {}, &ByteRange::begin);
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].begin < sorted[i - 1].end) return std::nullopt;
  }
  return ranges;
}

}  // namespace ingot::http
