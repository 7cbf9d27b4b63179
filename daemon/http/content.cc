#include "daemon/http/content.h"

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/http/coroutines.h"
#include "daemon/http/ranges.h"
#include "daemon/http/read_ahead.h"

namespace ingot::http {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kBoundary = "ingot-byte-range";

std::string Quoted(const Content& content) {
  return "\"" + content.etag + "\"";
}

bool MatchesTag(std::string_view header, const std::string& quoted) {
  return header == "*" || header.find(quoted) != std::string_view::npos;
}

std::string RangeText(const ByteRange& range, uint64_t size) {
  return "bytes " + std::to_string(range.begin) + "-" +
         std::to_string(range.end - 1) + "/" + std::to_string(size);
}

// What stands before a part of several.
std::string PartHead(const ByteRange& range, const Content& content) {
  return "\r\n--" + std::string(kBoundary) +
         "\r\nContent-Type: " + content.type +
         "\r\nContent-Range: " + RangeText(range, content.source->size()) +
         "\r\n\r\n";
}

std::string PartsEnd() { return "\r\n--" + std::string(kBoundary) + "--\r\n"; }

uint64_t PartsLength(const std::vector<ByteRange>& ranges,
                     const Content& content) {
  uint64_t length = PartsEnd().size();
  for (const ByteRange& range : ranges) {
    length += PartHead(range, content).size() + range.end - range.begin;
  }
  return length;
}

ResponseHead MakeHead(unsigned status, const Content& content,
                      const std::string& type) {
  ResponseHead head = {.status = status, .headers = content.headers};
  head.headers.emplace_back("ETag", Quoted(content));
  head.headers.emplace_back("Accept-Ranges", "bytes");
  head.headers.emplace_back("Content-Type", type);
  return head;
}

awaitable<Status> WriteAll(Exchange& exchange, ReadAhead* pieces) {
  while (true) {
    const Result<ByteSpan> piece = co_await pieces->Next();
    if (!piece.ok()) {
      // The client sees the connection end, and no more.
      exchange.request().notes.cause = piece.error().message;
      co_return piece.error();
    }
    if (piece->empty()) co_return Status();
    INGOT_CO_TRY(co_await exchange.Write(*piece));
  }
}

awaitable<Status> WriteRange(Exchange& exchange, Workers* workers,
                             const Source& source, ByteRange range) {
  if (exchange.request().method == "HEAD") {
    // Counted, and not sent: no byte is read for it.
    co_return exchange.Skip(range.end - range.begin);
  }
  const auto executor = co_await boost::asio::this_coro::executor;
  ReadAhead pieces(executor, workers, &exchange, &source, range);
  Status written;
  std::exception_ptr thrown;
  try {
    written = co_await WriteAll(exchange, &pieces);
  } catch (...) {
    thrown = std::current_exception();
  }
  // The source is read until then, whatever happened.
  co_await pieces.End();
  if (thrown != nullptr) std::rethrow_exception(thrown);
  co_return written;
}

}  // namespace

awaitable<Status> RespondContent(Exchange& exchange, Workers* workers,
                                 Content content) {
  const Request& request = exchange.request();
  const uint64_t size = content.source->size();
  const std::string quoted = Quoted(content);
  const auto none_match = request.Header("If-None-Match");
  if (none_match && MatchesTag(*none_match, quoted)) {
    co_return co_await exchange.Respond(MakeHead(304, content, content.type),
                                        "");
  }
  std::optional<std::vector<ByteRange>> ranges;
  const auto range = request.Header("Range");
  const auto if_range = request.Header("If-Range");
  // Of nothing there is no part: all of it is what can be given.
  if (size > 0 && range && (!if_range || *if_range == quoted)) {
    ranges = ParseRanges(*range, size);
  }
  if (!ranges) {
    ResponseHead head = MakeHead(200, content, content.type);
    // The Hub's JavaScript client learns sizes by asking for one byte, and
    // knows no other way for an empty file.
    if (range && size == 0)
      head.headers.emplace_back("Content-Range", "bytes */0");
    INGOT_CO_TRY(co_await exchange.Start(std::move(head), size));
    INGOT_CO_TRY(co_await WriteRange(exchange, workers, *content.source,
                                     ByteRange{0, size}));
    co_return co_await exchange.Finish();
  }
  if (ranges->empty()) {
    ResponseHead head = MakeHead(416, content, content.type);
    head.headers.emplace_back("Content-Range",
                              "bytes */" + std::to_string(size));
    co_return co_await exchange.Respond(std::move(head), "");
  }
  if (ranges->size() == 1) {
    const ByteRange one = ranges->front();
    ResponseHead head = MakeHead(206, content, content.type);
    head.headers.emplace_back("Content-Range", RangeText(one, size));
    INGOT_CO_TRY(co_await exchange.Start(std::move(head), one.end - one.begin));
    INGOT_CO_TRY(co_await WriteRange(exchange, workers, *content.source, one));
    co_return co_await exchange.Finish();
  }
  INGOT_CO_TRY(co_await exchange.Start(
      MakeHead(206, content,
               "multipart/byteranges; boundary=" + std::string(kBoundary)),
      PartsLength(*ranges, content)));
  for (const ByteRange& one : *ranges) {
    const std::string head = PartHead(one, content);
    INGOT_CO_TRY(co_await exchange.Write(AsBytes(head)));
    INGOT_CO_TRY(co_await WriteRange(exchange, workers, *content.source, one));
  }
  const std::string end = PartsEnd();
  INGOT_CO_TRY(co_await exchange.Write(AsBytes(end)));
  co_return co_await exchange.Finish();
}

}  // namespace ingot::http
