#include "daemon/http/session.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <ctime>
#include <utility>
#include <vector>

#include "daemon/http/connection.h"
#include "daemon/http/coroutines.h"
#include "daemon/http/request_id.h"

namespace ingot::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::awaitable;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr size_t kHeaderBytes = 16 << 10;
constexpr size_t kTargetBytes = 8 << 10;
constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kLeastPieceBytes = 16 << 10;
constexpr size_t kMostPieceBytes = 1 << 20;
constexpr size_t kIdleBytes = 2 << 10;

Error IoError(const error_code& code) {
  return {ErrorKind::kIo, "connection: " + code.message()};
}

// IMF-fixdate (RFC 9110, 5.6.7).
std::string Date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  std::array<char, 64> text;
  const size_t size = std::strftime(text.data(), text.size(),
                                    "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

class StreamSession final : public Session,
                            public Exchange,
                            public std::enable_shared_from_this<StreamSession> {
 public:
  StreamSession(Connection::Socket socket,
                std::optional<asio::ip::address> peer, SessionContext* context)
      : context_(context),
        // Who comes by the socket is on this machine.
        stream_(std::move(socket), peer && context->options.tls
                                       ? context->options.tls->context()
                                       : nullptr),
        peer_(std::move(peer)) {}

  awaitable<void> Run() override;
  void Cancel(bool only_idle) override;

  const Request& request() const override { return request_; }
  bool draining() const override { return context_->draining; }
  size_t piece_bytes() const override;
  awaitable<Result<ByteSpan>> ReadBody(uint64_t limit) override;
  awaitable<Status> Respond(ResponseHead head, std::string body) override;
  awaitable<Status> Start(ResponseHead head,
                          std::optional<uint64_t> length) override;
  awaitable<Status> Write(ByteSpan bytes) override;
  Status Skip(uint64_t length) override;
  awaitable<Status> Finish() override;

 private:
  using Parser = bhttp::request_parser<bhttp::buffer_body>;
  using Response = bhttp::response<bhttp::buffer_body>;
  using Serializer = bhttp::response_serializer<bhttp::buffer_body>;

  const ServerOptions& options() const { return context_->options; }
  bool is_head() const { return parser_->get().method() == bhttp::verb::head; }

  // Waits for a request and reads its head. False: the connection ends.
  awaitable<bool> ReadHead();
  // Forgets the exchange before, once the head of the next one has come.
  void Begin();
  // Tells how the exchange went.
  void End();
  // What is wrong with a head that could be parsed; 0: nothing.
  unsigned CheckHead(std::string* why);
  // Answers the request in request_. False: the connection ends.
  awaitable<bool> Answer();
  // Sends a response that is no handler's.
  awaitable<void> Refuse(unsigned status, std::string why);
  // What the serializer has now.
  awaitable<Status> Send();

  SessionContext* const context_;
  Connection stream_;
  const std::optional<asio::ip::address> peer_;
  beast::flat_buffer buffer_{kHeaderBytes + kPieceBytes};
  std::atomic<bool> idle_ = false;

  // Of the current exchange.
  bool is_asked_ = false;  // whether there is one
  std::optional<Parser> parser_;
  Request request_;
  std::vector<std::byte> piece_;  // of the body
  Clock::time_point began_;       // when the head had been read
  uint64_t received_ = 0;         // bytes of the body
  uint64_t sent_ = 0;             // the same of the response
  bool continued_ = false;
  std::optional<Response> response_;
  std::optional<Serializer> serializer_;
  std::optional<uint64_t> left_;  // of a response of known length
  bool finished_ = false;
  bool keep_ = false;
};

awaitable<void> StreamSession::Run() {
  const auto self = shared_from_this();
  idle_ = true;
  stream_.expires_after(options().header_timeout);
  bool goes_on = false;
  // Who drains has looked for idle ones before this one was.
  if (!context_->draining) {
    goes_on = co_await stream_.Begin();
    if (!goes_on) ++options().load->failed_handshakes;
  }
  while (goes_on) {
    goes_on = co_await ReadHead();
    if (goes_on) goes_on = co_await Answer();
    End();
  }
  co_await stream_.End(/*is_whole=*/!response_ || finished_);
}

void StreamSession::Begin() {
  is_asked_ = true;
  ++options().load->requests;
  request_ = {};
  request_.id = MakeRequestId();
  request_.is_local = !peer_;
  request_.is_encrypted = stream_.is_encrypted();
  request_.public_url = options().public_url;
  if (peer_) request_.peer = *peer_;
  began_ = Clock::now();
  received_ = 0;
  sent_ = 0;
  continued_ = false;
  response_.reset();
  serializer_.reset();
  left_.reset();
  finished_ = false;
  keep_ = false;
}

void StreamSession::End() {
  if (!is_asked_) return;
  is_asked_ = false;
  --options().load->requests;
  if (!options().report) return;
  options().report({.request = &request_,
                    .status = response_ ? response_->result_int() : 0,
                    .complete = finished_,
                    .received = received_,
                    .sent = sent_,
                    .time = Clock::now() - began_});
}

size_t StreamSession::piece_bytes() const {
  // Each holds two.
  const size_t share = options().buffer_memory / 2 /
                       std::max<size_t>(options().load->requests, 1);
  return std::clamp(share, kLeastPieceBytes, kMostPieceBytes);
}

void StreamSession::Cancel(bool only_idle) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), only_idle] {
    if (only_idle && !self->idle_) return;
    self->stream_.Close();
  });
}

