#include "tools/hub/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "tools/hub/json_fields.h"
#include "tools/hub/url.h"

namespace ingot {
namespace {

constexpr int kMaxRedirects = 5;
constexpr int kMaxWaits = 3;
constexpr int kMaxRepeats = 2;
constexpr size_t kMaxErrorBody = size_t{64} << 10;
// Slower than this for as long as the timeout is no progress.
constexpr long kLeastBytesPerSecond = 1024;
constexpr long kCurlBuffer = 512 << 10;

// Holds back the SIGPIPE that TLS may cause on this thread while a connection
// breaks: it would end the process, as that of a closed stdout is to.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec now = {};
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &now) >= 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
};

// A header's value without the space around it.
std::string_view HeaderValue(std::string_view line) {
  line.remove_prefix(std::min(line.find(':') + 1, line.size()));
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = std::min(line.find_first_not_of(kSpace), line.size());
  line.remove_prefix(begin);
  return line.substr(0, line.find_last_not_of(kSpace) + 1);
}

// Whether a header's line has that name, which is in lower case.
bool HasHeaderName(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b | 0x20) : b);
         });
}

// One request to one address and its answer, whose callbacks curl calls.
class HttpAttempt {
 public:
  HttpAttempt(CURL* curl, const HttpOptions& options,
              const HttpRequest& request, const HttpConsumer& consumer)
      : curl_(curl),
        options_(options),
        request_(request),
        consumer_(consumer) {}
  ~HttpAttempt() { curl_slist_free_all(headers_); }
  HttpAttempt(const HttpAttempt&) = delete;
  HttpAttempt& operator=(const HttpAttempt&) = delete;

  Result<HttpResponse> Run(const std::string& url, bool with_token);

  // Where the answer sends the client; empty: nowhere.
  const std::string& redirect() const { return redirect_; }
  // Whether nothing but the connection failed.
  bool broken() const { return broken_; }

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    if (curl_easy_setopt(curl_, option, value) == CURLE_OUT_OF_MEMORY) {
      throw std::bad_alloc();
    }
  }
  void AddHeader(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    headers_ = longer;
  }
  void SetUp(const std::string& url, bool with_token);
  void SetBody();
  Error ErrorOf(const std::string& url, CURLcode code) const;

  static HttpAttempt* Self(void* self) {
    return static_cast<HttpAttempt*>(self);
  }
  static size_t OnHeader(char* bytes, size_t one, size_t size, void* self) {
    Self(self)->TakeHeader({bytes, one * size});
    return one * size;
  }
  static size_t OnBody(char* bytes, size_t one, size_t size, void* self) {
    const std::string_view piece(bytes, one * size);
    // Anything else ends the transfer.
    return Self(self)->TakeBody(piece) ? piece.size() : 0;
  }
  static size_t OnRead(char* bytes, size_t one, size_t size, void* self) {
    return Self(self)->GiveBody(
        std::as_writable_bytes(std::span(bytes, one * size)));
  }
  static int OnSeek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    Self(self)->sent_ = static_cast<uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t,
                        curl_off_t) {
    const std::atomic<bool>* const cancelled = Self(self)->options_.cancelled;
    return cancelled != nullptr && *cancelled ? 1 : 0;
  }

  void TakeHeader(std::string_view line);
  bool TakeBody(std::string_view piece);
  size_t GiveBody(MutableByteSpan out);

  CURL* const curl_;
  const HttpOptions& options_;
  const HttpRequest& request_;
  const HttpConsumer& consumer_;
  curl_slist* headers_ = nullptr;
  char message_[CURL_ERROR_SIZE] = {};
  HttpResponse response_;
  bool begun_ = false;  // the body
  uint64_t sent_ = 0;
  std::optional<Error> failure_;  // of the caller's source or consumer
  std::string redirect_;
  bool broken_ = false;
};

void HttpAttempt::TakeHeader(std::string_view line) {
  // The head of a further answer, after "100 Continue".
  if (line.starts_with("HTTP/")) response_ = HttpResponse();
  const std::pair<std::string_view, std::string*> known[] = {
      {"etag", &response_.etag},
      {"content-range", &response_.content_range},
      {"link", &response_.link},
      {"retry-after", &response_.retry_after},
      {"x-error-code", &response_.error_code}};
  for (const auto& [name, value] : known) {
    if (HasHeaderName(line, name)) *value = HeaderValue(line);
  }
}

bool HttpAttempt::TakeBody(std::string_view piece) {
  if (options_.traffic != nullptr) options_.traffic->received += piece.size();
  if (!begun_) {
    begun_ = true;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &response_.status);
    if (response_.ok()) {
      if (Status status = consumer_.begin(response_); !status.ok()) {
        failure_ = std::move(status).error();
        return false;
      }
    }
  }
  if (!response_.ok()) {
    response_.body.append(
        piece.substr(0, kMaxErrorBody - response_.body.size()));
    return response_.body.size() < kMaxErrorBody;
  }
  if (Status status = consumer_.write(AsBytes(piece)); !status.ok()) {
    failure_ = std::move(status).error();
    return false;
  }
  return true;
}

