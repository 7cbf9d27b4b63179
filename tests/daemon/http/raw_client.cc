#include "tests/daemon/http/raw_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ingot::http {
namespace {

constexpr int kTimeoutMilliseconds = 5'000;

// The value of a header; empty where there is none.
std::string HeaderOf(const std::string& head, const std::string& name) {
  const size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

RawClient::RawClient(uint16_t port, const char* from)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  // The port is chosen when it is known whereto.
  const int late = 1;
  setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof(late));
  EXPECT_EQ(inet_pton(AF_INET, from, &address.sin_addr), 1);
  EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)),
            0);
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)),
            0);
}

RawClient::~RawClient() { close(socket_); }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void RawClient::EndSending() { shutdown(socket_, SHUT_WR); }

bool RawClient::More() {
  pollfd ready = {.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, kTimeoutMilliseconds) != 1) return false;
  std::array<char, 65536> bytes;
  const ssize_t n = recv(socket_, bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  received_.append(bytes.data(), static_cast<size_t>(n));
  return true;
}

RawResponse RawClient::Receive(bool is_head) {
  RawResponse response;
  size_t end;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!More()) return response;
  }
  response.head = received_.substr(0, end + 4);
  received_.erase(0, end + 4);
  response.status =
      static_cast<unsigned>(std::stoul(response.head.substr(9, 3)));
  if (is_head || response.status == 100) return response;
  const std::string length = HeaderOf(response.head, "Content-Length");
  if (!length.empty()) {
    const size_t size = std::stoul(length);
    while (received_.size() < size && More()) {
    }
    response.body = received_.substr(0, size);
    received_.erase(0, response.body.size());
  } else if (HeaderOf(response.head, "Transfer-Encoding") == "chunked") {
    while (true) {
      size_t line;
      while ((line = received_.find("\r\n")) == std::string::npos) {
        if (!More()) return response;
      }
      const size_t size = std::stoul(received_.substr(0, line), nullptr, 16);
      while (received_.size() < line + 2 + size + 2) {
        if (!More()) return response;
      }
      response.body += received_.substr(line + 2, size);
      received_.erase(0, line + 2 + size + 2);
      if (size == 0) break;
    }
  } else {
    while (More()) {
    }
    response.body = std::move(received_);
    received_.clear();
  }
  return response;
}

std::string RawClient::Some() {
  if (received_.empty()) More();
  return std::exchange(received_, {});
}

void RawClient::Reset() {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(std::exchange(socket_, -1));
}

bool RawClient::IsClosed() {
  if (!received_.empty()) return false;
  pollfd ready = {.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, kTimeoutMilliseconds) != 1) return false;
  char byte;
  return recv(socket_, &byte, 1, 0) <= 0;
}

RawResponse Ask(uint16_t port, std::string_view request) {
  RawClient client(port);
  client.Send(request);
  return client.Receive(request.starts_with("HEAD"));
}

std::string Simple(std::string_view line, std::string_view headers) {
  return std::string(line) + " HTTP/1.1\r\nHost: localhost\r\n" +
         std::string(headers) + "\r\n";
}

}  // namespace ingot::http
