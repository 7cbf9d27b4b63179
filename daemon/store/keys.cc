#include "daemon/store/keys.h"

#include <charconv>
#include <cstddef>
#include <cstdio>

namespace ingot::store {
namespace {

constexpr size_t kDigits = 16;

bool IsComponent(std::string_view text) {
  return !text.empty() && text.front() != '.' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") ==
             std::string_view::npos;
}

}  // namespace

std::string IndexFolder(const std::string& folder) { return folder + "/index"; }

std::string NumberedKey(std::string_view folder, uint64_t number) {
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof(digits), "%016llx",
                static_cast<unsigned long long>(number));
  return std::string(folder) + "/" + digits;
}

std::optional<uint64_t> NumberOfKey(std::string_view key) {
  uint64_t number = 0;
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = key.substr(slash + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (key != NumberedKey(key.substr(0, slash), number)) return std::nullopt;
  return number;
}

Status CheckKey(std::string_view key) {
  const size_t slash = key.find('/');
  const bool good = slash == std::string_view::npos
                        ? IsComponent(key)
                        : IsComponent(key.substr(0, slash)) &&
                              IsComponent(key.substr(slash + 1));
  if (good) return {};
  return InvalidArgument("not the key of a stored file: '" + std::string(key) +
                         "'");
}

}  // namespace ingot::store
