#include "daemon/api/json_body.h"

#include <string>

namespace ingot::api {

using boost::asio::awaitable;

awaitable<Result<nlohmann::json>> ReadJson(http::Exchange& exchange) {
  std::string text;
  while (true) {
    const Result<ByteSpan> piece = co_await exchange.ReadBody(kMaxJsonBytes);
    if (!piece.ok()) co_return piece.error();
    if (piece->empty()) break;
    text += AsText(*piece);
  }
  nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    co_return InvalidArgument("body: expected a JSON object");
  }
  co_return parsed;
}

std::string TextOf(const nlohmann::json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_string()) return "";
  return found->get<std::string>();
}

}  // namespace ingot::api
