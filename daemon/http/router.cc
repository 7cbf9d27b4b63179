#include "daemon/http/router.h"

#include <optional>
#include <set>
#include <utility>

namespace ingot::http {
namespace {

using boost::asio::awaitable;

bool IsName(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

// Stands for all segments that are left.
bool IsTail(std::string_view segment) {
  return IsName(segment) && segment.ends_with("*}");
}

std::optional<PathParameters> Match(const std::vector<std::string>& pattern,
                                    const std::vector<std::string>& path) {
  const bool has_tail = !pattern.empty() && IsTail(pattern.back());
  if (has_tail ? path.size() < pattern.size() : path.size() != pattern.size()) {
    return std::nullopt;
  }
  // Most patterns fail here, and nothing has been copied for them.
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!IsName(pattern[i]) && pattern[i] != path[i]) return std::nullopt;
  }
  PathParameters parameters;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!IsName(pattern[i])) continue;
    const bool is_tail = IsTail(pattern[i]);
    std::string value = path[i];
    for (size_t k = i + 1; is_tail && k < path.size(); ++k) {
      value += "/" + path[k];
    }
    parameters.emplace(
        pattern[i].substr(1, pattern[i].size() - (is_tail ? 3 : 2)),
        std::move(value));
  }
  return parameters;
}

// Not a coroutine: g++ 12 cannot keep the lists of initializers in one.
awaitable<Status> RespondNotAllowed(Exchange& exchange,
                                    const std::set<std::string>& allowed) {
  std::string list;
  for (const std::string& one : allowed) {
    list += (list.empty() ? "" : ", ") + one;
  }
  return RespondError(exchange, 405, "method not allowed", {{"Allow", list}});
}

}  // namespace

void Router::Add(std::string method, std::string_view pattern, RouteInfo info,
                 RouteHandler handler) {
  Route route = {.method = std::move(method),
                 .pattern = std::string(pattern),
                 .segments = {},
                 .info = std::move(info),
                 .handler = std::move(handler)};
  for (size_t at = 1; at <= pattern.size();) {
    const size_t end = std::min(pattern.find('/', at), pattern.size());
    route.segments.emplace_back(pattern.substr(at, end - at));
    at = end + 1;
  }
  routes_.push_back(std::move(route));
}

awaitable<void> Router::Handle(Exchange& exchange) const {
  const Request& request = exchange.request();
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> allowed;
  for (const Route& route : routes_) {
    const std::optional<PathParameters> parameters =
        Match(route.segments, request.target.segments);
    if (!parameters) continue;
    request.notes.route = route.pattern;
    if (route.method == method) {
      co_await route.handler(exchange, *parameters);
      co_return;
    }
    allowed.insert(route.method);
    if (route.method == "GET") allowed.insert("HEAD");
  }
  if (allowed.empty()) {
    co_await RespondError(exchange, 404, "no such route");
    co_return;
  }
  co_await RespondNotAllowed(exchange, allowed);
}

}  // namespace ingot::http
