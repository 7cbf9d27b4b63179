#include "daemon/observe/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/store/temporary_folder.h"

namespace ingot::observe {
namespace {

using nlohmann::json;

std::vector<std::string> Lines(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class LogTest : public testing::Test {
 protected:
  std::unique_ptr<Log> Open(LogOptions options = {}) {
    options.file = file_;
    auto log = Log::Open(std::move(options));
    EXPECT_TRUE(log.ok()) << log.error().message;
    return std::move(*log);
  }

  const store::TemporaryFolder temporary_;
  const std::string file_ = temporary_ / "log";
};

TEST_F(LogTest, LinesAreObjects) {
  auto log = Open();
  log->Message(LogLevel::kInfo, "began");
  log->Request({.id = "i1",
                .peer = "::1",
                .method = "GET",
                .route = "/a/{b}",
                .path = "/a/\x1b[2J\n\xc2\x9b\xff\"",
                .token = 7,
                .status = 206,
                .complete = true,
                .received = 1,
                .sent = 2,
                .seconds = 0.5});
  log.reset();
  const std::vector<std::string> lines = Lines(file_);
  ASSERT_EQ(lines.size(), 2);
  const json message = json::parse(lines[0]);
  EXPECT_EQ(message["message"], "began");
  EXPECT_EQ(message["level"], "info");
  EXPECT_TRUE(std::regex_match(
      message["time"].get<std::string>(),
      std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
  json request = json::parse(lines[1]);
  request.erase("time");
  // What is not UTF-8 is replaced.
  const json expected = {{"level", "info"},
                         {"message", "request"},
                         {"id", "i1"},
                         {"peer", "::1"},
                         {"method", "GET"},
                         {"route", "/a/{b}"},
                         {"status", 206},
                         {"complete", true},
                         {"received_bytes", 1},
                         {"sent_bytes", 2},
                         {"seconds", 0.5},
                         {"token", 7},
                         {"path", "/a/\x1b[2J\n\xc2\x9b\xef\xbf\xbd\""}};
  EXPECT_EQ(request, expected);
  for (const char c : lines[1]) EXPECT_TRUE(c >= ' ' && c < 127);
}

TEST_F(LogTest, TextIsOnOneLineToo) {
  auto log = Open({.json = false});
  log->Message(LogLevel::kWarning, "two\nlines");
  log.reset();
  const std::vector<std::string> lines = Lines(file_);
  ASSERT_EQ(lines.size(), 1);
  EXPECT_NE(lines[0].find("Z warning message=\"two\\nlines\""),
            std::string::npos);
}

TEST_F(LogTest, LevelsAreKept) {
  auto log = Open({.least = LogLevel::kWarning});
  log->Message(LogLevel::kInfo, "no");
  log->Request({.status = 404});
  log->Request({.status = 503});
  log->Request({.status = 500});
  log->Request({.status = 200, .cause = "broke in the middle"});
  log.reset();
  std::string levels;
  for (const std::string& line : Lines(file_)) {
    levels += json::parse(line)["level"].get<std::string>() + " ";
  }
  EXPECT_EQ(levels, "warning error error ");
}

TEST_F(LogTest, FilesAreAppendedTo) {
  Open()->Message(LogLevel::kInfo, "one");
  Open()->Message(LogLevel::kInfo, "two");
  EXPECT_EQ(Lines(file_).size(), 2);
  EXPECT_FALSE(Log::Open({.file = "/dev/null/log"}).ok());
}

TEST_F(LogTest, ManyThreadsLoseNothing) {
  auto log = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) log->Request({.id = "x", .status = 200});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log->dropped(), 0);
  log.reset();
  const std::vector<std::string> lines = Lines(file_);
  EXPECT_EQ(lines.size(), 4000);
  for (const std::string& line : lines) EXPECT_TRUE(json::accept(line));
}

// A pipe that nobody empties holds up nobody.
TEST_F(LogTest, NobodyWaitsForAPipe) {
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  const int reader = open(file_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto log = Open({.queue = 128});
  const std::string text(1000, 'x');
  for (int i = 0; i < 2000; ++i) log->Message(LogLevel::kInfo, text);
  EXPECT_GT(log->dropped(), 0);
  std::thread end([&] { log.reset(); });
  std::array<char, 4096> bytes;
  size_t size = 0;
  while (true) {
    const ssize_t got = read(reader, bytes.data(), bytes.size());
    if (got == 0) break;
    if (got > 0) {
      size += static_cast<size_t>(got);
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  end.join();
  close(reader);
  EXPECT_GT(size, 128 * text.size());
}

}  // namespace
}  // namespace ingot::observe
