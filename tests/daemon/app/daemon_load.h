// What a daemon takes while it is under load.

#ifndef INGOT_TESTS_DAEMON_APP_DAEMON_LOAD_H_
#define INGOT_TESTS_DAEMON_APP_DAEMON_LOAD_H_

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/http/raw_client.h"

namespace ingot::app {

// Anonymous memory of a process that is resident, in bytes.
uint64_t AnonymousBytes(pid_t process);
size_t OpenDescriptors(pid_t process);
// A reading of GET /metrics, asked for from an address that no test floods.
double ReadMetric(uint16_t port, const std::string& name);

// The most anonymous memory that a process has while this exists.
class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t process);
  ~MemoryWatch();
  uint64_t most() const { return most_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> most_ = 0;
  std::thread thread_;
};

// A client that asks every 20 ms, each time with a new connection and from an
// address of its own, and how it is served.
class Bystander {
 public:
  explicit Bystander(uint16_t port);
  ~Bystander();
  // Ends it. A test failure unless every answer was right and came within
  // `most`.
  void ExpectServed(std::chrono::milliseconds most);

 private:
  void Work();

  const uint16_t port_;
  std::atomic<bool> stop_ = false;
  size_t asked_ = 0;
  size_t wrong_ = 0;
  std::chrono::duration<double> longest_{0};
  std::thread thread_;
};

// Many connections of one address, over which one request each was answered.
std::vector<std::unique_ptr<http::RawClient>> KeepAlive(uint16_t port,
                                                        size_t count);

// As many open files as may be.
size_t RaiseDescriptorLimit();

}  // namespace ingot::app

#endif  // INGOT_TESTS_DAEMON_APP_DAEMON_LOAD_H_
