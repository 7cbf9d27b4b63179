// BackgroundCompactor: a thread that packs what is staged when nothing has been
// uploaded for a moment, at the latest a minute after an upload.
//
// It runs with the lowest priority that leaves it some time. What failed is
// tried again after ten minutes.
//
// Thread-safety: made and destroyed by one thread. `told` is called on the
// thread that packs, after each run that did or found something.

#ifndef INGOT_DAEMON_INGEST_BACKGROUND_COMPACTOR_H_
#define INGOT_DAEMON_INGEST_BACKGROUND_COMPACTOR_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "codec/result.h"
#include "daemon/ingest/compactor.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

struct BackgroundOptions {
  std::chrono::milliseconds look{1000};    // how often it looks for uploads
  std::chrono::milliseconds quiet{3000};   // without one, before it packs
  std::chrono::milliseconds wait{60'000};  // at most, while there are some
  std::chrono::milliseconds retry{600'000};
};

class BackgroundCompactor {
 public:
  using Told = std::function<void(const Status&, const CompactionReport&)>;

  // `store` must outlive it.
  BackgroundCompactor(store::Store* store, const CompactorOptions& options,
                      Told told, const BackgroundOptions& background = {});
  // Stops what runs, which takes less than about a second.
  ~BackgroundCompactor();
  BackgroundCompactor(const BackgroundCompactor&) = delete;
  BackgroundCompactor& operator=(const BackgroundCompactor&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  void Work();
  // Whether it is time to pack.
  bool IsDue(Clock::time_point now);
  void RunOnce();

  store::Store* const store_;
  const BackgroundOptions background_;
  const Told told_;
  Compactor compactor_;
  // Of what was staged when it last looked.
  uint64_t newest_ = 0;
  Clock::time_point newest_since_;
  std::optional<Clock::time_point> waiting_since_;
  Clock::time_point last_retry_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_BACKGROUND_COMPACTOR_H_
