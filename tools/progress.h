// Progress: a line on stderr that says how far a command is, where stderr is a
// terminal and the caller did not ask for quiet.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_PROGRESS_H_
#define INGOT_TOOLS_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ingot {

class Progress {
 public:
  // `total`: raw bytes to come, where that is known.
  Progress(std::string label, std::optional<uint64_t> total, bool quiet);
  // Clears the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(uint64_t raw_bytes) { Set(done_ + raw_bytes); }
  void Set(uint64_t raw_bytes);

 private:
  using Clock = std::chrono::steady_clock;

  void Draw(Clock::time_point now);

  const std::string label_;
  const std::optional<uint64_t> total_;
  const bool shown_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = start_;
  bool on_screen_ = false;
  uint64_t done_ = 0;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_PROGRESS_H_
