// URLs, taken apart by libcurl and put together.
//
// Thread-safety: functions without state.

#ifndef INGOT_TOOLS_HUB_URL_H_
#define INGOT_TOOLS_HUB_URL_H_

#include <string>
#include <string_view>

#include "codec/result.h"

namespace ingot {

// The endpoint without a slash at its end. kInvalidArgument for what is no
// http or https URL of a server, or has credentials, a query or a fragment.
Result<std::string> CheckEndpoint(const std::string& url);

// "https://example.org:443"; empty for what is no http or https URL.
std::string OriginOfUrl(const std::string& url);

// The decoded value of a parameter of the query; empty where there is none.
std::string ParameterOfUrl(const std::string& url, std::string_view name);

// Percent-encodes all but letters, digits, "-", ".", "_", "~", and "/" where
// it is to stay.
std::string EscapeForUrl(std::string_view text, bool keep_slashes);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_URL_H_
