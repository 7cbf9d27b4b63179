#include "daemon/api/lfs.h"

#include <utility>
#include <variant>

#include "daemon/api/authenticate.h"
#include "daemon/api/json_body.h"
#include "daemon/api/repository_access.h"

namespace ingot::api {

using boost::asio::awaitable;
using http::Exchange;
using nlohmann::json;
using store::RepositoryName;

awaitable<Status> RespondLfs(Exchange& exchange, unsigned status,
                             const json& body) {
  http::ResponseHead head = {.status = status, .headers = {}};
  head.headers.emplace_back("Content-Type", kLfsType);
  if (status == 401) {
    head.headers.emplace_back("LFS-Authenticate", kChallenge);
    head.headers.emplace_back("WWW-Authenticate", kChallenge);
  }
  return exchange.Respond(std::move(head), EncodeJson(body) + "\n");
}

awaitable<Status> RefuseLfs(Exchange& exchange, unsigned status,
                            const std::string& message) {
  return RespondLfs(exchange, status, json{{"message", message}});
}

awaitable<Status> RefuseLfsBody(Exchange& exchange, const Error& error) {
  const bool too_long = error.kind == ErrorKind::kResourceExhausted;
  return RefuseLfs(exchange, too_long ? 413 : 422, error.message);
}

std::optional<RepositoryName> WithoutSuffix(RepositoryName name) {
  constexpr std::string_view kSuffix = ".git";
  if (!name.name.ends_with(kSuffix)) return std::nullopt;
  name.name.resize(name.name.size() - kSuffix.size());
  return name;
}

awaitable<std::optional<store::RepositoryInfo>> FindLfsRepository(
    Exchange& exchange, const RepositoryName& path_name, store::Store* store,
    auth::Right right) {
  const auto name = WithoutSuffix(path_name);
  std::variant<store::RepositoryInfo, Refusal> access =
      Refusal{404, "repository not found"};
  if (name) access = FindAccess(exchange.request(), store, *name, right);
  if (const auto* refusal = std::get_if<Refusal>(&access)) {
    co_await RefuseLfs(exchange, refusal->status, refusal->message);
    co_return std::nullopt;
  }
  co_return std::get<store::RepositoryInfo>(std::move(access));
}

std::string LfsUrl(const Exchange& exchange, const RepositoryName& name) {
  return OriginOf(exchange) + "/" + PagePath(name) + ".git/info/lfs";
}

}  // namespace ingot::api
