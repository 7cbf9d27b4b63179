#include "daemon/api/openapi_routes.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

namespace ingot::api {
namespace {

using http::Exchange;
using nlohmann::json;

json Parameter(const std::string& name, const char* where, bool is_required) {
  return {{"name", name},
          {"in", where},
          {"required", is_required},
          {"schema", {{"type", "string"}}}};
}

// Of some media type, about which no more is said.
json ContentOf(const std::string& type) {
  const char* const kind = type.ends_with("json") ? "object" : "string";
  return {{type, {{"schema", {{"type", kind}}}}}};
}

json ParametersOf(const http::Router::Route& route) {
  json parameters = json::array();
  for (std::string segment : route.segments) {
    std::erase(segment, '*');
    if (!segment.starts_with('{')) continue;
    parameters.push_back(Parameter(segment.substr(1, segment.find('}') - 1),
                                   "path", /*is_required=*/true));
  }
  for (const auto& [name, description] : route.info.query) {
    parameters.push_back(Parameter(name, "query", /*is_required=*/false));
    parameters.back()["description"] = description;
  }
  return parameters;
}

json ResponsesOf(const http::RouteInfo& info) {
  json responses = {
      {"200", {{"description", "OK"}, {"content", ContentOf(info.answer)}}},
      {"default",
       {{"description", "An error"},
        {"content", ContentOf("application/json")}}}};
  if (!info.right.empty()) {
    responses["401"]["description"] = "A token is needed, or another one.";
    responses["403"]["description"] = "The token does not allow this.";
  }
  for (const auto& [status, description] : info.statuses) {
    responses[std::to_string(status)]["description"] = description;
  }
  return responses;
}

json OperationOf(const http::Router::Route& route) {
  const http::RouteInfo& info = route.info;
  json operation = {{"summary", info.summary},
                    {"responses", ResponsesOf(info)}};
  json parameters = ParametersOf(route);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!info.body.empty()) {
    operation["requestBody"] = {{"content", ContentOf(info.body)}};
  }
  if (info.right.empty()) return operation;
  operation["x-ingot-right"] = info.right;
  // What may be read without a token depends on what it is.
  json& security = operation["security"];
  if (info.right == "read") security.push_back(json::object());
  security.push_back({{"bearer", json::array()}});
  security.push_back({{"basic", json::array()}});
  return operation;
}

}  // namespace

std::string OpenApiOf(const http::Router& router) {
  json paths = json::object();
  for (const http::Router::Route& route : router.routes()) {
    std::string method = route.method;
    std::ranges::transform(method, method.begin(), [](unsigned char c) {
      return static_cast<char>(std::tolower(c));
    });
    // OpenAPI has no word for what takes several segments.
    std::string pattern = route.pattern;
    std::erase(pattern, '*');
    paths[pattern][method] = OperationOf(route);
  }
  const json document = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "ingotd"},
        {"version", INGOT_VERSION},
        {"description", "HEAD is GET without a body."}}},
      {"paths", std::move(paths)},
      {"components",
       {{"securitySchemes",
         {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
          {"basic", {{"type", "http"}, {"scheme", "basic"}}}}}}}};
  return document.dump() + "\n";
}

void AddOpenApiRoutes(http::Router* router) {
  router->Add(
      "GET", "/openapi.json", "This document",
      [router](Exchange& exchange,
               const http::PathParameters&) -> boost::asio::awaitable<void> {
        co_await RespondJson(exchange, OpenApiOf(*router));
      });
}

}  // namespace ingot::api
