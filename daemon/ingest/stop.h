// CheckStop: how long work ends when it is told to.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_INGEST_STOP_H_
#define INGOT_DAEMON_INGEST_STOP_H_

#include <atomic>
#include <string>

#include "codec/result.h"

namespace ingot::ingest {

// kCancelled once *stop is true, which may be null; `work`: "packing".
inline Status CheckStop(const std::atomic<bool>* stop, const char* work) {
  if (stop == nullptr || !*stop) return {};
  return Error{ErrorKind::kCancelled, std::string(work) + " was stopped"};
}

}  // namespace ingot::ingest

#endif  // INGOT_DAEMON_INGEST_STOP_H_
