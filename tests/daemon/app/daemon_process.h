// Daemon: ingotd in a process of its own.

#ifndef INGOT_TESTS_DAEMON_APP_DAEMON_PROCESS_H_
#define INGOT_TESTS_DAEMON_APP_DAEMON_PROCESS_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace ingot::app {

// ingotd with these arguments; its stderr goes to a file.
class Daemon {
 public:
  Daemon(std::vector<std::string> arguments, std::string log)
      : log_(std::move(log)) {
    arguments.insert(arguments.begin(), INGOTD_PATH);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(),
                                     O_CREAT | O_WRONLY | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
                                     (log_ + ".out").c_str(),
                                     O_CREAT | O_WRONLY | O_TRUNC, 0600);
    EXPECT_EQ(posix_spawn(&process_, INGOTD_PATH, &actions, nullptr,
                          argv.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Daemon() {
    if (process_ == 0) return;
    kill(process_, SIGKILL);
    Wait();
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  pid_t process() const { return process_; }
  void Signal(int number) const { kill(process_, number); }
  // The exit code; 128 and more: a signal.
  int Wait() {
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string Log(const std::string& suffix = "") const {
    std::ifstream stream(log_ + suffix);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // Where it listens, once it does.
  uint16_t Port() const {
    for (int i = 0; i < 1000; ++i) {
      const std::string log = Log();
      const size_t at = log.find("port ");
      if (at != std::string::npos && log.ends_with("\n")) {
        return static_cast<uint16_t>(std::stoul(log.substr(at + 5)));
      }
      usleep(10'000);
    }
    ADD_FAILURE() << "not listening: " << Log();
    return 0;
  }

 private:
  const std::string log_;
  pid_t process_ = 0;
};

}  // namespace ingot::app

#endif  // INGOT_TESTS_DAEMON_APP_DAEMON_PROCESS_H_
