// Connection: the stream of bytes between a client and a session, encrypted or
// not. The session reads and writes it with Asio and Beast, and does not know
// which it is.
//
// Thread-safety: on the socket's executor.

#ifndef INGOT_DAEMON_HTTP_CONNECTION_H_
#define INGOT_DAEMON_HTTP_CONNECTION_H_

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "codec/bytes.h"
#include "daemon/http/tls.h"

namespace ingot::http {

class Connection {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Plain =
      boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
  using executor_type = Plain::executor_type;

  // `tls`: of the server; nullptr: not encrypted.
  Connection(Socket socket, std::shared_ptr<Tls::Context> tls);

  executor_type get_executor() { return plain_.get_executor(); }
  bool is_encrypted() const { return tls_ != nullptr; }

  // When what is waited for from now on fails, and the connection is closed.
  void expires_after(std::chrono::nanoseconds time) {
    plain_.expires_after(time);
  }
  void expires_at(std::chrono::steady_clock::time_point time) {
    plain_.expires_at(time);
  }
  // Ends what is waited for, too.
  void Close() { plain_.close(); }

  // Begins encryption, where there is to be some. False: there will be none,
  // and the client has been told.
  boost::asio::awaitable<bool> Begin();
  // Lets the client read what was sent, and closes. `is_whole`: whether it may
  // take what it got for all that there was, which encryption tells it.
  boost::asio::awaitable<void> End(bool is_whole);

  // Sends what the socket takes at once. Where that is nothing, or where the
  // connection is encrypted, would_block.
  size_t WriteNow(ByteSpan bytes, boost::system::error_code* code);

  // As of an AsyncReadStream and an AsyncWriteStream.
  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code,
                                                   std::size_t)>(
        [this](auto handler, const Buffers& into) {
          if (tls_) {
            tls_->async_read_some(into, std::move(handler));
          } else {
            plain_.async_read_some(into, std::move(handler));
          }
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code,
                                                   std::size_t)>(
        [this](auto handler, const Buffers& from) {
          if (tls_) {
            tls_->async_write_some(from, std::move(handler));
          } else {
            plain_.async_write_some(from, std::move(handler));
          }
        },
        token, buffers);
  }

 private:
  Plain plain_;
  std::unique_ptr<boost::asio::ssl::stream<Plain&>> tls_;
};

}  // namespace ingot::http

#endif  // INGOT_DAEMON_HTTP_CONNECTION_H_
