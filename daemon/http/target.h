// Target: what a request asks for, taken apart (API.md, "The server").
//
// Thread-safety: values and functions.

#ifndef INGOT_DAEMON_HTTP_TARGET_H_
#define INGOT_DAEMON_HTTP_TARGET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/result.h"

namespace ingot::http {

struct Target {
  // Decoded; a path that ends with a slash has an empty last one.
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> parameters;

  // The first parameter of that name.
  std::optional<std::string_view> Parameter(std::string_view name) const;
};

// kInvalidArgument for what API.md refuses.
Result<Target> ParseTarget(std::string_view text);

// Whether this may be a request's Host: HOST[:PORT], or nothing.
bool IsHost(std::string_view text);

// Of decimal digits and nothing else.
std::optional<uint64_t> ParseNumber(std::string_view text);

// What comes before the path in addresses of a server: "https://HOST[:PORT]",
// without a slash at its end. kInvalidArgument for anything else.
Result<std::string> ParseOrigin(std::string_view text);

// "%2F" and its like for all that does not stay.
std::string PercentEncode(std::string_view text, bool (*stays)(char));

using Parameters = std::vector<std::pair<std::string, std::string>>;
// A body in application/x-www-form-urlencoded; errors likewise.
Result<Parameters> ParseForm(std::string_view text);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_TARGET_H_
