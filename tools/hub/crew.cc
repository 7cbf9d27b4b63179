#include "tools/hub/crew.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace ingot {

Status RunCrew(int threads, std::atomic<bool>* cancelled,
               const std::function<Status()>& work,
               const std::function<void()>& tick) {
  constexpr std::chrono::milliseconds kTick(100);
  std::mutex mutex;
  std::condition_variable ended;
  int working = threads;             // guarded by mutex, as what follows
  std::optional<Error> first_error;  // that is no consequence of another
  const auto run = [&] {
    Status status = Error{ErrorKind::kResourceExhausted, "out of memory"};
    try {
      status = work();
    } catch (const std::bad_alloc&) {
    }
    const std::lock_guard lock(mutex);
    if (!status.ok() && !first_error) {
      first_error = std::move(status).error();
      *cancelled = true;
    }
    --working;
    ended.notify_one();
  };
  std::vector<std::thread> crew;
  for (int i = 0; i < threads; ++i) {
    try {
      crew.emplace_back(run);
    } catch (const std::system_error&) {
      // Those that there are do the work; without any it is done here.
      if (i == 0) {
        run();
      } else {
        const std::lock_guard lock(mutex);
        --working;
      }
    }
  }
  {
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, kTick, [&] { return working <= 0; })) {
      lock.unlock();
      tick();
      lock.lock();
    }
  }
  for (std::thread& member : crew) member.join();
  if (first_error) return *std::move(first_error);
  return {};
}

}  // namespace ingot
