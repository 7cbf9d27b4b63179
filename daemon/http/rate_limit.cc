#include "daemon/http/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace ingot::http {

using boost::asio::awaitable;
using boost::asio::ip::address;
using Seconds = std::chrono::duration<double>;

RateLimit::RateLimit(RateOptions options, Clock clock)
    : options_(options),
      clock_(std::move(clock)),
      one_(std::chrono::duration_cast<Time::duration>(
          Seconds(1 / std::max(options.rate, 0.001)))),
      whole_(std::chrono::duration_cast<Time::duration>(
          Seconds(std::clamp(options.burst, 1.0, 1e6) /
                  std::max(options.rate, 0.001)))) {}

RateLimit::Client RateLimit::ClientOf(const address& address) {
  Client client = {};
  if (address.is_v4()) {
    // As IPv6 has it, so that a client is the same by either.
    const auto bytes = address.to_v4().to_bytes();
    client[10] = client[11] = 0xFF;
    std::ranges::copy(bytes, client.begin() + 12);
    return client;
  }
  const auto bytes = address.to_v6().to_bytes();
  const size_t size = address.to_v6().is_v4_mapped() ? bytes.size() : 8;
  std::copy_n(bytes.begin(), size, client.begin());
  return client;
}

std::optional<Seconds> RateLimit::Take(const address& address) {
  if (options_.rate <= 0) return std::nullopt;
  if (address.is_loopback() && !options_.limits_loopback) return std::nullopt;
  const Client client = ClientOf(address);
  const std::lock_guard lock(mutex_);
  const Time now = clock_();
  const auto found = by_client_.find(client);
  if (found != by_client_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  } else {
    if (buckets_.size() >= std::max<size_t>(options_.max_clients, 1)) {
      by_client_.erase(buckets_.back().client);
      buckets_.pop_back();
    }
    buckets_.push_front({client, now});
    by_client_.emplace(client, buckets_.begin());
  }
  Bucket& bucket = buckets_.front();
  const Time full = std::max(bucket.full, now) + one_;
  if (full - now > whole_) return Seconds(full - now - whole_);
  bucket.full = full;
  return std::nullopt;
}

size_t RateLimit::clients() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

namespace {

// Not a coroutine: g++ 12 cannot keep the lists of initializers in one.
awaitable<Status> RespondTooMany(Exchange& exchange, Seconds wait) {
  const auto seconds = static_cast<long long>(std::ceil(wait.count()));
  return RespondError(exchange, 429, "too many requests",
                      {{"Retry-After", std::to_string(seconds)}});
}

awaitable<void> Limited(RateLimit* limit, const Handler& handler,
                        Exchange& exchange) {
  const Request& request = exchange.request();
  std::optional<Seconds> wait;
  if (!request.is_local) wait = limit->Take(request.peer);
  if (wait) {
    co_await RespondTooMany(exchange, *wait);
  } else {
    co_await handler(exchange);
  }
}

}  // namespace

Handler LimitRate(RateLimit* limit, Handler handler) {
  return [limit, handler = std::move(handler)](Exchange& exchange) {
    return Limited(limit, handler, exchange);
  };
}

}  // namespace ingot::http
