#include "daemon/http/content.h"

#include <sys/mman.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/http/coroutines.h"
#include "daemon/http/ranges.h"

namespace ingot::http {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kBoundary = "ingot-byte-range";

// Memory for a part of a body. Larger ones are the system's own again once they
// are given back: of what malloc keeps between threads, a thousand clients that
// read slowly would have twice as much.
class Piece {
 public:
  Piece() = default;
  ~Piece() { Free(); }
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  // The contents become unspecified.
  Status Resize(size_t size) {
    if (size > capacity_ || size < capacity_ / 4 * 3) {
      Free();
      void* const got = size < kMapped
                            ? std::malloc(size)
                            : mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (got == nullptr || got == MAP_FAILED) {
        return Error{ErrorKind::kResourceExhausted, "no memory"};
      }
      data_ = static_cast<std::byte*>(got);
      capacity_ = size;
    }
    size_ = size;
    return {};
  }
  MutableByteSpan span() const { return {data_, size_}; }
  void Swap(Piece& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  static constexpr size_t kMapped = size_t{32} << 10;

  void Free() {
    if (capacity_ < kMapped) {
      std::free(data_);
    } else {
      munmap(data_, capacity_);
    }
    data_ = nullptr;
    size_ = 0;
    capacity_ = 0;
  }

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

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

awaitable<Status> WriteRange(Exchange& exchange, Workers* workers,
                             const Source& source, ByteRange range) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (exchange.request().method == "HEAD") {
    // Counted, and not sent: no byte is read for it.
    co_return exchange.Skip(range.end - range.begin);
  }
  Piece sent;
  Piece next;
  // Both are this coroutine's, which waits for what it has begun.
  const auto read = [&exchange, &source, &range, &next] {
    const size_t size =
        std::min<uint64_t>(exchange.piece_bytes(), range.end - range.begin);
    Status got = next.Resize(size);
    if (got.ok()) got = source.ReadAt(range.begin, next.span());
    // The client sees the connection end, and no more.
    if (!got.ok()) exchange.request().notes.cause = got.error().message;
    return got;
  };
  if (range.begin < range.end) INGOT_CO_TRY(co_await workers->Run(read));
  while (range.begin < range.end) {
    sent.Swap(next);
    range.begin += sent.span().size();
    if (range.begin == range.end) break;
    auto [written, got] =
        co_await (exchange.Write(sent.span()) && workers->Run(read));
    INGOT_CO_TRY(std::move(written));
    INGOT_CO_TRY(std::move(got));
  }
  co_return co_await exchange.Write(sent.span());
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