size_t HttpAttempt::GiveBody(MutableByteSpan out) {
  const uint64_t size = request_.source->size();
  out = out.first(std::min<uint64_t>(out.size(), size - std::min(size, sent_)));
  if (Status status = request_.source->ReadAt(sent_, out); !status.ok()) {
    failure_ = std::move(status).error();
    return CURL_READFUNC_ABORT;
  }
  sent_ += out.size();
  if (options_.traffic != nullptr) options_.traffic->sent += out.size();
  return out.size();
}

void HttpAttempt::SetUp(const std::string& url, bool with_token) {
  curl_easy_reset(curl_);  // keeps connections
  const auto timeout =
      static_cast<long>((options_.timeout + request_.patience).count());
  Set(CURLOPT_URL, url.c_str());
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_CONNECTTIMEOUT, std::min(30L, timeout));
  Set(CURLOPT_LOW_SPEED_LIMIT, kLeastBytesPerSecond);
  Set(CURLOPT_LOW_SPEED_TIME, timeout);
  Set(CURLOPT_ERRORBUFFER, message_);
  Set(CURLOPT_USERAGENT, "ingot/" INGOT_VERSION);
  Set(CURLOPT_BUFFERSIZE, kCurlBuffer);
  Set(CURLOPT_UPLOAD_BUFFERSIZE, kCurlBuffer);
  Set(CURLOPT_HEADERFUNCTION, &HttpAttempt::OnHeader);
  Set(CURLOPT_HEADERDATA, this);
  Set(CURLOPT_WRITEFUNCTION, &HttpAttempt::OnBody);
  Set(CURLOPT_WRITEDATA, this);
  Set(CURLOPT_NOPROGRESS, 0L);
  Set(CURLOPT_XFERINFOFUNCTION, &HttpAttempt::OnProgress);
  Set(CURLOPT_XFERINFODATA, this);
  SetBody();
  for (const std::string& header : request_.headers) AddHeader(header);
  if (with_token) AddHeader("Authorization: Bearer " + options_.token);
  Set(CURLOPT_HTTPHEADER, headers_);
}

void HttpAttempt::SetBody() {
  if (request_.source != nullptr) {
    Set(CURLOPT_UPLOAD, 1L);
    Set(CURLOPT_INFILESIZE_LARGE,
        static_cast<curl_off_t>(request_.source->size()));
    Set(CURLOPT_READFUNCTION, &HttpAttempt::OnRead);
    Set(CURLOPT_READDATA, this);
    Set(CURLOPT_SEEKFUNCTION, &HttpAttempt::OnSeek);
    Set(CURLOPT_SEEKDATA, this);
  } else if (request_.method != "GET") {
    Set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(request_.text.size()));
    // Without one curl would read stdin.
    Set(CURLOPT_POSTFIELDS, request_.text.empty() ? "" : request_.text.data());
    if (options_.traffic != nullptr) {
      options_.traffic->sent += request_.text.size();
    }
  }
  Set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

Error HttpAttempt::ErrorOf(const std::string& url, CURLcode code) const {
  const std::string where = OriginOfUrl(url) + ": ";
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return {ErrorKind::kCancelled, where + "cancelled"};
    case CURLE_OPERATION_TIMEDOUT:
      return {
          ErrorKind::kDeadlineExceeded,
          where + "no progress for " +
              std::to_string((options_.timeout + request_.patience).count()) +
              " s"};
    case CURLE_OUT_OF_MEMORY:
      return {ErrorKind::kResourceExhausted, where + "out of memory"};
    case CURLE_URL_MALFORMAT:
      return Corruption(where + "the server sent a malformed URL");
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return Corruption(where + "the answer is not HTTP");
    case CURLE_PEER_FAILED_VERIFICATION:
      return {ErrorKind::kPermissionDenied, where + message_};
    default:
      return {
          ErrorKind::kUnavailable,
          where + (message_[0] != '\0' ? message_ : curl_easy_strerror(code))};
  }
}

Result<HttpResponse> HttpAttempt::Run(const std::string& url, bool with_token) {
  SetUp(url, with_token);
  CURLcode code;
  {
    const NoSigpipe no_sigpipe;
    code = curl_easy_perform(curl_);
  }
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &response_.status);
  if (failure_) return *std::move(failure_);
  // The rest of an error's text is of no interest.
  const bool cut = code == CURLE_WRITE_ERROR && !response_.ok();
  if (code != CURLE_OK && !cut) {
    Error error = ErrorOf(url, code);
    broken_ = error.kind == ErrorKind::kUnavailable;
    return error;
  }
  if (response_.ok() && !begun_) {
    INGOT_TRY(consumer_.begin(response_));
  }
  char* location = nullptr;
  curl_easy_getinfo(curl_, CURLINFO_REDIRECT_URL, &location);
  if (location != nullptr && response_.status >= 300 &&
      response_.status < 400) {
    redirect_ = location;
  }
  return std::move(response_);
}

