// HttpClient: requests to a server, over connections that are kept (libcurl).
//
// The token goes to the server's own origin (scheme, host and port) and to no
// other, also where an answer redirects: that is followed for GET alone, five
// times at most, and never from https to http. Certificates are checked as
// curl does it. Nothing is logged; messages have no queries, which may hold
// signatures.
//
// A request without progress ends after HttpOptions::timeout. Answers 429 and
// 503 are waited for as Retry-After says, three times; a request that may be
// repeated (GET, or one that says so) is, after its connection broke.
//
// Thread-safety: one thread at a time; what HttpOptions points to may be
// shared.

#ifndef INGOT_TOOLS_HUB_HTTP_CLIENT_H_
#define INGOT_TOOLS_HUB_HTTP_CLIENT_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot {

// Bytes of bodies, of all who share it.
struct HttpTraffic {
  std::atomic<uint64_t> sent = 0;
  std::atomic<uint64_t> received = 0;
};

struct HttpOptions {
  std::string endpoint;  // what CheckEndpoint returned
  std::string token;     // empty: none
  std::chrono::seconds timeout = std::chrono::seconds(60);
  HttpTraffic* traffic = nullptr;                // may be null
  const std::atomic<bool>* cancelled = nullptr;  // may be null
};

struct HttpRequest {
  std::string method = "GET";
  // Of the endpoint ("/api/..."), or a whole URL.
  std::string url;
  std::vector<std::string> headers = {};  // "Name: value"
  bool with_token = true;
  bool may_repeat = false;
  // Answers 429 and 503 are waited for.
  bool wait_if_busy = true;
  // How much longer than others it may go without progress: the server works.
  std::chrono::seconds patience = std::chrono::seconds(0);
  // The body: `text`, which must outlive the request, or all of a Source.
  std::string_view text = {};
  const Source* source = nullptr;
};

struct HttpResponse {
  long status = 0;
  // These headers, where the answer has them.
  std::string etag;
  std::string content_range;
  std::string link;
  std::string retry_after;
  std::string error_code;  // X-Error-Code
  // Of Ask, or of an answer that is an error (its beginning).
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
};

// Takes a body as it comes. A request that is repeated begins anew.
struct HttpConsumer {
  std::function<Status(const HttpResponse& head)> begin;
  std::function<Status(ByteSpan bytes)> write;
};

class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The answer, whatever its status. kCorruption for one whose body is longer
  // than `max_body`; kUnavailable where the server cannot be reached, or went
  // away; kDeadlineExceeded without progress; kCancelled.
  Result<HttpResponse> Ask(const HttpRequest& request, size_t max_body);

  // The same; the body of an answer that is ok() goes to `consumer`, whose
  // errors end the request.
  Result<HttpResponse> Stream(const HttpRequest& request,
                              const HttpConsumer& consumer);

  const HttpOptions& options() const { return options_; }

 private:
  // Goes where answers redirect. *broken: the connection broke.
  Result<HttpResponse> Follow(const HttpRequest& request,
                              const HttpConsumer& consumer, bool* broken);
  Status Wait(std::chrono::milliseconds time) const;

  const HttpOptions options_;
  const std::string origin_;
  void* const curl_;        // a CURL
  bool connected_ = false;  // once, to any server
};

// What an answer that is not ok() says, by the kind that fits its status:
// "<what>: <the server's text> (404)".
Error ErrorOfResponse(std::string_view what, const HttpResponse& response);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_HTTP_CLIENT_H_