awaitable<bool> StreamSession::ReadHead() {
  idle_ = true;
  if (context_->draining) co_return false;
  if (buffer_.size() == 0) {
    // Connections that wait take little memory.
    buffer_.shrink_to_fit();
    std::vector<std::byte>().swap(piece_);
    stream_.expires_after(options().idle_timeout);
    const auto [code, size] =
        co_await stream_.async_read_some(buffer_.prepare(kIdleBytes), kToken);
    if (code) co_return false;
    buffer_.commit(size);
  }
  idle_ = false;
  parser_.emplace();
  parser_->header_limit(kHeaderBytes);
  parser_->body_limit(boost::none);
  stream_.expires_after(options().header_timeout);
  const auto [code, size] =
      co_await bhttp::async_read_header(stream_, buffer_, *parser_, kToken);
  if (code == bhttp::error::header_limit ||
      code == bhttp::error::buffer_overflow) {
    Begin();
    co_await Refuse(
        431, "headers of more than " + std::to_string(kHeaderBytes) + " bytes");
    co_return false;
  }
  if (code) {
    const bool is_http =
        code.category() ==
        bhttp::make_error_code(bhttp::error::bad_method).category();
    if (is_http && code != bhttp::error::end_of_stream &&
        code != bhttp::error::partial_message) {
      Begin();
      co_await Refuse(400, "not a request: " + code.message());
    }
    co_return false;
  }
  Begin();
  std::string why;
  const unsigned status = CheckHead(&why);
  if (status != 0) {
    co_await Refuse(status, std::move(why));
    co_return false;
  }
  co_return true;
}

unsigned StreamSession::CheckHead(std::string* why) {
  const auto& head = parser_->get();
  request_.method = head.method_string();
  for (const auto& field : head) {
    request_.headers.emplace_back(field.name_string(), field.value());
  }
  const auto id = request_.Header(kRequestId);
  if (id && IsRequestId(*id)) request_.id = *id;
  const auto count = [&](bhttp::field field) {
    return std::distance(head.equal_range(field).first,
                         head.equal_range(field).second);
  };
  const auto lengths = count(bhttp::field::content_length);
  const auto encodings = count(bhttp::field::transfer_encoding);
  if (lengths + encodings > 1 || head[bhttp::field::content_length].find(',') !=
                                     beast::string_view::npos) {
    *why = "Content-Length or Transfer-Encoding more than once";
    return 400;
  }
  // "gzip, chunked" is in chunks, too, and not what it would be taken for.
  const bool is_chunked =
      beast::iequals(head[bhttp::field::transfer_encoding], "chunked");
  if (encodings == 1 && (!is_chunked || head.version() < 11)) {
    *why = "Transfer-Encoding: expected 'chunked', and HTTP/1.1";
    return 501;
  }
  const auto hosts = count(bhttp::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() >= 11) ||
      !IsHost(head[bhttp::field::host])) {
    *why = "expected one Host, a name or an address";
    return 400;
  }
  if (head.target().size() > kTargetBytes) {
    *why = "target of more than " + std::to_string(kTargetBytes) + " bytes";
    return 414;
  }
  Result<Target> target = ParseTarget(head.target());
  if (!target.ok()) {
    *why = target.error().message;
    return 400;
  }
  request_.target = std::move(*target);
  return 0;
}

awaitable<bool> StreamSession::Answer() {
  bool failed = false;
  try {
    co_await context_->handler(*this);
  } catch (const std::exception& error) {
    failed = true;
    request_.notes.cause = error.what();
  }
  if (!response_) {
    if (!failed) request_.notes.cause = "the handler did not respond";
    co_await Refuse(500, "internal error");
    co_return false;
  }
  co_return !failed && finished_ && keep_;
}

awaitable<void> StreamSession::Refuse(unsigned status, std::string why) {
  co_await RespondError(*this, status, std::move(why));
  keep_ = false;
}

