#include "tools/hub/url.h"

#include <curl/curl.h>

#include <algorithm>

namespace ingot {
namespace {

class ParsedUrl {
 public:
  explicit ParsedUrl(const std::string& url) : url_(curl_url()) {
    ok_ = url_ != nullptr &&
          curl_url_set(url_, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  }
  ~ParsedUrl() { curl_url_cleanup(url_); }
  ParsedUrl(const ParsedUrl&) = delete;
  ParsedUrl& operator=(const ParsedUrl&) = delete;

  bool ok() const { return ok_; }
  // Empty where there is none.
  std::string Part(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (!ok_ || curl_url_get(url_, part, &text, flags) != CURLUE_OK) return "";
    std::string copy = text;
    curl_free(text);
    return copy;
  }

 private:
  CURLU* const url_;
  bool ok_ = false;
};

bool IsHttp(const std::string& scheme) {
  return scheme == "http" || scheme == "https";
}

}  // namespace

Result<std::string> CheckEndpoint(const std::string& url) {
  const ParsedUrl parsed(url);
  if (!IsHttp(parsed.Part(CURLUPART_SCHEME)) ||
      parsed.Part(CURLUPART_HOST).empty() ||
      !parsed.Part(CURLUPART_USER).empty() ||
      !parsed.Part(CURLUPART_PASSWORD).empty() ||
      !parsed.Part(CURLUPART_QUERY).empty() ||
      !parsed.Part(CURLUPART_FRAGMENT).empty()) {
    // Not quoted: it may hold a password.
    return InvalidArgument(
        "the endpoint: expected a URL like http://127.0.0.1:7878 or "
        "https://example.org, without credentials");
  }
  std::string endpoint = parsed.Part(CURLUPART_URL);
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint;
}

std::string OriginOfUrl(const std::string& url) {
  const ParsedUrl parsed(url);
  const std::string scheme = parsed.Part(CURLUPART_SCHEME);
  if (!IsHttp(scheme)) return "";
  std::string host = parsed.Part(CURLUPART_HOST);
  std::ranges::transform(host, host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return scheme + "://" + host + ":" +
         parsed.Part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string ParameterOfUrl(const std::string& url, std::string_view name) {
  const ParsedUrl parsed(url);
  const std::string query = parsed.Part(CURLUPART_QUERY);
  for (size_t begin = 0; begin < query.size();) {
    const size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view pair =
        std::string_view(query).substr(begin, end - begin);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      const std::string value(pair.substr(equals + 1));
      int length = 0;
      char* const decoded = curl_easy_unescape(
          nullptr, value.data(), static_cast<int>(value.size()), &length);
      if (decoded == nullptr) return "";
      std::string copy(decoded, static_cast<size_t>(length));
      curl_free(decoded);
      return copy;
    }
    begin = end + 1;
  }
  return "";
}

std::string EscapeForUrl(std::string_view text, bool keep_slashes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos ||
        (keep_slashes && c == '/')) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace ingot
