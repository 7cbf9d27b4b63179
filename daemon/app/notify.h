// NotifyManager: tells systemd how a service of Type=notify does
// (sd_notify(3)).
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_APP_NOTIFY_H_
#define INGOT_DAEMON_APP_NOTIFY_H_

#include <string_view>

namespace ingot::app {

// "READY=1" or "STOPPING=1", to the socket that NOTIFY_SOCKET names. Nothing
// where none is named, and where nobody listens: who started the process
// otherwise has no use for it.
void NotifyManager(std::string_view state);

}  // namespace ingot::app

#endif  // INGOT_DAEMON_APP_NOTIFY_H_
