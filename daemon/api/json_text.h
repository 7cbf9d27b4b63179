// TextOf: a string in JSON that may not be there.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_API_JSON_TEXT_H_
#define INGOT_DAEMON_API_JSON_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>

namespace ingot::api {

// A string member; empty where there is none.
inline std::string TextOf(const nlohmann::json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_string()) return "";
  return found->get<std::string>();
}

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_JSON_TEXT_H_
