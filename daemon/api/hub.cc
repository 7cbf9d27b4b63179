#include "daemon/api/hub.h"

#include <utility>
#include <variant>

#include "daemon/api/authenticate.h"
#include "daemon/api/json_body.h"
#include "daemon/api/repository_access.h"
#include "daemon/store/history.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::RepositoryKind;

struct KindPath {
  RepositoryKind kind;
  const char* page;  // before the repository in a page's path
  const char* plural;
};
// Prefixed ones first: what is added first is tried first.
constexpr KindPath kKinds[] = {
    {RepositoryKind::kDataset, "datasets/", "datasets"},
    {RepositoryKind::kSpace, "spaces/", "spaces"},
    {RepositoryKind::kModel, "", "models"},
};

const KindPath& PathOf(RepositoryKind kind) {
  for (const KindPath& one : kKinds) {
    if (one.kind == kind) return one;
  }
  return kKinds[2];
}

void AddRoutes(http::Router* router, const std::string& method,
               const std::string& prefix, RepositoryKind kind,
               const std::string& suffix, const http::RouteInfo& info,
               const HubHandler& handler) {
  for (const char* const name : {"{namespace}/{name}", "{name}"}) {
    router->Add(
        method, prefix + name + suffix, info,
        [kind, handler](Exchange& exchange, const PathParameters& path) {
          const auto space = path.find("namespace");
          return handler(exchange,
                         store::RepositoryName{
                             .kind = kind,
                             .space = space == path.end() ? "" : space->second,
                             .name = path.find("name")->second},
                         path);
        });
  }
}

// What may stand in a header: messages quote what clients sent.
std::string HeaderText(std::string_view message) {
  std::string text;
  for (const char c : message) text += c >= ' ' && c < 0x7F ? c : '?';
  return text;
}

}  // namespace

HubHandler Bind(const Hub& hub,
                awaitable<void> (*handler)(const Hub&, Exchange&,
                                           store::RepositoryName,
                                           const PathParameters&)) {
  return [hub, handler](Exchange& exchange, store::RepositoryName name,
                        const PathParameters& path) {
    return handler(hub, exchange, std::move(name), path);
  };
}

void AddContentRoute(http::Router* router, const std::string& method,
                     const std::string& suffix, const http::RouteInfo& info,
                     const HubHandler& handler) {
  for (const KindPath& one : kKinds) {
    AddRoutes(router, method, std::string("/") + one.page, one.kind, suffix,
              info, handler);
  }
}

void AddApiRoute(http::Router* router, const std::string& method,
                 const std::string& suffix, const http::RouteInfo& info,
                 const HubHandler& handler) {
  for (const KindPath& one : kKinds) {
    AddRoutes(router, method, std::string("/api/") + one.plural + "/", one.kind,
              suffix, info, handler);
  }
}

void AddNativeRoute(http::Router* router, const std::string& method,
                    const std::string& suffix, const http::RouteInfo& info,
                    const HubHandler& handler) {
  for (const KindPath& one : kKinds) {
    AddRoutes(router, method, std::string("/api/ingot/") + one.plural + "/",
              one.kind, suffix, info, handler);
  }
}

std::string OriginOf(const Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (!request.public_url.empty()) return std::string(request.public_url);
  return (request.is_encrypted ? "https://" : "http://") +
         std::string(request.Header("Host").value_or("localhost"));
}

std::string_view PluralOf(RepositoryKind kind) { return PathOf(kind).plural; }

std::string IdOf(const store::RepositoryName& name) {
  return name.space.empty() ? name.name : name.space + "/" + name.name;
}

std::string AuthorOf(const store::RepositoryName& name) {
  return name.space.empty() ? "ingot" : name.space;
}

std::string UserName(uint64_t token) {
  return token == 0 ? "local" : "token-" + std::to_string(token);
}

std::string PagePath(const store::RepositoryName& name) {
  return PathOf(name.kind).page + IdOf(name);
}

awaitable<Status> RespondHubError(Exchange& exchange, unsigned status,
                                  std::string_view code, std::string message,
                                  http::Headers headers) {
  if (!code.empty()) headers.emplace_back("X-Error-Code", code);
  headers.emplace_back("X-Error-Message", HeaderText(message));
  if (status == 401) headers.emplace_back("WWW-Authenticate", kChallenge);
  return http::RespondError(exchange, status, std::move(message),
                            std::move(headers));
}

awaitable<Status> RespondHub(Exchange& exchange, const json& body,
                             http::Headers headers) {
  headers.emplace_back("Content-Type", "application/json");
  return exchange.Respond({.status = 200, .headers = std::move(headers)},
                          EncodeJson(body) + "\n");
}

awaitable<std::optional<store::RepositoryInfo>> FindHubRepository(
    Exchange& exchange, store::Store* store, const store::RepositoryName& name,
    auth::Right right) {
  auto access = FindAccess(exchange.request(), store, name, right);
  if (const auto* refusal = std::get_if<Refusal>(&access)) {
    const bool hidden = refusal->status == 404 || refusal->status == 401;
    co_await RespondHubError(exchange, refusal->status,
                             hidden ? "RepoNotFound" : "", refusal->message);
    co_return std::nullopt;
  }
  co_return std::get<store::RepositoryInfo>(std::move(access));
}

awaitable<std::optional<store::GitId>> FindRevision(
    Exchange& exchange, store::Store* store, uint64_t repository,
    const std::string& revision) {
  const store::History history(&store->repositories(), repository);
  const Result<std::optional<store::GitId>> found = history.Resolve(revision);
  if (!found.ok()) {
    co_await http::RespondError(exchange, found.error());
    co_return std::nullopt;
  }
  if (!*found) {
    co_await RespondHubError(exchange, 404, "RevisionNotFound",
                             "revision not found");
  }
  co_return *found;
}

awaitable<std::optional<Place>> FindPlace(Exchange& exchange, const Hub& hub,
                                          const store::RepositoryName& name,
                                          const std::string& revision) {
  auto repository =
      co_await FindHubRepository(exchange, hub.store, name, auth::Right::kRead);
  if (!repository) co_return std::nullopt;
  const auto commit =
      co_await FindRevision(exchange, hub.store, repository->number, revision);
  if (!commit) co_return std::nullopt;
  co_return Place{std::move(*repository), *commit};
}

std::string ValueOf(const PathParameters& path, std::string_view name) {
  const auto found = path.find(name);
  return found == path.end() ? "" : found->second;
}

bool IsSet(const Exchange& exchange, std::string_view parameter) {
  const auto value = exchange.request().target.Parameter(parameter);
  return value && (*value == "true" || *value == "True" || *value == "1");
}

http::Headers CommitHeader(const store::GitId& commit) {
  http::Headers headers;
  headers.emplace_back("X-Repo-Commit", ToHex(commit));
  return headers;
}

http::RouteInfo ReadInfo(const char* summary) {
  return http::RouteInfo(summary).Needs("read").Says(
      404, "X-Error-Code tells what there is none of.");
}

}  // namespace ingot::api
