// What the operating system says of this process, under the names that
// Prometheus's own clients use.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_OBSERVE_PROCESS_H_
#define INGOT_DAEMON_OBSERVE_PROCESS_H_

#include <vector>

#include "daemon/observe/metrics.h"

namespace ingot::observe {

// Those that can be read.
std::vector<Reading> ProcessReadings();

}  // namespace ingot::observe

#endif  // INGOT_DAEMON_OBSERVE_PROCESS_H_
