// OrderedPipeline: runs jobs on a ThreadPool and hands their results to a
// consumer in the order of submission.
//
// The consumer runs on the thread that calls Submit and Finish, so it needs
// no locks, and what it writes does not depend on the number of threads. At
// most `max_in_flight` jobs are queued, running or waiting for their turn:
// this bounds memory. The first error, in the order of submission, is the one
// reported; jobs that have not started by then are skipped.
//
//   OrderedPipeline<Block> pipeline(&pool, 2 * pool.threads(), WriteBlock);
//   for (...) INGOT_TRY(pipeline.Submit([=] { return EncodeBlock(...); }));
//   INGOT_TRY(pipeline.Finish());
//
// Thread-safety: one thread at a time.

#ifndef INGOT_CODEC_BASE_ORDERED_PIPELINE_H_
#define INGOT_CODEC_BASE_ORDERED_PIPELINE_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "codec/base/thread_pool.h"
#include "codec/result.h"

namespace ingot {

template <typename T>
class OrderedPipeline {
 public:
  using Job = std::function<Result<T>()>;
  using Consumer = std::function<Status(T)>;

  // `pool` must outlive the pipeline. A limit of 0 means 1.
  OrderedPipeline(ThreadPool* pool, size_t max_in_flight, Consumer consumer)
      : pool_(pool),
        max_in_flight_(max_in_flight == 0 ? 1 : max_in_flight),
        consumer_(std::move(consumer)) {}

  // Without Finish: skips the jobs that have not started, waits for the
  // others and drops their results.
  ~OrderedPipeline() { Cancel(); }
  OrderedPipeline(const OrderedPipeline&) = delete;
  OrderedPipeline& operator=(const OrderedPipeline&) = delete;

  // Consumes the results whose turn has come, waiting while the limit is
  // reached, then queues `job`. After an error returns that error again and
  // drops `job`.
  Status Submit(Job job) {
    while (!slots_.empty() &&
           (slots_.size() >= max_in_flight_ || slots_.front()->group.Done())) {
      INGOT_TRY(ConsumeOldest());
    }
    if (error_.has_value()) return *error_;
    slots_.push_back(std::make_unique<Slot>(pool_));
    Slot* const slot = slots_.back().get();
    slot->group.Submit([this, slot, job = std::move(job)] {
      if (!cancelled_.load(std::memory_order_relaxed)) slot->result = job();
    });
    return {};
  }

  // Waits for all jobs and consumes their results.
  Status Finish() {
    while (!slots_.empty()) INGOT_TRY(ConsumeOldest());
    if (error_.has_value()) return *error_;
    return {};
  }

  size_t in_flight() const { return slots_.size(); }

 private:
  struct Slot {
    explicit Slot(ThreadPool* pool) : group(pool) {}
    // Before `group`, whose destructor waits for who writes it.
    std::optional<Result<T>> result;
    TaskGroup group;
  };

  Status ConsumeOldest() {
    const std::unique_ptr<Slot> slot = std::move(slots_.front());
    slots_.pop_front();
    slot->group.Wait();
    // Always present: only Cancel, which empties slots_, skips jobs.
    Result<T>& result = *slot->result;
    if (!result.ok()) return Fail(std::move(result).error());
    Status consumed = consumer_(std::move(result).value());
    if (!consumed.ok()) return Fail(std::move(consumed).error());
    return {};
  }

  Error Fail(Error error) {
    error_ = std::move(error);
    Cancel();
    return *error_;
  }

  void Cancel() {
    cancelled_.store(true, std::memory_order_relaxed);
    slots_.clear();
  }

  ThreadPool* const pool_;
  const size_t max_in_flight_;
  const Consumer consumer_;
  std::atomic<bool> cancelled_ = false;
  std::optional<Error> error_;
  std::deque<std::unique_ptr<Slot>> slots_;
};

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_ORDERED_PIPELINE_H_
