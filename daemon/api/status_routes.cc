#include "daemon/api/status_routes.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/api/authenticate.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;

Result<json> Stats(store::Store* store) {
  INGOT_ASSIGN(const std::vector<store::StagedRecord> staged,
               store->staging().List());
  uint64_t staged_bytes = 0;
  for (const auto& record : staged) staged_bytes += record.length;
  INGOT_ASSIGN(const std::vector<store::PackInfo> packs, store->packs().List());
  uint64_t retired = 0;
  uint64_t bytes = 0;
  uint64_t files = 0;
  uint64_t objects = 0;
  for (const store::PackInfo& pack : packs) {
    retired += pack.retired ? 1 : 0;
    bytes += pack.length;
    files += pack.files;
    objects += pack.objects;
  }
  return json{{"staged", {{"files", staged.size()}, {"bytes", staged_bytes}}},
              {"packs",
               {{"packs", packs.size()},
                {"retired", retired},
                {"bytes", bytes},
                {"files", files},
                {"objects", objects}}}};
}

std::string Version() {
  const json version = {{"name", "ingotd"}, {"version", INGOT_VERSION}};
  return version.dump() + "\n";
}

}  // namespace

void AddStatusRoutes(store::Store* store, http::Router* router) {
  router->Add("GET", "/healthz",
              [](Exchange& exchange, const PathParameters&) -> awaitable<void> {
                co_await RespondJson(exchange, "{\"status\": \"ok\"}\n");
              });
  router->Add("GET", "/readyz",
              [](Exchange& exchange, const PathParameters&) -> awaitable<void> {
                if (exchange.draining()) {
                  co_await RespondError(exchange, 503, "draining");
                } else {
                  co_await RespondJson(exchange, "{\"status\": \"ok\"}\n");
                }
              });
  router->Add("GET", "/api/version",
              [](Exchange& exchange, const PathParameters&) -> awaitable<void> {
                co_await RespondJson(exchange, Version());
              });
  router->Add(
      "GET", "/api/stats",
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
        const Result<json> stats = Stats(store);
        if (stats.ok()) {
          co_await RespondJson(exchange, stats->dump() + "\n");
        } else {
          co_await RespondError(exchange, stats.error());
        }
      });
}

}  // namespace ingot::api
