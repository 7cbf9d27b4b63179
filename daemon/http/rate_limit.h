// RateLimit: so many requests a second from each client, and no more.
//
// Each client has a bucket that holds up to `burst` requests and gains `rate`
// a second. A client is an address of IPv4, or a /64 of IPv6, which one host
// may have for itself. Buckets that are full again are as good as none; where
// more than `max_clients` are known, the one asked for longest ago is
// forgotten.
//
// Thread-safety: all functions from any thread.

#ifndef INGOT_DAEMON_HTTP_RATE_LIMIT_H_
#define INGOT_DAEMON_HTTP_RATE_LIMIT_H_

#include <array>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "daemon/http/exchange.h"

namespace ingot::http {

struct RateOptions {
  double rate = 200;    // requests a second, at least 0.001; 0: no limit
  double burst = 1000;  // requests at once, from 1 to a million
  bool limits_loopback = false;
  size_t max_clients = 65'536;
};

class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Clock = std::function<Time()>;

  explicit RateLimit(RateOptions options,
                     Clock clock = std::chrono::steady_clock::now);

  // Takes a request out of a client's bucket. Where there is none: how long
  // until there is.
  std::optional<std::chrono::duration<double>> Take(
      const boost::asio::ip::address& address);
  // How many are known.
  size_t clients() const;

 private:
  using Client = std::array<unsigned char, 16>;
  struct Bucket {
    Client client;
    Time full;  // when it will be
  };

  static Client ClientOf(const boost::asio::ip::address& address);

  const RateOptions options_;
  const Clock clock_;
  const Time::duration one_;    // until a bucket has gained a request
  const Time::duration whole_;  // until an empty one is full
  mutable std::mutex mutex_;
  std::list<Bucket> buckets_;  // that asked for last is the first
  std::map<Client, std::list<Bucket>::iterator> by_client_;
};

// Answers with 429 and Retry-After where `limit` has no request left, and as
// `handler` does elsewhere. `limit` must outlive the handler.
Handler LimitRate(RateLimit* limit, Handler handler);

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_RATE_LIMIT_H_
