#include "tests/daemon/app/daemon_load.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ingot::app {

using http::RawClient;
using http::RawResponse;
using http::Simple;
using std::chrono::milliseconds;

namespace {

constexpr const char* kElsewhere = "127.0.0.77";

}  // namespace

uint64_t AnonymousBytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8)) << 10;
  }
  return 0;
}

size_t OpenDescriptors(pid_t process) {
  const std::filesystem::directory_iterator folder(
      "/proc/" + std::to_string(process) + "/fd");
  return static_cast<size_t>(std::distance(begin(folder), end(folder)));
}

double ReadMetric(uint16_t port, const std::string& name) {
  RawClient client(port, kElsewhere);
  client.Send(Simple("GET /metrics"));
  const std::string text = client.Receive().body;
  const size_t at = text.find("\n" + name + " ");
  EXPECT_NE(at, std::string::npos) << name << " is not in " << text;
  return at == std::string::npos ? 0
                                 : std::stod(text.substr(at + name.size() + 2));
}

MemoryWatch::MemoryWatch(pid_t process)
    : thread_([this, process] {
        while (!stop_) {
          most_ = std::max(most_.load(), AnonymousBytes(process));
          std::this_thread::sleep_for(milliseconds(10));
        }
      }) {}

MemoryWatch::~MemoryWatch() {
  stop_ = true;
  thread_.join();
}

Bystander::Bystander(uint16_t port)
    : port_(port), thread_([this] { Work(); }) {}

Bystander::~Bystander() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Bystander::Work() {
  while (!stop_) {
    const auto start = std::chrono::steady_clock::now();
    RawClient client(port_, kElsewhere);
    client.Send(Simple("GET /healthz", "Connection: close\r\n"));
    wrong_ += client.Receive().body != "{\"status\": \"ok\"}\n";
    longest_ = std::max<std::chrono::duration<double>>(
        longest_, std::chrono::steady_clock::now() - start);
    ++asked_;
    std::this_thread::sleep_for(milliseconds(20));
  }
}

void Bystander::ExpectServed(milliseconds most) {
  stop_ = true;
  thread_.join();
  EXPECT_GT(asked_, 10);
  EXPECT_EQ(wrong_, 0);
  EXPECT_LT(longest_, most);
  std::printf("others: %zu answers, the slowest after %.0f ms\n", asked_,
              longest_.count() * 1000);
}

std::vector<std::unique_ptr<RawClient>> KeepAlive(uint16_t port, size_t count) {
  std::vector<std::unique_ptr<RawClient>> clients;
  size_t right = 0;
  for (size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    clients.back()->Send(Simple("GET /healthz"));
    right += clients.back()->Receive().status == 200;
  }
  EXPECT_EQ(right, count);
  return clients;
}

size_t RaiseDescriptorLimit() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace ingot::app
