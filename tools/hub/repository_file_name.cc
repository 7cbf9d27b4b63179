#include "tools/hub/repository_file_name.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ingot {
namespace {

constexpr size_t kMaxFileNameBytes = 1024;

// The character at the beginning of `*text`, which moves behind it; -1 for
// what is no UTF-8.
int32_t TakeCharacter(std::string_view* text) {
  const auto first = static_cast<unsigned char>(text->front());
  const size_t length = first < 0x80           ? 1
                        : (first >> 5) == 0x06 ? 2
                        : (first >> 4) == 0x0E ? 3
                        : (first >> 3) == 0x1E ? 4
                                               : 0;
  if (length == 0 || length > text->size()) return -1;
  int32_t character = length == 1 ? first : first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>((*text)[i]);
    if ((byte >> 6) != 0x02) return -1;
    character = (character << 6) | (byte & 0x3F);
  }
  text->remove_prefix(length);
  constexpr int32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character < 0xE000;
  if (character < kLeast[length] || character > 0x10FFFF || surrogate) {
    return -1;
  }
  return character;
}

// Some file systems do not tell these from ".git".
bool IsGitsOwn(std::string_view part) {
  while (part.ends_with('.') || part.ends_with(' ')) part.remove_suffix(1);
  std::string lower(part);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower == ".git" || lower == "git~1";
}

}  // namespace

std::string WhyNoFileName(std::string_view path) {
  if (path.size() > kMaxFileNameBytes) return "longer than 1,024 bytes";
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty()) return "an empty part";
    if (part == "." || part == "..") return "a part \".\" or \"..\"";
    if (IsGitsOwn(part)) return "\".git\" is git's own";
    if (begin == 0 && part == kPullFolder) {
      return "\"" + std::string(kPullFolder) + "\" is for what a pull keeps";
    }
    begin = end + 1;
  }
  while (!path.empty()) {
    const int32_t character = TakeCharacter(&path);
    if (character < 0) return "not UTF-8";
    if (character < 0x20 || (character >= 0x7F && character < 0xA0)) {
      return "a control character";
    }
    if (character == '\\') return "a backslash";
  }
  return "";
}

}  // namespace ingot
