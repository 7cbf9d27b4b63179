// TcpProxy: stands between a client and a server, and holds up, cuts or looks
// at what they say, so that a test can act in the middle of it.

#ifndef INGOT_TESTS_TOOLS_HUB_TCP_PROXY_H_
#define INGOT_TESTS_TOOLS_HUB_TCP_PROXY_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ingot {

struct TcpProxyOptions {
  // Bytes of the server that are let through; no more come then.
  uint64_t limit = UINT64_MAX;
  // Called once, when that is so; connections end when it has returned.
  std::function<void()> at_limit = nullptr;
  // Called with what a client sends, before the server gets it.
  std::function<void(std::string_view)> look = nullptr;
};

class TcpProxy {
 public:
  TcpProxy(uint16_t server, TcpProxyOptions options);
  // Closes all connections.
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
  }

 private:
  void Accept();
  void Forward(int client);
  // False where the connection is to end.
  bool Pass(int from, int to, bool from_server);

  const uint16_t server_;
  const TcpProxyOptions options_;
  uint16_t port_ = 0;
  const int socket_;  // listens on the port
  std::atomic<bool> stopping_ = false;
  std::mutex at_limit_;  // is being called
  std::mutex mutex_;
  uint64_t passed_ = 0;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace ingot

#endif  // INGOT_TESTS_TOOLS_HUB_TCP_PROXY_H_
