#include "tools/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "tools/text.h"

namespace ingot {
namespace {

constexpr std::chrono::milliseconds kInterval(100);
constexpr size_t kMaxLabelBytes = 30;
constexpr uint64_t kBarCells = 20;

}  // namespace

Progress::Progress(std::string label, std::optional<uint64_t> total, bool quiet)
    : label_(EndOf(label, kMaxLabelBytes)),
      total_(total),
      shown_(!quiet && isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (on_screen_) std::fputs("\r\x1b[K", stderr);
}

void Progress::Set(uint64_t raw_bytes) {
  done_ = raw_bytes;
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (now - drawn_ < kInterval) return;
  drawn_ = now;
  Draw(now);
}

void Progress::Draw(Clock::time_point now) {
  std::string line = "\r" + label_;
  if (total_ && *total_ > 0) {
    const double part =
        static_cast<double>(done_) / static_cast<double>(*total_);
    const uint64_t cells =
        done_ >= *total_ ? kBarCells : static_cast<uint64_t>(part * kBarCells);
    line += " [" + std::string(cells, '#') +
            std::string(kBarCells - cells, '.') + "] " +
            Decimal(part * 100, 0) + "%";
  }
  const double seconds = std::chrono::duration<double>(now - start_).count();
  line += "  " + ApproximateBytes(done_) + "  " +
          ApproximateBytes(
              static_cast<uint64_t>(static_cast<double>(done_) / seconds)) +
          "/s\x1b[K";
  std::fputs(line.c_str(), stderr);
  on_screen_ = true;
}

}  // namespace ingot
