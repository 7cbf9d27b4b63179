// Request ids: what a response, the log and whoever asks for help name a
// request by.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_HTTP_REQUEST_ID_H_
#define INGOT_DAEMON_HTTP_REQUEST_ID_H_

#include <string>
#include <string_view>

namespace ingot::http {

inline constexpr const char* kRequestId = "X-Request-Id";

// 128 random bits, in hexadecimal.
std::string MakeRequestId();
// Whether a client's own id may be used: 1 to 64 of A-Z a-z 0-9 . _ -
bool IsRequestId(std::string_view text);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_REQUEST_ID_H_
