#include "daemon/api/hub_account_routes.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/api/authenticate.h"
#include "daemon/api/hub_entries.h"
#include "daemon/api/hub_links.h"
#include "daemon/api/json_body.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::RepositoryKind;
using store::RepositoryName;

constexpr size_t kListPage = 100;
constexpr size_t kMaxListPage = 1000;
// Repositories that one request looks at.
constexpr size_t kMaxLookedAt = 10'000;

json DescribePrincipal(const auth::Principal& who) {
  const std::string name = UserName(who.token);
  json orgs = json::array();
  if (!who.space.empty()) {
    orgs.push_back({{"type", "org"},
                    {"name", who.space},
                    {"fullname", who.space},
                    {"isEnterprise", false}});
  }
  const char* const role = who.right >= auth::Right::kWrite ? "write" : "read";
  return {{"type", "user"},
          {"id", name},
          {"name", name},
          {"fullname", name},
          {"email", nullptr},
          {"isPro", false},
          {"orgs", std::move(orgs)},
          {"auth",
           {{"type", "access_token"},
            {"accessToken", {{"displayName", name}, {"role", role}}}}}};
}

awaitable<void> WhoAmI(const Hub& hub, Exchange& exchange) {
  const auto who = Authenticate(exchange.request(), hub.store->tokens());
  if (!who.ok()) {
    co_await RespondUnauthorized(exchange, who.error());
  } else if (who->right == auth::Right::kNothing) {
    co_await RespondHubError(exchange, 401, "", "a token is needed");
  } else {
    co_await RespondHub(exchange, DescribePrincipal(*who));
  }
}

struct ListQuery {
  RepositoryKind kind = RepositoryKind::kModel;
  std::optional<std::string> space;
  std::string search;
  RepositoryName after;
  size_t limit = kListPage;
};

struct ListPage {
  json repositories = json::array();
  std::optional<RepositoryName> next;
};

// Those that `who` may read, by name.
Result<ListPage> List(store::Store* store, const auth::Principal& who,
                      ListQuery query) {
  ListPage page;
  for (size_t looked_at = 0; looked_at < kMaxLookedAt;) {
    INGOT_ASSIGN(const auto some,
                 store->repositories().List(query.kind, query.space,
                                            query.after, kMaxListPage));
    if (some.empty()) return page;
    for (const store::RepositoryInfo& info : some) {
      const RepositoryName& name = info.repository.name;
      ++looked_at;
      query.after = name;
      if (!MayAccess(who, auth::Right::kRead, name.space, name.name,
                     !info.repository.is_private) ||
          IdOf(name).find(query.search) == std::string::npos) {
        continue;
      }
      page.repositories.push_back(RepositoryJson(info));
      if (page.repositories.size() == query.limit) {
        page.next = name;
        return page;
      }
    }
  }
  page.next = query.after;
  return page;
}

awaitable<void> ListRepositories(const Hub& hub, RepositoryKind kind,
                                 Exchange& exchange) {
  const auto who = co_await FindPrincipal(exchange, hub.store->tokens());
  if (!who) co_return;
  const http::Target& target = exchange.request().target;
  ListQuery query;
  query.kind = kind;
  query.search = target.Parameter("search").value_or("");
  if (const auto author = target.Parameter("author")) query.space = *author;
  query.limit = std::max<size_t>(
      1, NumberParameter(exchange, "limit", kListPage, kMaxListPage));
  // A namespace may be empty: the slash is always there.
  const std::string cursor(target.Parameter("cursor").value_or(""));
  const size_t slash = cursor.find('/');
  query.after.kind = kind;
  if (slash != std::string::npos) {
    query.after.space = cursor.substr(0, slash);
    query.after.name = cursor.substr(slash + 1);
  }
  const auto list = [&] { return List(hub.store, *who, query); };
  const auto page = co_await hub.workers->Run(list);
  if (!page.ok()) {
    co_await http::RespondError(exchange, page.error());
  } else if (page->next) {
    co_await RespondHub(exchange, page->repositories,
                        NextPage(exchange, "cursor",
                                 page->next->space + "/" + page->next->name));
  } else {
    co_await RespondHub(exchange, page->repositories);
  }
}

