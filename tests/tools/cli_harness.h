// Runs the ingot binary of this build in a process of its own, in a folder of
// its own, and says all that it did.

#ifndef INGOT_TESTS_TOOLS_CLI_HARNESS_H_
#define INGOT_TESTS_TOOLS_CLI_HARNESS_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

struct RunOptions {
  std::string input = {};  // for stdin, through a pipe
  // The content of a file for stdin, through a pipe, too.
  std::filesystem::path piped_file = {};
  // A file for stdin itself.
  std::filesystem::path input_file = {};
  bool stdout_is_terminal = false;
  bool stderr_is_terminal = false;
  // Read no byte of stdout and close it when the process has begun.
  bool close_stdout = false;
  std::vector<std::string> environment = {};  // "NAME=value"
  // Sent once this holds; without it, once the process has made a temporary
  // file in the test's folder.
  int signal = 0;
  std::function<bool()> signal_when = nullptr;
  // SIGKILL so long after the start.
  std::optional<std::chrono::microseconds> kill_after = std::nullopt;
  // Longest file that the process may write; 0: no limit.
  uint64_t max_file_bytes = 0;
};

struct RunResult {
  int exit_code = -1;  // of a process that ended by itself
  int signal = 0;      // the one that ended it
  std::string out;
  std::string err;
  // Not below the test's own, which the system counts as well.
  int64_t max_rss_bytes = 0;
};

// A test with an empty working folder, in which the binary runs and to which
// the paths of all functions are relative.
class CliTest : public testing::Test {
 protected:
  CliTest();
  ~CliTest() override;

  RunResult Run(const std::vector<std::string>& arguments,
                const RunOptions& options = {}) const;
  // Expects success and silence on stderr; returns what came on stdout.
  std::string RunOk(const std::vector<std::string>& arguments,
                    const RunOptions& options = {}) const;
  // Expects this exit code and one line on stderr, "ingot: ..." with `text` in
  // it, and nothing on stdout.
  void RunFails(const std::vector<std::string>& arguments, int exit_code,
                std::string_view text, const RunOptions& options = {}) const;

  std::filesystem::path Path(std::string_view name) const;
  void Write(std::string_view name, std::string_view content) const;
  std::string Read(std::string_view name) const;
  bool Exists(std::string_view name) const;
  // Everything in the folder, sorted: "a", "b/", "b/c".
  std::vector<std::string> List() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace ingot

#endif  // INGOT_TESTS_TOOLS_CLI_HARNESS_H_
