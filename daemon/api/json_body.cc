#include "daemon/api/json_body.h"

namespace ingot::api {

using boost::asio::awaitable;

awaitable<Result<std::string>> ReadText(http::Exchange& exchange) {
  std::string text;
  while (true) {
    const Result<ByteSpan> piece = co_await exchange.ReadBody(kMaxJsonBytes);
    if (!piece.ok()) co_return piece.error();
    if (piece->empty()) break;
    text += AsText(*piece);
  }
  co_return text;
}

awaitable<Result<nlohmann::json>> ReadJson(http::Exchange& exchange) {
  const Result<std::string> text = co_await ReadText(exchange);
  if (!text.ok()) co_return text.error();
  nlohmann::json parsed = nlohmann::json::parse(*text, nullptr, false);
  if (!parsed.is_object()) {
    co_return InvalidArgument("body: expected a JSON object");
  }
  co_return parsed;
}

std::string EncodeJson(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ingot::api
