#include "daemon/api/metrics_routes.h"

#include <string>
#include <utility>
#include <vector>

#include "daemon/api/authenticate.h"
#include "daemon/api/store_totals.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using observe::Reading;

template <typename T>
Reading Gauge(std::string name, std::string help, const T& value) {
  return {.name = std::move(name),
          .help = std::move(help),
          .value = static_cast<double>(value)};
}

template <typename T>
Reading Counter(std::string name, std::string help, const T& value) {
  Reading reading = Gauge(std::move(name), std::move(help), value);
  reading.is_counter = true;
  return reading;
}

Result<std::string> MetricsText(const MetricsSources& sources) {
  INGOT_ASSIGN(const StoreTotals totals, TotalsOf(sources.store));
  const ingest::BlockCacheCounts cache =
      sources.files->objects()->cache_counts();
  std::vector<Reading> readings = {
      Gauge("ingot_http_connections", "Open connections.",
            sources.load->connections.load()),
      Gauge("ingot_http_inflight_requests", "Requests that are being answered.",
            sources.load->requests.load()),
      Counter("ingot_http_refused_connections_total",
              "Connections closed since there were too many.",
              sources.load->refused.load()),
      Counter("ingot_log_dropped_lines_total",
              "Lines of the log that were dropped.", sources.log->dropped()),
      Gauge("ingot_store_staged_files", "Uploads that are in no pack yet.",
            totals.staged_files),
      Gauge("ingot_store_staged_bytes", "Their bytes.", totals.staged_bytes),
      Gauge("ingot_store_packs", "Packs, retired ones included.", totals.packs),
      Gauge("ingot_store_packs_files", "Files in packs.", totals.pack_files),
      Gauge("ingot_store_packs_bytes", "Bytes of packs.", totals.pack_bytes),
      Gauge("ingot_store_packs_retired", "Packs that wait to be removed.",
            totals.retired),
      Gauge("ingot_store_damaged_files",
            "Packs and uploads of which some cannot be read.",
            totals.damaged + totals.staged_damaged),
      Counter("ingot_cache_hits_total",
              "Blocks of bases that were found in the cache.", cache.hits),
      Counter("ingot_cache_misses_total", "Blocks of bases that were decoded.",
              cache.misses),
      Counter("ingot_cache_shared_total",
              "Blocks of bases that another request had just begun to decode.",
              cache.shared),
      Gauge("ingot_cache_bytes", "Bytes of blocks in the cache.", cache.bytes),
  };
  if (sources.tls != nullptr) {
    readings.push_back(Counter("ingot_tls_failed_handshakes_total",
                               "Connections that could not be encrypted.",
                               sources.load->failed_handshakes.load()));
    readings.push_back(Gauge("ingot_tls_certificate_expiry_seconds",
                             "When the certificate expires, since 1970.",
                             sources.tls->expires()));
  }
  return sources.metrics->Text(readings);
}

http::ResponseHead TextHead() {
  return {.headers = {
              {"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}};
}

// Programs of this machine, and tokens that may read everything.
bool MayRead(const http::Request& request, const auth::Principal& who) {
  if (who.token == 0) return IsOfThisMachine(request);
  return MayAccess(who, auth::Right::kRead, "", "", /*is_public=*/false) &&
         who.space.empty();
}

awaitable<void> Get(MetricsSources sources, http::Workers* workers,
                    Exchange& exchange) {
  const auto who = co_await FindPrincipal(exchange, sources.store->tokens());
  if (!who) co_return;
  if (!MayRead(exchange.request(), *who)) {
    co_await RespondForbidden(exchange, *who);
    co_return;
  }
  const auto read = [&] { return MetricsText(sources); };
  Result<std::string> text = co_await workers->Run(read);
  if (text.ok()) {
    co_await exchange.Respond(TextHead(), *std::move(text));
  } else {
    co_await RespondError(exchange, text.error());
  }
}

}  // namespace

void AddMetricsRoutes(MetricsSources sources, http::Workers* workers,
                      http::Router* router) {
  router->Add("GET", "/metrics",
              http::RouteInfo("Counts and readings, for Prometheus")
                  .Needs("read")
                  .Gives("text/plain"),
              [=](Exchange& exchange, const http::PathParameters&) {
                return Get(sources, workers, exchange);
              });
}

}  // namespace ingot::api
