#include "daemon/api/status_routes.h"

#include <nlohmann/json.hpp>
#include <string>

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;

std::string Version() {
  const json version = {{"name", "ingotd"}, {"version", INGOT_VERSION}};
  return version.dump() + "\n";
}

}  // namespace

void AddStatusRoutes(http::Router* router) {
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
}

}  // namespace ingot::api
