// What servers send as JSON, taken apart without trust.
//
// Thread-safety: functions without state.

#ifndef INGOT_TOOLS_HUB_JSON_FIELDS_H_
#define INGOT_TOOLS_HUB_JSON_FIELDS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace ingot {

// Discarded for what is no JSON, or nested deeper than any answer is: each
// level takes much more memory than the byte that opens it.
nlohmann::json ParseJson(const std::string& text);

// A member that is a text; empty where there is none.
inline std::string TextField(const nlohmann::json& object, const char* member) {
  if (!object.is_object()) return "";
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

// A member that is a number, and not negative.
inline std::optional<uint64_t> NumberField(const nlohmann::json& object,
                                           const char* member) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(member);
  if (found == object.end() || !found->is_number_unsigned()) {
    return std::nullopt;
  }
  return found->get<uint64_t>();
}

// A member of any kind; null where there is none.
inline const nlohmann::json& Field(const nlohmann::json& object,
                                   const char* member) {
  static const nlohmann::json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(member);
  return found == object.end() ? kNull : *found;
}

// On one line; bytes that are no UTF-8 become U+FFFD.
inline std::string JsonLine(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_JSON_FIELDS_H_
