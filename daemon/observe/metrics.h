// Metrics: counts of requests, and readings of the moment, in Prometheus's
// text format.
//
// Labels are bounded: routes are patterns ("none" where none fits), methods
// are those of RFC 9110 and PATCH ("other" for all else), codes are statuses
// ("0" where no response was begun).
//
// Thread-safety: all functions from any thread.

#ifndef INGOT_DAEMON_OBSERVE_METRICS_H_
#define INGOT_DAEMON_OBSERVE_METRICS_H_

#include <memory>
#include <string>
#include <vector>

#include "daemon/observe/request_entry.h"

namespace ingot::observe {

// A value that is read when it is asked for.
struct Reading {
  std::string name;  // as Prometheus wants it, with its unit
  std::string help;
  double value = 0;
  bool is_counter = false;  // else a gauge
};

class Metrics {
 public:
  // `version`: of the program.
  explicit Metrics(const std::string& version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void Count(const RequestEntry& entry);

  // All that was counted, the process (process_*), and `readings`, whose names
  // must differ from those.
  std::string Text(const std::vector<Reading>& readings) const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::observe

#endif  // INGOT_DAEMON_OBSERVE_METRICS_H_
