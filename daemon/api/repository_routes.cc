#include "daemon/api/repository_routes.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "daemon/api/authenticate.h"
#include "daemon/api/json_body.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;

// The repository that a body names; kInvalidArgument where it names none.
Result<store::Repository> ParseRepository(const json& body) {
  store::Repository repository;
  std::string name = TextOf(body, "name");
  repository.name.space = TextOf(body, "organization");
  const size_t slash = name.find('/');
  if (repository.name.space.empty() && slash != std::string::npos) {
    repository.name.space = name.substr(0, slash);
    name.erase(0, slash + 1);
  }
  repository.name.name = std::move(name);
  const std::string type = TextOf(body, "type");
  if (type == "dataset") {
    repository.name.kind = store::RepositoryKind::kDataset;
  } else if (type == "space") {
    repository.name.kind = store::RepositoryKind::kSpace;
  } else if (!type.empty() && type != "model") {
    return InvalidArgument("type: expected model, dataset or space");
  }
  // Private unless it says otherwise: nothing is shown by mistake.
  const auto is_private = body.find("private");
  repository.is_private = TextOf(body, "visibility") != "public" &&
                          (is_private == body.end() || *is_private != false);
  return repository;
}

std::string UrlOf(const Exchange& exchange, const store::RepositoryName& name) {
  const char* const kind =
      name.kind == store::RepositoryKind::kDataset ? "datasets/"
      : name.kind == store::RepositoryKind::kSpace ? "spaces/"
                                                   : "";
  return "http://" +
         std::string(exchange.request().Header("Host").value_or("")) + "/" +
         kind + (name.space.empty() ? "" : name.space + "/") + name.name;
}

// The repository that a request names, if whoever sent it may write to it.
// Nothing: not so, and the request has been answered.
awaitable<std::optional<store::Repository>> ReadRepository(store::Store* store,
                                                           Exchange& exchange) {
  const Result<json> body = co_await ReadJson(exchange);
  Result<store::Repository> repository =
      body.ok() ? ParseRepository(*body)
                : Result<store::Repository>(body.error());
  if (!repository.ok()) {
    co_await RespondError(exchange, repository.error());
    co_return std::nullopt;
  }
  const Result<auth::Principal> who =
      Authenticate(exchange.request(), store->tokens());
  if (!who.ok()) {
    co_await RespondUnauthorized(exchange, who.error());
    co_return std::nullopt;
  }
  if (!MayAccess(*who, auth::Right::kWrite, repository->name.space,
                 repository->name.name, false)) {
    co_await RespondForbidden(exchange, *who);
    co_return std::nullopt;
  }
  co_return std::move(*repository);
}

awaitable<void> Create(store::Store* store, Exchange& exchange) {
  const auto repository = co_await ReadRepository(store, exchange);
  if (!repository) co_return;
  const auto created = store->repositories().Create(*repository);
  json answer = {{"url", UrlOf(exchange, repository->name)}};
  if (created.ok()) {
    co_await RespondJson(exchange, answer.dump() + "\n");
  } else if (created.error().kind == ErrorKind::kConflict) {
    answer["error"] = created.error().message;
    http::ResponseHead head = {.status = 409, .headers = {}};
    head.headers.emplace_back("Content-Type", "application/json");
    std::string text = answer.dump() + "\n";
    co_await exchange.Respond(std::move(head), std::move(text));
  } else {
    co_await RespondError(exchange, created.error());
  }
}

awaitable<void> Delete(store::Store* store, Exchange& exchange) {
  const auto repository = co_await ReadRepository(store, exchange);
  if (!repository) co_return;
  const auto found = store->repositories().Find(repository->name);
  Status deleted = found.ok() ? Status() : Status(found.error());
  if (found.ok() && !*found) {
    deleted = Error{ErrorKind::kNotFound, "repository not found"};
  }
  if (deleted.ok()) deleted = store->repositories().Delete((*found)->number);
  if (deleted.ok()) {
    co_await RespondJson(exchange, "{}\n");
  } else {
    co_await RespondError(exchange, deleted.error());
  }
}

}  // namespace

void AddRepositoryRoutes(store::Store* store, http::Router* router) {
  router->Add("POST", "/api/repos/create",
              [store](Exchange& exchange, const PathParameters&) {
                return Create(store, exchange);
              });
  router->Add("DELETE", "/api/repos/delete",
              [store](Exchange& exchange, const PathParameters&) {
                return Delete(store, exchange);
              });
}

}  // namespace ingot::api
