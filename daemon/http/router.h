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
#include <vector>

#include "daemon/http/exchange.h"

namespace ingot::http {

// The segments of a path that a pattern names.
using PathParameters = std::map<std::string, std::string, std::less<>>;

class Router {
 public:
  using RouteHandler = std::function<boost::asio::awaitable<void>(
      Exchange&, const PathParameters&)>;

  // `pattern`: segments, of which some are names in braces, such as
  // "/api/{kind}/{name}". The last one may be such as "{path*}": one segment or
  // more, with slashes between. What is added first is tried first.
  void Add(std::string method, std::string_view pattern, RouteHandler handler);

  // HEAD is answered by GET's handler. 404 where no pattern fits, 405 where
  // none of those that do has the method.
  boost::asio::awaitable<void> Handle(Exchange& exchange) const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    RouteHandler handler;
  };

  std::vector<Route> routes_;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_ROUTER_H_
