#include "daemon/api/status_routes.h"

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/api/authenticate.h"
#include "daemon/api/store_totals.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;

std::string StatsText(const StoreTotals& totals) {
  const json stats = {
      {"staged",
       {{"files", totals.staged_files}, {"bytes", totals.staged_bytes}}},
      {"packs",
       {{"packs", totals.packs},
        {"retired", totals.retired},
        {"bytes", totals.pack_bytes},
        {"files", totals.pack_files},
        {"objects", totals.pack_objects}}}};
  return stats.dump() + "\n";
}

std::string Version() {
  const json version = {{"name", "ingotd"}, {"version", INGOT_VERSION}};
  return version.dump() + "\n";
}

}  // namespace

void AddStatusRoutes(store::Store* store, http::Router* router) {
  router->Add("GET", "/healthz", "Whether the process runs",
              [](Exchange& exchange, const PathParameters&) -> awaitable<void> {
                co_await RespondJson(exchange, "{\"status\": \"ok\"}\n");
              });
  router->Add("GET", "/readyz",
              http::RouteInfo("Whether requests are served")
                  .Says(503, "The server drains."),
              [](Exchange& exchange, const PathParameters&) -> awaitable<void> {
                if (exchange.draining()) {
                  co_await RespondError(exchange, 503, "draining");
                } else {
                  co_await RespondJson(exchange, "{\"status\": \"ok\"}\n");
                }
              });
  router->Add("GET", "/api/version", "The version of the program",
              [](Exchange& exchange, const PathParameters&) -> awaitable<void> {
                co_await RespondJson(exchange, Version());
              });
  router->Add(
      "GET", "/api/stats",
      http::RouteInfo("How much the store holds").Needs("admin"),
      [store](Exchange& exchange, const PathParameters&) -> awaitable<void> {
        const Result<auth::Principal> who =
            Authenticate(exchange.request(), store->tokens());
        if (!who.ok()) {
          co_await RespondUnauthorized(exchange, who.error());
          co_return;
        }
        if (!MayAdminister(*who)) {
          co_await RespondForbidden(exchange, *who);
          co_return;
        }
        const Result<StoreTotals> totals = TotalsOf(store);
        if (totals.ok()) {
          co_await RespondJson(exchange, StatsText(*totals));
        } else {
          co_await RespondError(exchange, totals.error());
        }
      });
}

}  // namespace ingot::api
