// ThreadPool: a fixed number of threads that run tasks, and TaskGroup, the
// way to wait for some of them.
//
// A pool of one thread starts none: its tasks run on the thread that waits
// for them, in the order of submission, so that single-threaded runs are
// exactly that. Tasks must not throw. A task may submit further tasks and
// wait for them, since a waiting thread runs queued tasks meanwhile.
//
// Thread-safety: all functions may be called from several threads at once.

#ifndef INGOT_CODEC_BASE_THREAD_POOL_H_
#define INGOT_CODEC_BASE_THREAD_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ingot {

class ThreadPool {
 public:
  // `threads` counts the thread that waits: threads - 1 are started. Where
  // the system refuses some, the pool goes on with those it got.
  explicit ThreadPool(int threads);
  // Runs what is still queued, then joins the threads.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // As asked for: how many tasks may make progress at once.
  int threads() const { return threads_; }

  // Queues `task`. In a pool of one thread it runs in the next Wait or
  // RunOne, at the latest in the destructor.
  void Submit(std::function<void()> task);

  // Runs the oldest queued task on the calling thread; false where none is
  // queued.
  bool RunOne();

 private:
  friend class TaskGroup;

  void RunWorker();

  const int threads_;
  std::mutex mutex_;
  // Signalled when a task is queued, when a group ends and on stopping: both
  // idle workers and waiting groups sleep on it.
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

// Tasks that are waited for together. Destroying a group waits for it.
class TaskGroup {
 public:
  // `pool` must outlive the group.
  explicit TaskGroup(ThreadPool* pool) : pool_(pool) {}
  ~TaskGroup() { Wait(); }
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void Submit(std::function<void()> task);

  // True where no submitted task is unfinished.
  bool Done() const;

  // Returns when every task submitted so far has ended; runs queued tasks
  // (of any group) on the calling thread until then.
  void Wait() { WaitUntilAtMost(0); }
  // The same, until no more than `count` of the group's tasks are unfinished.
  void WaitUntilAtMost(size_t count);

 private:
  ThreadPool* const pool_;
  size_t unfinished_ = 0;  // guarded by pool_->mutex_
};

}  // namespace ingot

#endif  // INGOT_CODEC_BASE_THREAD_POOL_H_
