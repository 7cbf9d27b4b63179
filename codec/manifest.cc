#include "codec/manifest.h"

namespace ingot {

bool IsSafeRelativePath(std::string_view path) {
  constexpr size_t kMaxPath = 65535;
  if (path.empty() || path.size() > kMaxPath) return false;
  if (path.find('\0') != std::string_view::npos) return false;
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = path.find('/', begin);
    if (end == std::string_view::npos) end = path.size();
    const std::string_view component = path.substr(begin, end - begin);
    if (component.empty() || component == "." || component == "..") {
      return false;
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace ingot
