// Router: which handler answers a request, by method and path.
//
// Thread-safety: may be used from several threads at once, once all routes
// have been added.

#ifndef INGOT_DAEMON_HTTP_ROUTER_H_
#define INGOT_DAEMON_HTTP_ROUTER_H_

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/http/exchange.h"

namespace ingot::http {

// The segments of a path that a pattern names.
using PathParameters = std::map<std::string, std::string, std::less<>>;

// What a route is for, as /openapi.json tells it.
struct RouteInfo {
  RouteInfo(const char* summary) : summary(summary) {}  // NOLINT: implicit
  RouteInfo& Needs(std::string_view what) { return Set(&right, what); }
  RouteInfo& Query(std::string name, std::string description) {
    query.emplace_back(std::move(name), std::move(description));
    return *this;
  }
  RouteInfo& Takes(std::string_view type) { return Set(&body, type); }
  RouteInfo& Gives(std::string_view type) { return Set(&answer, type); }
  RouteInfo& Says(unsigned status, std::string description) {
    statuses.emplace(status, std::move(description));
    return *this;
  }

  std::string summary;  // a phrase, never empty
  // "read", "write" or "admin"; empty: none, and credentials are not looked at.
  std::string right;
  // Parameters of the query, and what they mean.
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;                         // its media type; empty: none
  std::string answer = "application/json";  // the media type of 200
  // Those a client should know of, beside 401 and 403 for the right.
  std::map<unsigned, std::string> statuses;

 private:
  RouteInfo& Set(std::string* field, std::string_view value) {
    *field = value;
    return *this;
  }
};

class Router {
 public:
  using RouteHandler = std::function<boost::asio::awaitable<void>(
      Exchange&, const PathParameters&)>;
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;  // of the pattern
    RouteInfo info;
    RouteHandler handler;
  };

  // `pattern`: segments, of which some are names in braces, such as
  // "/api/{kind}/{name}". The last one may be such as "{path*}": one segment or
  // more, with slashes between. What is added first is tried first.
  void Add(std::string method, std::string_view pattern, RouteInfo info,
           RouteHandler handler);
  const std::vector<Route>& routes() const { return routes_; }

  // HEAD is answered by GET's handler. 404 where no pattern fits, 405 where
  // none of those that do has the method.
  boost::asio::awaitable<void> Handle(Exchange& exchange) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_ROUTER_H_