// Whether others may read it.
awaitable<void> ChangeSettings(const Hub& hub, Exchange& exchange,
                               RepositoryName name, const PathParameters&) {
  const Result<json> body = co_await ReadJson(exchange);
  const auto found = co_await FindHubRepository(exchange, hub.store, name,
                                                auth::Right::kWrite);
  if (!found) co_return;
  store::Repository changed = found->repository;
  const json is_private = body.ok() ? body->value("private", json()) : json();
  const std::string visibility = body.ok() ? TextOf(*body, "visibility") : "";
  if (is_private.is_boolean()) {
    changed.is_private = is_private.get<bool>();
  } else if (visibility == "public" || visibility == "private") {
    changed.is_private = visibility == "private";
  } else {
    co_await RespondHubError(exchange, 400, "",
                             "expected private: true or false");
    co_return;
  }
  const auto change = [&] {
    return hub.store->repositories().Change(found->number, changed);
  };
  const Status done = co_await hub.workers->Run(change);
  if (done.ok()) {
    json answer = json::object();
    answer["private"] = changed.is_private;
    co_await RespondHub(exchange, answer);
  } else {
    co_await http::RespondError(exchange, done.error());
  }
}

awaitable<void> AuthCheck(const Hub& hub, Exchange& exchange,
                          RepositoryName name, const PathParameters&) {
  const auto found =
      co_await FindHubRepository(exchange, hub.store, name, auth::Right::kRead);
  if (found) co_await RespondHub(exchange, json::object());
}

awaitable<void> RefuseXet(const Hub&, Exchange& exchange, RepositoryName,
                          const PathParameters&) {
  co_await RespondHubError(
      exchange, 501, "",
      "the Xet protocol is not served: set HF_HUB_DISABLE_XET=1");
}

// What is in a model card is its author's affair.
awaitable<void> ValidateYaml(Exchange& exchange) {
  json answer = json::object();
  answer["errors"] = json::array();
  answer["warnings"] = json::array();
  co_await RespondHub(exchange, answer);
}

}  // namespace

void AddHubAccountRoutes(const Hub& hub, http::Router* router) {
  router->Add("GET", "/api/whoami-v2",
              http::RouteInfo("Whose token this is").Needs("read"),
              [hub](Exchange& exchange, const PathParameters&) {
                return WhoAmI(hub, exchange);
              });
  router->Add(
      "POST", "/api/validate-yaml",
      http::RouteInfo("Accepts every model card").Takes("application/json"),
      [](Exchange& exchange, const PathParameters&) {
        return ValidateYaml(exchange);
      });
  for (const RepositoryKind kind :
       {RepositoryKind::kModel, RepositoryKind::kDataset,
        RepositoryKind::kSpace}) {
    router->Add("GET", "/api/" + std::string(PluralOf(kind)),
                http::RouteInfo("List repositories")
                    .Needs("read")
                    .Query("author", "Of this namespace")
                    .Query("search", "Whose names have this part")
                    .Query("limit", "How many, 1,000 at most")
                    .Query("cursor", "Where the page before ended"),
                [hub, kind](Exchange& exchange, const PathParameters&) {
                  return ListRepositories(hub, kind, exchange);
                });
  }
  AddApiRoute(router, "PUT", "/settings",
              http::RouteInfo("Make a repository private or public")
                  .Needs("write")
                  .Takes("application/json"),
              Bind(hub, ChangeSettings));
  AddApiRoute(router, "GET", "/auth-check",
              http::RouteInfo("Whether it may be read").Needs("read"),
              Bind(hub, AuthCheck));
  for (const char* const word : {"read", "write"}) {
    AddApiRoute(router, "GET",
                std::string("/xet-") + word + "-token/{revision}",
                http::RouteInfo("Xet is not served").Says(501, "Always."),
                Bind(hub, RefuseXet));
  }
}

}  // namespace ingot::api
