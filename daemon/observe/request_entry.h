// RequestEntry: what the log and the metrics are told about a request.
//
// Thread-safety: a value, whose texts are the caller's.

#ifndef INGOT_DAEMON_OBSERVE_REQUEST_ENTRY_H_
#define INGOT_DAEMON_OBSERVE_REQUEST_ENTRY_H_

#include <cstdint>
#include <string_view>

namespace ingot::observe {

struct RequestEntry {
  std::string_view id = {};
  std::string_view peer = {};    // an address, without its port
  std::string_view method = {};  // as it came; empty where none could be read
  std::string_view route = {};   // the pattern; empty where none fits
  std::string_view path = {};    // decoded, and without the query
  uint64_t token = 0;            // its number; 0: anonymous, or nobody asked
  unsigned status = 0;           // 0: no response was begun
  bool complete = false;         // whether all of the response was sent
  uint64_t received = 0;         // bytes of the request's body
  uint64_t sent = 0;             // bytes of the response's body
  double seconds = 0;            // from the head's last byte to the response's
  std::string_view cause = {};   // of an internal error
};

}  // namespace ingot::observe

#endif  // INGOT_DAEMON_OBSERVE_REQUEST_ENTRY_H_
