#include "tests/tools/cli_harness.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <thread>

extern char** environ;

namespace ingot {
namespace {

namespace fs = std::filesystem;

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

struct Pipe {
  Fd read;
  Fd write;
};

Pipe MakePipe() {
  std::array<int, 2> ends;
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

Pipe MakeTerminal() {
  int master = -1;
  int slave = -1;
  EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  fcntl(master, F_SETFD, FD_CLOEXEC);
  fcntl(slave, F_SETFD, FD_CLOEXEC);
  return {Fd(master), Fd(slave)};
}

// All that comes until the other side closes; a terminal ends with EIO.
std::string Drain(int fd) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got > 0) {
      text.append(buffer.data(), static_cast<size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      return text;
    }
  }
}

// In pieces of odd sizes, as pipes may deliver them.
void Feed(int fd, std::string_view input) {
  size_t piece = 1;
  while (!input.empty()) {
    const ssize_t put = write(fd, input.data(), std::min(piece, input.size()));
    if (put <= 0) return;  // the reader has gone: that is its result
    input.remove_prefix(static_cast<size_t>(put));
    piece = piece * 3 + 1;
  }
}

void FeedFile(int fd, const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::string buffer(100'000, '\0');
  while (in.read(buffer.data(), 100'000).gcount() > 0) {
    Feed(fd,
         std::string_view(buffer).substr(0, static_cast<size_t>(in.gcount())));
  }
}

bool HasTemporaryFile(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(folder, error)) {
    if (entry.path().filename().string().find(".ingot-") != std::string::npos) {
      return true;
    }
  }
  return false;
}

class Spawn {
 public:
  Spawn() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // The test ignores SIGPIPE; the binary must not inherit that.
    sigset_t defaults;
    sigemptyset(&defaults);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM}) {
      sigaddset(&defaults, number);
    }
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  void Use(int fd, int as) {
    posix_spawn_file_actions_adddup2(&actions_, fd, as);
  }
  void ChangeFolder(const fs::path& folder) {
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
  }
  pid_t Start(const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment) {
    std::vector<char*> argv = {const_cast<char*>(INGOT_BINARY)};
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    std::vector<char*> variables;
    for (const std::string& variable : environment) {
      variables.push_back(const_cast<char*>(variable.c_str()));
    }
    for (char** variable = environ; *variable != nullptr; ++variable) {
      variables.push_back(*variable);
    }
    variables.push_back(nullptr);
    pid_t pid = -1;
    EXPECT_EQ(posix_spawn(&pid, INGOT_BINARY, &actions_, &attributes_,
                          argv.data(), variables.data()),
              0)
        << INGOT_BINARY;
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

RunResult Wait(pid_t pid) {
  int status = 0;
  struct rusage usage = {};
  EXPECT_EQ(wait4(pid, &status, 0, &usage), pid);
  RunResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.max_rss_bytes = int64_t{usage.ru_maxrss} * 1024;
  return result;
}

}  // namespace

CliTest::CliTest() {
  signal(SIGPIPE, SIG_IGN);
  std::string pattern = (fs::temp_directory_path() / "ingot-cli-XXXXXX");
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
}

CliTest::~CliTest() {
  std::error_code error;
  fs::remove_all(folder_, error);
}

RunResult CliTest::Run(const std::vector<std::string>& arguments,
                       const RunOptions& options) const {
  Pipe in = MakePipe();
  Pipe out = options.stdout_is_terminal ? MakeTerminal() : MakePipe();
  Pipe err = options.stderr_is_terminal ? MakeTerminal() : MakePipe();
  Spawn spawn;
  Fd input_file;
  if (!options.input_file.empty()) {
    input_file =
        Fd(open((folder_ / options.input_file).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_GE(input_file.get(), 0) << options.input_file;
  }
  spawn.Use(options.input_file.empty() ? in.read.get() : input_file.get(), 0);
  spawn.Use(out.write.get(), 1);
  spawn.Use(err.write.get(), 2);
  spawn.ChangeFolder(folder_);
  // The process inherits the limit; nothing is written here meanwhile.
  struct rlimit unlimited = {};
  EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  if (options.max_file_bytes != 0) {
    struct rlimit limit = unlimited;
    limit.rlim_cur = options.max_file_bytes;
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  const pid_t pid = spawn.Start(arguments, options.environment);
  EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  in.read.Close();
  out.write.Close();
  err.write.Close();

  std::string text;
  std::string messages;
  if (options.close_stdout) out.read.Close();
  std::thread feeding([&] {
    Feed(in.write.get(), options.input);
    if (!options.piped_file.empty()) {
      FeedFile(in.write.get(), folder_ / options.piped_file);
    }
    in.write.Close();
  });
  std::thread reading([&] {
    if (!options.close_stdout) text = Drain(out.read.get());
  });
  std::thread listening([&] { messages = Drain(err.read.get()); });
  if (options.signal != 0) {
    const auto limit =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    bool found = false;
    while (!found && std::chrono::steady_clock::now() < limit) {
      found = options.signal_when ? options.signal_when()
                                  : HasTemporaryFile(folder_);
    }
    EXPECT_TRUE(found) << "the moment for the signal did not come";
    kill(pid, options.signal);
  }
  if (options.kill_after) {
    std::this_thread::sleep_for(*options.kill_after);
    kill(pid, SIGKILL);
  }
  RunResult result = Wait(pid);
  feeding.join();
  reading.join();
  listening.join();
  result.out = std::move(text);
  result.err = std::move(messages);
  return result;
}

std::string CliTest::RunOk(const std::vector<std::string>& arguments,
                           const RunOptions& options) const {
  RunResult result = Run(arguments, options);
  EXPECT_EQ(result.exit_code, 0) << testing::PrintToString(arguments);
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.err, "");
  return std::move(result.out);
}

void CliTest::RunFails(const std::vector<std::string>& arguments, int exit_code,
                       std::string_view text, const RunOptions& options) const {
  const RunResult result = Run(arguments, options);
  EXPECT_EQ(result.exit_code, exit_code)
      << testing::PrintToString(arguments) << ": " << result.err;
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("ingot: ")) << result.err;
  EXPECT_NE(result.err.find(text), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
}

fs::path CliTest::Path(std::string_view name) const { return folder_ / name; }

void CliTest::Write(std::string_view name, std::string_view content) const {
  const fs::path path = Path(name);
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  EXPECT_TRUE(out.good()) << path;
}

std::string CliTest::Read(std::string_view name) const {
  std::ifstream in(Path(name), std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

bool CliTest::Exists(std::string_view name) const {
  return fs::exists(fs::symlink_status(Path(name)));
}

std::vector<std::string> CliTest::List() const {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(folder_)) {
    std::string name = entry.path().lexically_relative(folder_).string();
    if (entry.is_directory() && !entry.is_symlink()) name += '/';
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ingot
