// Workers: threads for what waits for the disk or takes long, so that those
// that serve connections do not.
//
// Thread-safety: Run from any coroutine. The server whose coroutines call it is
// to be stopped before the Workers are destroyed, and destroyed afterwards:
// they go on in it.

#ifndef INGOT_DAEMON_HTTP_WORKERS_H_
#define INGOT_DAEMON_HTTP_WORKERS_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <type_traits>

namespace ingot::http {

class Workers {
 public:
  explicit Workers(size_t threads) : pool_(threads) {}
  ~Workers() { pool_.join(); }

  // Calls `work` on a worker, and goes on where the coroutine was. `work` must
  // not throw.
  template <typename Work>
  boost::asio::awaitable<std::invoke_result_t<Work>> Run(Work work) {
    namespace asio = boost::asio;
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(asio::bind_executor(pool_, asio::use_awaitable));
    auto result = work();
    co_await asio::post(asio::bind_executor(executor, asio::use_awaitable));
    co_return result;
  }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_WORKERS_H_
