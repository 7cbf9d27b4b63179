#include "tools/hub/json_fields.h"

namespace ingot {

nlohmann::json ParseJson(const std::string& text) {
  constexpr int kMaxDepth = 64;
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return nlohmann::json::value_t::discarded;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace ingot
