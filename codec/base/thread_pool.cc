#include "codec/base/thread_pool.h"

#include <system_error>
#include <utility>

namespace ingot {

ThreadPool::ThreadPool(int threads) : threads_(threads < 1 ? 1 : threads) {
  workers_.reserve(static_cast<size_t>(threads_) - 1);
  for (int i = 1; i < threads_; ++i) {
    try {
      workers_.emplace_back([this] { RunWorker(); });
    } catch (const std::system_error&) {
      break;
    }
  }
}

ThreadPool::~ThreadPool() {
  while (RunOne()) {
  }
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Submit(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
}

bool ThreadPool::RunOne() {
  std::function<void()> task;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return false;
    task = std::move(queue_.front());
    queue_.pop_front();
  }
  task();
  return true;
}

void ThreadPool::RunWorker() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it captured goes before the lock is held again
    lock.lock();
  }
}

void TaskGroup::Submit(std::function<void()> task) {
  {
    const std::lock_guard lock(pool_->mutex_);
    ++unfinished_;
  }
  pool_->Submit([this, task = std::move(task)]() mutable {
    task();
    task = nullptr;  // a waiter may destroy what the task refers to
    // From the unlocking on this group may be gone; the pool may not, for its
    // destructor waits for this task.
    ThreadPool* const pool = pool_;
    const std::lock_guard lock(pool->mutex_);
    --unfinished_;
    pool->changed_.notify_all();
  });
}

bool TaskGroup::Done() const {
  const std::lock_guard lock(pool_->mutex_);
  return unfinished_ == 0;
}

void TaskGroup::WaitUntilAtMost(size_t count) {
  for (;;) {
    {
      std::unique_lock lock(pool_->mutex_);
      pool_->changed_.wait(lock, [this, count] {
        return unfinished_ <= count || !pool_->queue_.empty();
      });
      if (unfinished_ <= count) return;
    }
    pool_->RunOne();
  }
}

}  // namespace ingot
