#include "daemon/api/hub_ref_routes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "daemon/api/json_body.h"
#include "daemon/store/history.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::GitId;
using store::RepositoryName;

// As git-check-ref-format(1) has it; an id would be mistaken for a commit.
bool IsShortRefName(std::string_view name) {
  const auto bad_part = [](std::string_view part) {
    return part.empty() || part.starts_with('.') || part.ends_with(".lock") ||
           part.ends_with('.');
  };
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    if (bad_part(name.substr(at, end - at))) return false;
    at = end + 1;
  }
  return name.find("..") == std::string_view::npos &&
         name.find("@{") == std::string_view::npos && name != "@" &&
         !name.starts_with('-') && !name.starts_with("refs/") &&
         name.find_first_of("~^:?*[\\") == std::string_view::npos &&
         !store::GitIdOfHex(name);
}

// A kind of ref: how the routes call it, and where git keeps it.
struct RefKind {
  const char* word;
  const char* prefix;
};
constexpr RefKind kBranch = {"branch", "refs/heads/"};
constexpr RefKind kTag = {"tag", "refs/tags/"};

awaitable<void> Change(const Hub& hub, const RefKind& kind, Exchange& exchange,
                       uint64_t repository, const store::RefChange& change) {
  const auto commit = [&] {
    return hub.store->repositories().Commit(repository, {}, {&change, 1});
  };
  const Status done = co_await hub.workers->Run(commit);
  if (done.ok()) {
    co_await RespondHub(exchange, json::object());
  } else if (done.error().kind == ErrorKind::kConflict) {
    co_await RespondHubError(
        exchange, 409, "",
        std::string("the ") + kind.word + " exists, or was changed meanwhile");
  } else {
    co_await http::RespondError(exchange, done.error());
  }
}

// A branch or a tag that points to what `revision` is.
awaitable<void> Create(const Hub& hub, const RefKind& kind, Exchange& exchange,
                       RepositoryName repository_name, const std::string& name,
                       const std::string& revision, bool overwrite) {
  const auto repository = co_await FindHubRepository(
      exchange, hub.store, repository_name, auth::Right::kWrite);
  if (!repository) co_return;
  store::RefChange change;
  change.name = kind.prefix + name;
  if (!IsShortRefName(name) || !store::IsRefName(change.name)) {
    co_await RespondHubError(exchange, 400, "",
                             std::string("not a name of a ") + kind.word);
    co_return;
  }
  change.after =
      co_await FindRevision(exchange, hub.store, repository->number, revision);
  if (!change.after) co_return;
  if (overwrite) {
    const auto before =
        hub.store->repositories().FindRef(repository->number, change.name);
    if (before.ok()) change.before = *before;
  }
  co_await Change(hub, kind, exchange, repository->number, change);
}

awaitable<void> Delete(const Hub& hub, const RefKind& kind, Exchange& exchange,
                       RepositoryName repository_name,
                       const std::string& name) {
  const auto repository = co_await FindHubRepository(
      exchange, hub.store, repository_name, auth::Right::kWrite);
  if (!repository) co_return;
  store::RefChange change;
  change.name = kind.prefix + name;
  if (change.name == store::kMainBranch) {
    co_await RespondHubError(exchange, 403, "",
                             "the branch main cannot be removed");
    co_return;
  }
  const auto before =
      hub.store->repositories().FindRef(repository->number, change.name);
  if (!before.ok() || !*before) {
    co_await RespondHubError(exchange, 404, "RevisionNotFound",
                             "revision not found");
    co_return;
  }
  change.before = *before;
  co_await Change(hub, kind, exchange, repository->number, change);
}

// A body that may be missing.
awaitable<json> ReadOptionalJson(Exchange& exchange) {
  const Result<json> body = co_await ReadJson(exchange);
  co_return body.ok() ? *body : json::object();
}

awaitable<void> CreateBranch(const Hub& hub, Exchange& exchange,
                             RepositoryName name, const std::string& branch) {
  const json body = co_await ReadOptionalJson(exchange);
  std::string start = TextOf(body, "startingPoint");
  if (start.empty()) start = store::kMainBranch;
  const bool overwrite = body.value("overwrite", json()) == true;
  co_await Create(hub, kBranch, exchange, name, branch, start, overwrite);
}

awaitable<void> CreateTag(const Hub& hub, Exchange& exchange,
                          RepositoryName name, const std::string& revision) {
  const json body = co_await ReadOptionalJson(exchange);
  const std::string tag = TextOf(body, "tag");
  co_await Create(hub, kTag, exchange, name, tag, revision, false);
}

}  // namespace

void AddHubRefRoutes(const Hub& hub, http::Router* router) {
  AddApiRoute(router, "POST", "/branch/{ref}",
              http::RouteInfo("Create a branch")
                  .Needs("write")
                  .Takes("application/json")
                  .Says(404, "There is no such revision.")
                  .Says(409, "It exists."),
              [hub](Exchange& exchange, RepositoryName name,
                    const PathParameters& path) {
                return CreateBranch(hub, exchange, name,
                                    path.find("ref")->second);
              });
  AddApiRoute(router, "POST", "/tag/{ref}",
              http::RouteInfo("Create a tag at a revision")
                  .Needs("write")
                  .Takes("application/json")
                  .Says(404, "There is no such revision.")
                  .Says(409, "It exists."),
              [hub](Exchange& exchange, RepositoryName name,
                    const PathParameters& path) {
                return CreateTag(hub, exchange, name, path.find("ref")->second);
              });
  for (const RefKind& kind : {kBranch, kTag}) {
    AddApiRoute(
        router, "DELETE", std::string("/") + kind.word + "/{ref}",
        http::RouteInfo("Delete it").Needs("write").Says(404, "There is none."),
        [hub, kind](Exchange& exchange, RepositoryName name,
                    const PathParameters& path) {
          return Delete(hub, kind, exchange, name, path.find("ref")->second);
        });
  }
}

}  // namespace ingot::api
