// Observe: tells the log and the metrics how a request went.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_API_OBSERVATION_H_
#define INGOT_DAEMON_API_OBSERVATION_H_

#include "daemon/http/server.h"
#include "daemon/observe/log.h"
#include "daemon/observe/metrics.h"

namespace ingot::api {

void Observe(const http::RequestReport& report, observe::Log* log,
             observe::Metrics* metrics);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_OBSERVATION_H_
