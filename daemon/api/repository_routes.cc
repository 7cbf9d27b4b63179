#include "daemon/api/repository_routes.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/authenticate.h"
#include "daemon/api/hub.h"
#include "daemon/api/json_body.h"
#include "daemon/store/git_commit.h"
#include "daemon/store/git_tree.h"

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
  // Else another page's address would be this repository's.
  const std::string& first = repository.name.space.empty()
                                 ? repository.name.name
                                 : repository.name.space;
  for (const char* const taken :
       {"api", "datasets", "spaces", "models", "kernels", "buckets", "healthz",
        "readyz", "metrics", "openapi.json"}) {
    if (first == taken) return InvalidArgument(first + ": is not to be had");
  }
  if (repository.name.name.ends_with(".git")) {
    return InvalidArgument("name: ends with '.git'");
  }
  return repository;
}

// The first commit of a repository: what tells git which files git-lfs has.
std::vector<store::GitObject> FirstCommit(const store::Repository& repository,
                                          uint64_t seconds) {
  std::string attributes;
  for (const char* const ending :
       {"bin", "gguf", "h5", "msgpack", "npy", "npz", "onnx", "ot", "parquet",
        "pb", "pkl", "pt", "pth", "safetensors", "tar", "tflite", "zip"}) {
    attributes +=
        std::string("*.") + ending + " filter=lfs diff=lfs merge=lfs -text\n";
  }
  const ByteSpan bytes = AsBytes(attributes);
  std::vector<store::GitObject> objects;
  objects.push_back(
      {.type = store::GitType::kBlob, .bytes = {bytes.begin(), bytes.end()}});
  const store::TreeEntry entry = {.name = ".gitattributes",
                                  .id = IdOf(objects.back())};
  objects.push_back(store::FormatTree({&entry, 1}));
  const std::string author = AuthorOf(repository.name);
  objects.push_back(store::FormatCommit({.tree = IdOf(objects.back()),
                                         .parents = {},
                                         .author = author,
                                         .email = author + "@localhost",
                                         .seconds = seconds,
                                         .message = "initial commit\n"}));
  return objects;
}

// Whether who sent a request may write to what has that name, or would have.
// False: the request has been answered.
awaitable<bool> MayWrite(store::Store* store, Exchange& exchange,
                         const store::Repository& repository) {
  const auto who = co_await FindPrincipal(exchange, store->tokens());
  if (!who) co_return false;
  const bool may = MayAccess(*who, auth::Right::kWrite, repository.name.space,
                             repository.name.name, false);
  if (!may) co_await RespondForbidden(exchange, *who);
  co_return may;
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
  if (!co_await MayWrite(store, exchange, *repository)) co_return std::nullopt;
  co_return std::move(*repository);
}

awaitable<void> Create(store::Store* store, http::Workers* workers,
                       Exchange& exchange) {
  const auto repository = co_await ReadRepository(store, exchange);
  if (!repository) co_return;
  const std::vector<store::GitObject> objects =
      FirstCommit(*repository, store->tokens().now() / 1000);
  store::RefChange change;
  change.name = store::kMainBranch;
  change.after = IdOf(objects.back());
  const auto create = [&] {
    return store->repositories().Create(*repository, objects, {&change, 1});
  };
  const Result<uint64_t> created = co_await workers->Run(create);
  json answer = json::object();
  answer["url"] = OriginOf(exchange) + "/" + PagePath(repository->name);
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

awaitable<void> Delete(store::Store* store, http::Workers* workers,
                       Exchange& exchange) {
  const auto repository = co_await ReadRepository(store, exchange);
  if (!repository) co_return;
  const auto found = store->repositories().Find(repository->name);
  Status deleted = found.ok() ? Status() : Status(found.error());
  if (found.ok() && !*found) {
    deleted = Error{ErrorKind::kNotFound, "repository not found"};
  }
  if (deleted.ok()) {
    const uint64_t number = (*found)->number;
    const auto remove = [&] { return store->repositories().Delete(number); };
    deleted = co_await workers->Run(remove);
  }
  if (deleted.ok()) {
    co_await RespondJson(exchange, "{}\n");
  } else {
    co_await RespondError(exchange, deleted.error());
  }
}

// "NAMESPACE/NAME" of a member of a body, checked as a new one's would be.
Result<store::Repository> ParseMember(const json& body, const char* member) {
  json named = {{"name", TextOf(body, member)}, {"type", TextOf(body, "type")}};
  return ParseRepository(named);
}

Status Rename(store::Store* store, const store::RepositoryName& from,
              const store::RepositoryName& to) {
  INGOT_ASSIGN(const auto found, store->repositories().Find(from));
  if (!found) return Error{ErrorKind::kNotFound, "repository not found"};
  store::Repository changed = found->repository;
  changed.name = to;
  return store->repositories().Change(found->number, changed);
}

awaitable<void> Move(store::Store* store, http::Workers* workers,
                     Exchange& exchange) {
  const Result<json> body = co_await ReadJson(exchange);
  if (!body.ok()) {
    co_await RespondError(exchange, body.error());
    co_return;
  }
  const auto from = ParseMember(*body, "fromRepo");
  const auto to = ParseMember(*body, "toRepo");
  if (!from.ok() || !to.ok()) {
    co_await RespondError(exchange, from.ok() ? to.error() : from.error());
    co_return;
  }
  if (!co_await MayWrite(store, exchange, *from)) co_return;
  if (!co_await MayWrite(store, exchange, *to)) co_return;
  const auto rename = [&] { return Rename(store, from->name, to->name); };
  const Status done = co_await workers->Run(rename);
  if (done.ok()) {
    co_await RespondJson(exchange, "{}\n");
  } else {
    co_await RespondError(exchange, done.error());
  }
}

}  // namespace

void AddRepositoryRoutes(store::Store* store, http::Workers* workers,
                         http::Router* router) {
  router->Add("POST", "/api/repos/create",
              http::RouteInfo("Create a repository")
                  .Needs("write")
                  .Takes("application/json")
                  .Says(409, "It exists."),
              [store, workers](Exchange& exchange, const PathParameters&) {
                return Create(store, workers, exchange);
              });
  router->Add("POST", "/api/repos/move",
              http::RouteInfo("Give a repository another name")
                  .Needs("write")
                  .Takes("application/json")
                  .Says(404, "There is none.")
                  .Says(409, "The name is taken."),
              [store, workers](Exchange& exchange, const PathParameters&) {
                return Move(store, workers, exchange);
              });
  router->Add("DELETE", "/api/repos/delete",
              http::RouteInfo("Delete a repository")
                  .Needs("write")
                  .Takes("application/json")
                  .Says(404, "There is none."),
              [store, workers](Exchange& exchange, const PathParameters&) {
                return Delete(store, workers, exchange);
              });
}

}  // namespace ingot::api
