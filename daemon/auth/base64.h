// DecodeBase64: RFC 4648, section 4, with its padding.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_AUTH_BASE64_H_
#define INGOT_DAEMON_AUTH_BASE64_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace ingot::auth {

// Nothing for what is not base64.
std::optional<std::vector<std::byte>> DecodeBase64(std::string_view text);

}  // namespace ingot::auth

#endif  // INGOT_DAEMON_AUTH_BASE64_H_
