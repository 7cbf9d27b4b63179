// RawClient: a connection on which any bytes can be sent, right or wrong.

#ifndef INGOT_TESTS_DAEMON_HTTP_RAW_CLIENT_H_
#define INGOT_TESTS_DAEMON_HTTP_RAW_CLIENT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::http {

struct RawResponse {
  unsigned status = 0;  // 0: there was none
  std::string head;     // with its empty line
  std::string body;
};

class RawClient {
 public:
  // To 127.0.0.1, from an address of this machine. A test failure where that
  // is impossible.
  explicit RawClient(uint16_t port, const char* from = "127.0.0.1");
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False where the other side has closed.
  bool Send(std::string_view bytes);
  // No more will be sent.
  void EndSending();
  // The next response, whose body ends with its Content-Length or its last
  // chunk, or with the connection; without a body where `is_head`.
  RawResponse Receive(bool is_head = false);
  // What comes next; empty at the end, and after five seconds.
  std::string Some();
  // Ends the connection as if the machine had vanished, and come back.
  void Reset();
  // Whether the other side closes without another byte, within five seconds.
  bool IsClosed();
  int native_handle() const { return socket_; }

 private:
  // False at the end, and after five seconds.
  bool More();

  int socket_;
  std::string received_;
};

// One request on a connection of its own.
RawResponse Ask(uint16_t port, std::string_view request);
// A request without a body, such as "GET /".
std::string Simple(std::string_view line, std::string_view headers = "");

}  // namespace ingot::http

#endif  // INGOT_TESTS_DAEMON_HTTP_RAW_CLIENT_H_
