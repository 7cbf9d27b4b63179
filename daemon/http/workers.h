// Workers: threads for what waits for the disk or takes long, so that those
// that serve connections do not.
//
// What comes first is done first. So that nobody fills the queue, each request
// has one thing at a time done for it, and more only as far as there are
// spares: two for each thread, of all requests together.
//
// Thread-safety: Run from any coroutine. The server whose coroutines call it is
// to be stopped before the Workers are destroyed, and destroyed afterwards:
// they go on in it.

#ifndef INGOT_DAEMON_HTTP_WORKERS_H_
#define INGOT_DAEMON_HTTP_WORKERS_H_

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ingot::http {

class Workers {
 public:
  explicit Workers(size_t threads)
      : spares_(static_cast<ptrdiff_t>(2 * threads)), pool_(threads) {}
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

  // The same for who finds out otherwise that it was done.
  template <typename Work>
  void Post(Work work) {
    boost::asio::post(pool_, std::move(work));
  }

  // False where there is none left.
  bool TakeSpare() {
    if (spares_.fetch_sub(1) > 0) return true;
    ++spares_;
    return false;
  }
  void GiveBackSpare() { ++spares_; }

 private:
  std::atomic<ptrdiff_t> spares_;
  boost::asio::thread_pool pool_;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_WORKERS_H_
