// GET /metrics, for Prometheus (API.md, "Metrics").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_METRICS_ROUTES_H_
#define INGOT_DAEMON_API_METRICS_ROUTES_H_

#include "daemon/http/router.h"
#include "daemon/http/server.h"
#include "daemon/http/tls.h"
#include "daemon/http/workers.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/observe/log.h"
#include "daemon/observe/metrics.h"
#include "daemon/store/store.h"

namespace ingot::api {

// What the route reads, all of which must outlive the router.
struct MetricsSources {
  store::Store* store;
  const ingest::StoredFiles* files;
  const observe::Metrics* metrics;
  const observe::Log* log;
  const http::ServerLoad* load;
  const http::Tls* tls = nullptr;  // where the server has it
};

void AddMetricsRoutes(MetricsSources sources, http::Workers* workers,
                      http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_METRICS_ROUTES_H_
