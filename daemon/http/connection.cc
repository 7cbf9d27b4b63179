#include "daemon/http/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string_view>

namespace ingot::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kLinger{2};

// Whether a handshake failed since the client speaks HTTP.
bool IsHttp(const error_code& code) {
  return code.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(code.value())) ==
             SSL_R_HTTP_REQUEST;
}

}  // namespace

Connection::Connection(Socket socket, std::shared_ptr<Tls::Context> tls)
    : plain_(std::move(socket)) {
  // OpenSSL keeps of the context what it needs.
  if (tls) {
    tls_ = std::make_unique<asio::ssl::stream<Plain&>>(plain_, *tls);
  }
  // So that writing may be tried first.
  error_code ignored;
  plain_.socket().non_blocking(true, ignored);
}

size_t Connection::WriteNow(ByteSpan bytes, error_code* code) {
  if (tls_) {
    *code = asio::error::would_block;
    return 0;
  }
  return plain_.socket().send(asio::buffer(bytes.data(), bytes.size()), 0,
                              *code);
}

awaitable<bool> Connection::Begin() {
  if (!tls_) co_return true;
  const auto [code] =
      co_await tls_->async_handshake(asio::ssl::stream_base::server, kToken);
  if (!code) co_return true;
  if (IsHttp(code)) {
    static constexpr std::string_view kEncrypt =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
        "Content-Length: 33\r\nConnection: close\r\n\r\n"
        "{\"error\":\"expected https://...\"}\n";
    co_await asio::async_write(plain_, asio::buffer(kEncrypt), kToken);
  }
  co_return false;
}

awaitable<void> Connection::End(bool is_whole) {
  plain_.expires_after(kLinger);
  // An error may have ended it already.
  if (tls_ && is_whole) co_await tls_->async_shutdown(kToken);
  error_code ignored;
  plain_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  std::array<char, 2048> bytes;
  while (plain_.socket().is_open()) {
    const auto [code, size] =
        co_await plain_.async_read_some(asio::buffer(bytes), kToken);
    if (code) break;
  }
  plain_.close();
}

}  // namespace ingot::http