awaitable<Result<ByteSpan>> StreamSession::ReadBody(uint64_t limit) {
  const auto too_long = [&] {
    return Error{ErrorKind::kResourceExhausted,
                 "body of more than " + std::to_string(limit) + " bytes"};
  };
  const auto length = parser_->content_length();
  if (length && *length > limit) co_return too_long();
  if (parser_->is_done()) co_return ByteSpan();
  if (!continued_ &&
      beast::iequals(parser_->get()[bhttp::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue =
        "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.expires_after(options().io_timeout);
    const auto [code, size] =
        co_await asio::async_write(stream_, asio::buffer(kContinue), kToken);
    if (code) co_return IoError(code);
  }
  continued_ = true;
  piece_.resize(kPieceBytes);
  while (!parser_->is_done()) {
    auto& body = parser_->get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    const auto slowest =
        began_ + options().io_timeout +
        std::chrono::seconds(received_ / options().min_body_rate);
    stream_.expires_at(std::min(Clock::now() + options().io_timeout, slowest));
    auto [code, size] =
        co_await bhttp::async_read_some(stream_, buffer_, *parser_, kToken);
    if (code == bhttp::error::need_buffer) code = {};
    if (code) co_return IoError(code);
    const size_t got = piece_.size() - body.size;
    received_ += got;
    if (received_ > limit) co_return too_long();
    if (got > 0) co_return ByteSpan(piece_).first(got);
  }
  co_return ByteSpan();
}

awaitable<Status> StreamSession::Respond(ResponseHead head, std::string body) {
  INGOT_CO_TRY(co_await Start(std::move(head), body.size()));
  INGOT_CO_TRY(co_await Write(AsBytes(body)));
  co_return co_await Finish();
}

awaitable<Status> StreamSession::Start(ResponseHead head,
                                       std::optional<uint64_t> length) {
  if (response_) {
    co_return Error{ErrorKind::kConflict, "a response was begun already"};
  }
  const unsigned version = std::min(11u, parser_->get().version());
  response_.emplace(bhttp::int_to_status(head.status),
                    version == 0 ? 11 : version);
  response_->set(bhttp::field::server, "ingotd");
  response_->set(bhttp::field::date, Date());
  response_->set(kRequestId, request_.id);
  for (const auto& [name, value] : head.headers) response_->insert(name, value);
  // What was not read of the request would be taken for the next one.
  keep_ = parser_->is_done() && parser_->keep_alive() && !context_->draining;
  if (head.status == 204 || head.status == 304) {
    // Have no body, nor say how long it would be.
  } else if (length) {
    response_->content_length(*length);
  } else if (version >= 11) {
    response_->chunked(true);
  } else {
    keep_ = false;
  }
  response_->keep_alive(keep_);
  left_ = length;
  response_->body().data = nullptr;
  response_->body().size = 0;
  response_->body().more = true;
  serializer_.emplace(*response_);
  serializer_->split(true);
  stream_.expires_after(options().io_timeout);
  const auto [code, size] =
      co_await bhttp::async_write_header(stream_, *serializer_, kToken);
  if (code) co_return IoError(code);
  co_return Status();
}

Status StreamSession::Skip(uint64_t length) {
  if (!left_) return {};
  if (length > *left_) {
    return Error{ErrorKind::kConflict,
                 "a response longer than it was said to be"};
  }
  *left_ -= length;
  return {};
}

awaitable<Status> StreamSession::Write(ByteSpan bytes) {
  INGOT_CO_TRY(Skip(bytes.size()));
  if (is_head()) co_return Status();
  while (response_->chunked() && !bytes.empty()) {
    const ByteSpan piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    bytes = bytes.subspan(piece.size());
    auto& body = response_->body();
    // The body's type serves parsers too; nothing is written through it.
    body.data = const_cast<std::byte*>(piece.data());
    body.size = piece.size();
    body.more = true;
    INGOT_CO_TRY(co_await Send());
    sent_ += piece.size();
  }
  // What needs no frame goes with as few calls as the socket allows.
  while (!bytes.empty()) {
    error_code code;
    size_t size = stream_.WriteNow(bytes, &code);
    if (code == asio::error::would_block) {
      stream_.expires_after(options().io_timeout);
      std::tie(code, size) = co_await stream_.async_write_some(
          asio::buffer(bytes.data(), bytes.size()), kToken);
    }
    if (code) co_return IoError(code);
    sent_ += size;
    bytes = bytes.subspan(size);
  }
  co_return Status();
}

awaitable<Status> StreamSession::Finish() {
  if (left_.value_or(0) > 0) {
    co_return Error{ErrorKind::kConflict,
                    "a response shorter than it was said to be"};
  }
  if (!is_head() && response_->chunked()) {
    response_->body().data = nullptr;
    response_->body().size = 0;
    response_->body().more = false;
    INGOT_CO_TRY(co_await Send());
  }
  finished_ = true;
  co_return Status();
}

awaitable<Status> StreamSession::Send() {
  stream_.expires_after(options().io_timeout);
  const auto [code, size] =
      co_await bhttp::async_write(stream_, *serializer_, kToken);
  if (code && code != bhttp::error::need_buffer) co_return IoError(code);
  co_return Status();
}

}  // namespace

std::shared_ptr<Session> MakeSession(Connection::Socket socket,
                                     std::optional<asio::ip::address> peer,
                                     SessionContext* context) {
  return std::make_shared<StreamSession>(std::move(socket), std::move(peer),
                                         context);
}

}  // namespace ingot::http
