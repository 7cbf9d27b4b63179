#include "tests/tools/hub/scripted_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace ingot {

int ListenOnLoopback(uint16_t* port) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_GE(listening, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(
      bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
      0);
  EXPECT_EQ(listen(listening, 64), 0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(
      getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
  *port = ntohs(address.sin_port);
  return listening;
}

bool SendAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

ScriptedServer::ScriptedServer(Handler handler)
    : handler_(std::move(handler)), socket_(ListenOnLoopback(&port_)) {
  accepting_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  shutdown(socket_, SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int connection : connections_) shutdown(connection, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int connection : connections_) close(connection);
  close(socket_);
}

std::vector<ScriptedRequest> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::Accept() {
  while (!stopping_) {
    const int connection = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const std::lock_guard lock(mutex_);
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { Serve(connection); });
  }
}

ScriptedAnswer ScriptedServer::Answer(ScriptedRequest request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  return handler_(request);
}

void ScriptedServer::Serve(int connection) {
  std::string received;
  std::array<char, 65536> buffer;
  const auto more = [&] {
    const ssize_t got = recv(connection, buffer.data(), buffer.size(), 0);
    if (got > 0) received.append(buffer.data(), static_cast<size_t>(got));
    return got > 0;
  };
  while (true) {
    size_t end;
    while ((end = received.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return;
    }
    ScriptedRequest request;
    const size_t line = received.find("\r\n");
    request.line = received.substr(0, line);
    request.headers = received.substr(line, end - line + 2);
    std::ranges::transform(request.headers, request.headers.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    received.erase(0, end + 4);
    constexpr std::string_view kLength = "\r\ncontent-length: ";
    const size_t at = request.headers.find(kLength);
    const size_t length =
        at == std::string::npos
            ? 0
            : std::stoul(request.headers.substr(at + kLength.size()));
    if (request.headers.find("100-continue") != std::string::npos) {
      SendAll(connection, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    while (received.size() < length) {
      if (!more()) return;
    }
    request.body = received.substr(0, length);
    received.erase(0, length);
    const ScriptedAnswer answer = Answer(std::move(request));
    if (!SendAll(connection, answer.bytes)) return;
    while (!answer.endless.empty()) {
      if (!SendAll(connection, answer.endless)) return;
    }
    if (answer.stall) continue;  // until the client gives up
    if (!answer.keep) {
      shutdown(connection, SHUT_RDWR);
      return;
    }
  }
}

ScriptedAnswer Respond(int status, std::string_view body,
                       std::string_view headers) {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) +
                   " Status\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n" + std::string(headers) + "\r\n" + std::string(body)};
}

}  // namespace ingot
