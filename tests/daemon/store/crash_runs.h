// Processes that are killed at random moments, and what they were told before.

#ifndef INGOT_TESTS_DAEMON_STORE_CRASH_RUNS_H_
#define INGOT_TESTS_DAEMON_STORE_CRASH_RUNS_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/sanitized.h"

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

// What a process that is to be killed was started with.
struct CrashChild {
  int pipe;
  uint64_t run;
  std::string folder;
};

// Nothing in the process that kills.
inline std::optional<CrashChild> ThisCrashChild() {
  const char* const text = std::getenv("INGOT_CRASH_CHILD");
  if (text == nullptr) return std::nullopt;
  CrashChild child;
  std::istringstream(text) >> child.pipe >> child.run >> child.folder;
  return child;
}

// Starts this program once more, with the current test alone, whose first act
// is to ask ThisCrashChild and to go on from there for ever. It is killed after
// `milliseconds`; `told` is called with each T that it told, also while it
// runs. A program of its own rather than a fork of this one: the threads of the
// libraries that this one has used would be missing.
template <typename T, typename Told>
void RunAndKill(uint64_t milliseconds, uint64_t run, const std::string& folder,
                const Told& told) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto* const test =
      testing::UnitTest::GetInstance()->current_test_info();
  std::string filter = std::string("--gtest_filter=") +
                       test->test_suite_name() + "." + test->name();
  std::string variable = "INGOT_CRASH_CHILD=" + std::to_string(ends[1]) + " " +
                         std::to_string(run) + " " + folder;
  std::string program = "/proc/self/exe";
  char* const arguments[] = {program.data(), filter.data(), nullptr};
  std::vector<char*> variables = {variable.data()};
  for (char** one = environ; *one != nullptr; ++one) variables.push_back(*one);
  variables.push_back(nullptr);
  const pid_t process = fork();
  ASSERT_GE(process, 0);
  if (process == 0) {
    close(ends[0]);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execve(program.c_str(), arguments, variables.data());
    _exit(7);
  }
  close(ends[1]);
  std::thread killer([process, milliseconds] {
    // What starts slowly is killed later.
    std::this_thread::sleep_for(
        std::chrono::milliseconds(milliseconds * (kSanitized ? 4 : 1)));
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
