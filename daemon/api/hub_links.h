// Pages of a list: which one is asked for, and where the next one is (RFC
// 8288).
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_API_HUB_LINKS_H_
#define INGOT_DAEMON_API_HUB_LINKS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/http/exchange.h"

namespace ingot::api {

// A parameter of the request, at most `most`; `fallback` where there is none,
// or no number.
size_t NumberParameter(const http::Exchange& exchange,
                       std::string_view parameter, size_t fallback,
                       size_t most);

// Percent-encodes all that is not a letter, a digit, "-", "." or "_".
std::string Escaped(std::string_view text);

// The address of this request with one parameter changed, as a Link header.
http::Headers NextPage(const http::Exchange& exchange,
                       std::string_view parameter, std::string_view value);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HUB_LINKS_H_
