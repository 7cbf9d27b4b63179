#include "daemon/http/target.h"

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace ingot::http {
namespace {

// Well-formed UTF-8 (RFC 3629) without control characters and backslashes.
bool IsPlainText(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i]);
    if (first < 0x20 || first == 0x7F || first == '\\') return false;
    const size_t length = first < 0x80   ? 1
                          : first < 0xC2 ? 0
                          : first < 0xE0 ? 2
                          : first < 0xF0 ? 3
                          : first < 0xF5 ? 4
                                         : 0;
    if (length == 0 || length > text.size() - i) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<uint8_t>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    if (length > 2) {
      const auto second = static_cast<uint8_t>(text[i + 1]);
      // Overlong forms, surrogates, and what lies beyond Unicode.
      if ((first == 0xE0 && second < 0xA0) ||
          (first == 0xED && second > 0x9F) ||
          (first == 0xF0 && second < 0x90) ||
          (first == 0xF4 && second > 0x8F)) {
        return false;
      }
    }
    i += length;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> Target::Parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || last != end) return std::nullopt;
  return number;
}

std::string PercentEncode(std::string_view text, bool (*stays)(char)) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (stays(c)) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[static_cast<uint8_t>(c) >> 4],
                  kDigits[static_cast<uint8_t>(c) & 15]};
    }
  }
  return encoded;
}

Result<Target> ParseTarget(std::string_view text) {
  const auto refused = [](const char* why) {
    return InvalidArgument(std::string("request target: ") + why);
  };
  // What RFC 3986 does not allow and clients send as it is, since WHATWG's URLs
  // do: "?expand[]=likes".
  const std::string lenient = PercentEncode(text, [](char c) {
    constexpr std::string_view kAlsoSent = "[]{}|^`";
    return kAlsoSent.find(c) == std::string_view::npos;
  });
  const auto parsed = boost::urls::parse_origin_form(lenient);
  if (!parsed) return refused("expected a path in valid percent-encoding");
  // Boost.URL does not count such a beginning as a segment.
  if (text.starts_with("/./")) return refused("'.' or '..'");
  Target target;
  const auto segments = parsed->segments();
  for (auto segment = segments.begin(); segment != segments.end(); ++segment) {
    std::string decoded(*segment);
    const bool is_last = std::next(segment) == segments.end();
    if (decoded.empty() && !is_last) return refused("empty segment");
    if (decoded == "." || decoded == "..") return refused("'.' or '..'");
    if (!IsPlainText(decoded)) {
      return refused("control character, backslash or invalid UTF-8");
    }
    target.segments.push_back(std::move(decoded));
  }
  for (const auto& parameter : parsed->params()) {
    if (!IsPlainText(parameter.key) || !IsPlainText(parameter.value)) {
      return refused("control character, backslash or invalid UTF-8");
    }
    target.parameters.emplace_back(parameter.key, parameter.value);
  }
  return target;
}

bool IsHost(std::string_view text) {
  const auto parsed = boost::urls::parse_authority(text);
  return parsed && !parsed->has_userinfo();
}

Result<std::string> ParseOrigin(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  const bool is_origin =
      parsed && (parsed->scheme() == "http" || parsed->scheme() == "https") &&
      !parsed->encoded_host().empty() && !parsed->has_userinfo() &&
      (parsed->encoded_path().empty() || parsed->encoded_path() == "/") &&
      !parsed->has_query() && !parsed->has_fragment() &&
      (!parsed->has_port() || parsed->port_number() != 0);
  if (!is_origin) {
    return InvalidArgument(std::string(text) +
                           ": expected https://HOST or https://HOST:PORT");
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

Result<Parameters> ParseForm(std::string_view text) {
  INGOT_ASSIGN(Target target, ParseTarget("/?" + std::string(text)));
  return std::move(target.parameters);
}

}  // namespace ingot::http
