// Base64: RFC 4648, section 4, with padding.
//
// Thread-safety: a function without state.

#ifndef INGOT_TOOLS_HUB_BASE64_H_
#define INGOT_TOOLS_HUB_BASE64_H_

#include <string>
#include <string_view>

namespace ingot {

// REQUIRES: at most 1 GiB.
std::string Base64(std::string_view bytes);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_BASE64_H_
