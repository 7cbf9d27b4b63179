#include "daemon/ingest/background.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ingot::ingest {
namespace {

constexpr int kNiceness = 15;

bool IsStopped(const Status& status) {
  return !status.ok() && status.error().kind == ErrorKind::kCancelled;
}

bool DidSomething(const CollectionReport& report) {
  return report.grants_ended + report.staged_files + report.packs_retired +
                 report.packs_repacked + report.packs_removed >
             0 ||
         !report.failures.empty();
}

}  // namespace

Background::Background(store::Store* store, Maintenance* maintenance,
                       BackgroundEvents events,
                       const BackgroundOptions& options)
    : store_(store),
      maintenance_(maintenance),
      events_(std::move(events)),
      options_(options),
      newest_since_(Clock::now()),
      last_retry_(Clock::now()),
      next_collection_(Clock::now() + options.collect),
      next_scrub_(Clock::now()),
      thread_([this] { Work(); }) {}

Background::~Background() {
  maintenance_->Stop();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void Background::Work() {
  // Of this thread alone. Without it the work goes on all the same.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, options_.look, [this] { return stop_; })) {
    lock.unlock();
    const Clock::time_point now = Clock::now();
    if (options_.compact && IsPackingDue(now)) Pack();
    if (options_.collect.count() > 0 && now >= next_collection_) Collect();
    if (options_.scrub.count() > 0 && now >= next_scrub_) Scrub();
    lock.lock();
  }
}

bool Background::IsPackingDue(Clock::time_point now) {
  const auto staged = store_->staging().List();
  if (!staged.ok() || staged->empty()) return false;
  if (staged->back().number != newest_) {
    newest_ = staged->back().number;
    newest_since_ = now;
    if (!waiting_since_) waiting_since_ = now;
  }
  if (now - last_retry_ >= options_.retry) {
    last_retry_ = now;
    retry_ = true;
    return true;
  }
  return waiting_since_ && (now - newest_since_ >= options_.quiet ||
                            now - *waiting_since_ >= options_.wait);
}

void Background::Pack() {
  waiting_since_.reset();
  CompactionReport report;
  const Status done =
      maintenance_->Compact(std::exchange(retry_, false), &report);
  if (IsStopped(done)) return;
  // Grants follow uploads; what is not granted yet is looked at again.
  const auto staged = store_->staging().List();
  if (staged.ok() && !staged->empty() && done.ok()) {
    newest_since_ = Clock::now();
    waiting_since_ = newest_since_;
  }
  if (!done.ok() || report.files > 0 || !report.failures.empty()) {
    events_.packed(done, report);
  }
}

void Background::Collect() {
  CollectionReport report;
  const Status done =
      maintenance_->Collect(maintenance_->collector_options(), &report);
  next_collection_ = Clock::now() + options_.collect;
  if (IsStopped(done)) return;
  if (!done.ok() || DidSomething(report)) events_.collected(done, report);
}

void Background::Scrub() {
  CheckReport report;
  const Result<bool> found = maintenance_->Scrub(&report);
  const Status status = found.ok() ? Status() : Status(found.error());
  // So that each turn takes its time, however much there is.
  const auto staged = store_->staging().List();
  const auto packs = store_->packs().List();
  const size_t items =
      1 + (staged.ok() ? staged->size() : 0) + (packs.ok() ? packs->size() : 0);
  next_scrub_ = Clock::now() + options_.scrub / items;
  if (IsStopped(status)) return;
  if (!status.ok() || !report.problems.empty()) {
    events_.scrubbed(status, report);
  }
}

}  // namespace ingot::ingest
