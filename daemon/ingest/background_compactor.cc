#include "daemon/ingest/background_compactor.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace ingot::ingest {
namespace {

constexpr int kNiceness = 15;

}  // namespace

BackgroundCompactor::BackgroundCompactor(store::Store* store,
                                         const CompactorOptions& options,
                                         Told told,
                                         const BackgroundOptions& background)
    : store_(store),
      background_(background),
      told_(std::move(told)),
      compactor_(store, options),
      newest_since_(Clock::now()),
      last_retry_(Clock::now()),
      thread_([this] { Work(); }) {}

BackgroundCompactor::~BackgroundCompactor() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void BackgroundCompactor::Work() {
  // Of this thread alone. Without it the work goes on all the same.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, background_.look,
                            [this] { return stop_.load(); })) {
    lock.unlock();
    if (IsDue(Clock::now())) RunOnce();
    lock.lock();
  }
}

bool BackgroundCompactor::IsDue(Clock::time_point now) {
  const auto staged = store_->staging().List();
  if (!staged.ok() || staged->empty()) return false;
  if (staged->back().number != newest_) {
    newest_ = staged->back().number;
    newest_since_ = now;
    if (!waiting_since_) waiting_since_ = now;
  }
  if (now - last_retry_ >= background_.retry) {
    last_retry_ = now;
    compactor_.ForgetFailures();
    return true;
  }
  return waiting_since_ && (now - newest_since_ >= background_.quiet ||
                            now - *waiting_since_ >= background_.wait);
}

void BackgroundCompactor::RunOnce() {
  waiting_since_.reset();
  CompactionReport report;
  const Status done = compactor_.Run(&stop_, &report);
  const bool is_stopped =
      !done.ok() && done.error().kind == ErrorKind::kCancelled;
  if (is_stopped) return;
  // Grants follow uploads; what is not granted yet is looked at again.
  const auto staged = store_->staging().List();
  if (staged.ok() && !staged->empty() && done.ok()) {
    newest_since_ = Clock::now();
    waiting_since_ = newest_since_;
  }
  if (!done.ok() || report.files > 0 || !report.failures.empty()) {
    told_(done, report);
  }
}

}  // namespace ingot::ingest
