// Log: what the daemon does, an object of JSON or a line of text each.
//
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","message":"request",
//    "id":"...","peer":"127.0.0.1","method":"GET","route":"/healthz",
//    "path":"/healthz","status":200,"complete":true,"received_bytes":0,
//    "sent_bytes":17,"seconds":0.0001}
//
// "route", "token" and "cause" are left out where there is none. Text is the
// time, the level, and then the same fields as name=value, each value in JSON.
// All is ASCII, with other characters escaped: nothing that a client sends
// ends a line or reaches a terminal.
//
// Of a request no header, query or body is written: they hold secrets.
//
// Lines are written by a thread of the Log's own, so that whoever logs waits
// for no file, pipe or terminal. Where more than LogOptions::queue lines wait,
// the oldest are dropped and counted.
//
// Thread-safety: all functions from any thread.

#ifndef INGOT_DAEMON_OBSERVE_LOG_H_
#define INGOT_DAEMON_OBSERVE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "codec/result.h"
#include "daemon/observe/request_entry.h"

namespace ingot::observe {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  std::string file = {};  // appended to; empty: stderr
  LogLevel least = LogLevel::kInfo;
  bool json = true;
  size_t queue = 16'384;  // lines
};

class Log {
 public:
  // An error where the file cannot be opened.
  static Result<std::unique_ptr<Log>> Open(LogOptions options);
  // Writes what waits.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void Message(LogLevel level, std::string_view message);
  // kError for an internal error, kWarning for other responses from 500 on,
  // kInfo for all others.
  void Request(const RequestEntry& entry);

  // Goes on in a new file, where the old one was moved away. After an error it
  // goes on in the old one. Nothing to do for stderr.
  Status Reopen();

  // Lines that were dropped.
  uint64_t dropped() const;

 private:
  class Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::observe

#endif  // INGOT_DAEMON_OBSERVE_LOG_H_