// How long a server that is busy asks to wait.
std::chrono::milliseconds WaitOf(const HttpResponse& response) {
  unsigned seconds = 1;
  const std::string& text = response.retry_after;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 1u, 30u));
}

// What a server says in the body of an error.
std::string TextOfErrorBody(const std::string& body) {
  constexpr size_t kMaxText = 500;
  const nlohmann::json parsed = ParseJson(body);
  std::string said = TextField(parsed, "error");
  if (said.empty()) said = TextField(parsed, "message");
  return said.substr(0, kMaxText);
}

}  // namespace

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)),
      origin_(OriginOfUrl(options_.endpoint)),
      curl_([] {
        static std::once_flag once;
        std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
        return curl_easy_init();
      }()) {
  if (curl_ == nullptr) throw std::bad_alloc();
}

HttpClient::~HttpClient() { curl_easy_cleanup(curl_); }

Status HttpClient::Wait(std::chrono::milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (options_.cancelled != nullptr && *options_.cancelled) {
      return Error{ErrorKind::kCancelled, origin_ + ": cancelled"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

Result<HttpResponse> HttpClient::Follow(const HttpRequest& request,
                                        const HttpConsumer& consumer,
                                        bool* broken) {
  std::string url = request.url.starts_with('/')
                        ? options_.endpoint + request.url
                        : request.url;
  for (int redirects = 0;; ++redirects) {
    const bool with_token = request.with_token && !options_.token.empty() &&
                            OriginOfUrl(url) == origin_;
    HttpAttempt attempt(curl_, options_, request, consumer);
    Result<HttpResponse> response = attempt.Run(url, with_token);
    *broken = attempt.broken();
    if (!response.ok() || attempt.redirect().empty()) return response;
    const std::string& next = attempt.redirect();
    if (request.method != "GET") {
      return Corruption(OriginOfUrl(url) + ": redirects a " + request.method);
    }
    if (OriginOfUrl(next).empty() ||
        (url.starts_with("https:") && !next.starts_with("https:"))) {
      return Corruption(OriginOfUrl(url) + ": redirects to what is not https");
    }
    if (redirects == kMaxRedirects) {
      return Corruption(OriginOfUrl(url) + ": redirects more than " +
                        std::to_string(kMaxRedirects) + " times");
    }
    url = next;
  }
}

Result<HttpResponse> HttpClient::Stream(const HttpRequest& request,
                                        const HttpConsumer& consumer) {
  int waits = 0;
  int repeats = 0;
  while (true) {
    bool broken = false;
    Result<HttpResponse> response = Follow(request, consumer, &broken);
    if (response.ok()) {
      connected_ = true;
      const bool busy = response->status == 429 || response->status == 503;
      if (!busy || !request.wait_if_busy || waits++ == kMaxWaits) {
        return response;
      }
      INGOT_TRY(Wait(WaitOf(*response)));
      continue;
    }
    // A server that never answered is not there; one that did may come back.
    const bool repeat =
        broken && connected_ && (request.method == "GET" || request.may_repeat);
    if (!repeat || repeats++ == kMaxRepeats) return response;
    INGOT_TRY(Wait(std::chrono::milliseconds(300 * repeats)));
  }
}

Result<HttpResponse> HttpClient::Ask(const HttpRequest& request,
                                     size_t max_body) {
  std::string body;
  const HttpConsumer consumer = {
      .begin =
          [&](const HttpResponse&) {
            body.clear();
            return Status();
          },
      .write = [&](ByteSpan bytes) -> Status {
        if (bytes.size() > max_body - body.size()) {
          return Corruption(origin_ + ": an answer of more than " +
                            std::to_string(max_body) + " bytes");
        }
        body += AsText(bytes);
        return {};
      }};
  INGOT_ASSIGN(HttpResponse response, Stream(request, consumer));
  if (response.ok()) response.body = std::move(body);
  return response;
}

Error ErrorOfResponse(std::string_view what, const HttpResponse& response) {
  ErrorKind kind = ErrorKind::kIo;
  switch (response.status) {
    case 400:
    case 416:
    case 422:
      kind = ErrorKind::kInvalidArgument;
      break;
    case 401:
    case 403:
      kind = ErrorKind::kPermissionDenied;
      break;
    case 404:
    case 410:
      kind = ErrorKind::kNotFound;
      break;
    case 409:
    case 412:
      kind = ErrorKind::kConflict;
      break;
    case 413:
    case 507:
      kind = ErrorKind::kResourceExhausted;
      break;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      kind = ErrorKind::kUnavailable;
      break;
    case 501:
      kind = ErrorKind::kUnsupported;
      break;
    default:
      break;
  }
  std::string text = TextOfErrorBody(response.body);
  if (text.empty()) text = "the server answers";
  return {kind, std::string(what) + ": " + text + " (" +
                    std::to_string(response.status) + ")"};
}

}  // namespace ingot
