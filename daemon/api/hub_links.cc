#include "daemon/api/hub_links.h"

#include <algorithm>
#include <charconv>

#include "daemon/api/hub.h"

namespace ingot::api {

size_t NumberParameter(const http::Exchange& exchange,
                       std::string_view parameter, size_t fallback,
                       size_t most) {
  const auto text = exchange.request().target.Parameter(parameter);
  size_t number = fallback;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return std::min(number, most);
}

std::string Escaped(std::string_view text) {
  return http::PercentEncode(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
  });
}

http::Headers NextPage(const http::Exchange& exchange,
                       std::string_view parameter, std::string_view value) {
  const http::Target& target = exchange.request().target;
  std::string url = OriginOf(exchange);
  for (const std::string& segment : target.segments) {
    url += "/" + Escaped(segment);
  }
  url += "?" + std::string(parameter) + "=" + Escaped(value);
  for (const auto& [key, old] : target.parameters) {
    if (key != parameter) url += "&" + Escaped(key) + "=" + Escaped(old);
  }
  http::Headers headers;
  headers.emplace_back("Link", "<" + url + ">; rel=\"next\"");
  return headers;
}

}  // namespace ingot::api
