// Byte ranges of a Range header (RFC 9110, 14.1).
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_HTTP_RANGES_H_
#define INGOT_DAEMON_HTTP_RANGES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ingot::http {

// More than these are not worth their answer: the whole is sent instead.
inline constexpr size_t kMaxRanges = 16;

struct ByteRange {
  uint64_t begin;
  uint64_t end;  // one past the last
  bool operator==(const ByteRange&) const = default;
};

// The ranges of `header` in a content of `size` bytes, those that lie beyond
// it left out. Nothing where the header is to be ignored: another unit, not
// well-formed, too many, or ranges that overlap.
std::optional<std::vector<ByteRange>> ParseRanges(std::string_view header,
                                                  uint64_t size);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_RANGES_H_
