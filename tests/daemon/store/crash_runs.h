// Processes that are killed at random moments, and what they were told before.

#ifndef INGOT_TESTS_DAEMON_STORE_CRASH_RUNS_H_
#define INGOT_TESTS_DAEMON_STORE_CRASH_RUNS_H_

#include <gtest/gtest.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <type_traits>
#include <vector>

namespace ingot::store {

// INGOT_CRASH_SEEDS of the environment; 30 unless set.
inline uint64_t CrashRuns() {
  const char* seeds = std::getenv("INGOT_CRASH_SEEDS");
  return seeds == nullptr ? 30 : std::strtoull(seeds, nullptr, 10);
}

// In the child: hands `value` to the parent, from any thread.
template <typename T>
void Tell(int pipe, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  static_assert(sizeof(T) <= PIPE_BUF);  // so that it arrives whole
  if (write(pipe, &value, sizeof(value)) != sizeof(value)) _exit(6);
}

inline constexpr uint64_t kNumbersPerRun = 1 << 20;
inline constexpr uint64_t kThreads = 4;

// In the child: calls `step` with the numbers of `run`, each once, from four
// threads, until the process is killed.
template <typename Step>
[[noreturn]] void StepForever(uint64_t run, const Step& step) {
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&step, run, t] {
      for (uint64_t i = t; i < kNumbersPerRun; i += kThreads) {
        step(run * kNumbersPerRun + i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  _exit(7);
}

// Forks `child(pipe)`, which never returns, kills it after `milliseconds`,
// and calls `told` with each T that it told, also while it runs.
template <typename T, typename Child, typename Told>
void RunAndKill(uint64_t milliseconds, const Child& child, const Told& told) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t process = fork();
  ASSERT_GE(process, 0);
  if (process == 0) {
    close(ends[0]);
    child(ends[1]);
    _exit(7);
  }
  close(ends[1]);
  std::thread killer([process, milliseconds] {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    kill(process, SIGKILL);
  });
  T value;
  while (read(ends[0], &value, sizeof(value)) == sizeof(value)) told(value);
  close(ends[0]);
  killer.join();
  int status = 0;
  ASSERT_EQ(waitpid(process, &status, 0), process);
  ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
}

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_CRASH_RUNS_H_
