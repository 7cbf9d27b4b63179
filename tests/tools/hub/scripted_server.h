// ScriptedServer: answers HTTP requests with whatever bytes a test wants, right
// or wrong.

#ifndef INGOT_TESTS_TOOLS_HUB_SCRIPTED_SERVER_H_
#define INGOT_TESTS_TOOLS_HUB_SCRIPTED_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ingot {

// A request as it came.
struct ScriptedRequest {
  std::string line;     // "GET /path HTTP/1.1"
  std::string headers;  // all of them, in lower case
  std::string body;
};

struct ScriptedAnswer {
  std::string bytes;         // the head, too
  std::string endless = {};  // sent behind them, again and again
  bool keep = true;          // the connection, for another request
  bool stall = false;        // neither send more nor close
};

class ScriptedServer {
 public:
  using Handler = std::function<ScriptedAnswer(const ScriptedRequest&)>;

  // On a port of 127.0.0.1. The handler is called on several threads, one call
  // at a time.
  explicit ScriptedServer(Handler handler);
  // Closes all connections.
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
  }
  std::vector<ScriptedRequest> requests() const;

 private:
  void Accept();
  void Serve(int connection);
  ScriptedAnswer Answer(ScriptedRequest request);

  const Handler handler_;
  uint16_t port_ = 0;
  const int socket_;  // listens on the port
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

// An answer with its length.
ScriptedAnswer Respond(int status, std::string_view body,
                       std::string_view headers = "");

// A socket that listens on a port of 127.0.0.1, and the port.
int ListenOnLoopback(uint16_t* port);
bool SendAll(int connection, std::string_view bytes);

}  // namespace ingot

#endif  // INGOT_TESTS_TOOLS_HUB_SCRIPTED_SERVER_H_
