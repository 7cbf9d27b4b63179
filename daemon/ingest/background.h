// Background: a thread that keeps a store in order while it is served. It packs
// what is staged when nothing has been uploaded for a moment, at the latest a
// minute after an upload; collects now and then; and reads all that is stored,
// bit by bit, to find damage.
//
// It runs with the lowest priority that leaves it some time. What failed to be
// packed is tried again after ten minutes.
//
// Thread-safety: made and destroyed by one thread. What is to be told is called
// on the thread that works.

#ifndef INGOT_DAEMON_INGEST_BACKGROUND_H_
#define INGOT_DAEMON_INGEST_BACKGROUND_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "codec/result.h"
#include "daemon/ingest/maintenance.h"
#include "daemon/store/store.h"

namespace ingot::ingest {

struct BackgroundOptions {
  using Milliseconds = std::chrono::milliseconds;
  // Whether it packs.
  bool compact = true;
  Milliseconds look{1000};    // how often it looks for work
  Milliseconds quiet{3000};   // without an upload, before it packs
  Milliseconds wait{60'000};  // at most, while there are some
  Milliseconds retry{600'000};
  // From the end of a collection to the next; zero: never.
  Milliseconds collect{3'600'000};
  // In which everything is read once; zero: never.
  Milliseconds scrub{30ull * 24 * 3'600'000};
};

// What is told of the work, where something was done or found.
struct BackgroundEvents {
  std::function<void(const Status&, const CompactionReport&)> packed;
  std::function<void(const Status&, const CollectionReport&)> collected;
  std::function<void(const Status&, const CheckReport&)> scrubbed;
};

class Background {
 public:
  // Both must outlive it.
  Background(store::Store* store, Maintenance* maintenance,
             BackgroundEvents events, const BackgroundOptions& options = {});
  // Stops the maintenance and what runs of it, which takes less than about a
  // second.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  void Work();
  // Whether it is time to pack.
  bool IsPackingDue(Clock::time_point now);
  void Pack();
  void Collect();
  void Scrub();

  store::Store* const store_;
  Maintenance* const maintenance_;
  const BackgroundEvents events_;
  const BackgroundOptions options_;
  // Of what was staged when it last looked.
  uint64_t newest_ = 0;
  Clock::time_point newest_since_;
  std::optional<Clock::time_point> waiting_since_;
  Clock::time_point last_retry_;
  bool retry_ = false;
  Clock::time_point next_collection_;
  Clock::time_point next_scrub_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_BACKGROUND_H_
