#include "daemon/api/admin_routes.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/authenticate.h"
#include "daemon/api/json_body.h"
#include "daemon/api/store_totals.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using nlohmann::json;

// A number of the arguments; 0 where there is none.
uint64_t NumberOf(const json& arguments, const char* member) {
  const auto found = arguments.find(member);
  return found != arguments.end() && found->is_number_unsigned()
             ? found->get<uint64_t>()
             : 0;
}

Result<json> ReadStats(const Administered& what, const json&) {
  INGOT_ASSIGN(const StoreTotals totals, TotalsOf(what.store));
  return json{
      {"staged",
       {{"files", totals.staged_files}, {"bytes", totals.staged_bytes}}},
      {"packs",
       {{"packs", totals.packs},
        {"retired", totals.retired},
        {"damaged", totals.damaged},
        {"bytes", totals.pack_bytes},
        {"files", totals.pack_files},
        {"objects", totals.pack_objects}}}};
}

const char* NameOf(store::TokenScope scope) {
  return scope == store::TokenScope::kAdmin   ? "admin"
         : scope == store::TokenScope::kWrite ? "write"
                                              : "read";
}

Result<json> ListTokens(const Administered& what, const json&) {
  const store::Tokens& tokens = what.store->tokens();
  INGOT_ASSIGN(const std::vector<store::TokenInfo> list, tokens.List());
  json all = json::array();
  for (const auto& [number, token] : list) {
    std::string where = token.space;
    if (!token.repository.empty()) where += "/" + token.repository;
    all.push_back(
        {{"number", number},
         {"name", token.name},
         {"scope", NameOf(token.scope)},
         {"repository", where},
         {"expires", token.expires},
         {"expired", token.expires != 0 && token.expires <= tokens.now()}});
  }
  return json{{"tokens", std::move(all)}};
}

Result<json> CreateToken(const Administered& what, const json& arguments) {
  constexpr uint64_t kDay = 24ull * 60 * 60 * 1000;
  constexpr uint64_t kMaxDays = 36'500;
  store::Token token = {.name = TextOf(arguments, "name"), .secret = {}};
  const std::string scope = TextOf(arguments, "scope");
  if (scope == "admin") {
    token.scope = store::TokenScope::kAdmin;
  } else if (scope == "write") {
    token.scope = store::TokenScope::kWrite;
  } else if (scope != "read") {
    return InvalidArgument("scope: expected read, write or admin");
  }
  const std::string repository = TextOf(arguments, "repository");
  const size_t slash = std::min(repository.find('/'), repository.size());
  token.space = repository.substr(0, slash);
  if (slash < repository.size()) {
    token.repository = repository.substr(slash + 1);
  }
  const uint64_t days = NumberOf(arguments, "days");
  if (days > kMaxDays) return InvalidArgument("days: expected 36500 at most");
  if (days > 0) token.expires = what.store->now() + days * kDay;
  INGOT_ASSIGN(const std::string secret,
               what.store->tokens().Create(std::move(token)));
  return json{{"secret", secret}};
}

Result<json> RevokeToken(const Administered& what, const json& arguments) {
  INGOT_TRY(what.store->tokens().Revoke(NumberOf(arguments, "number")));
  return json::object();
}

awaitable<void> Answer(const AdminOperation* operation, Administered what,
                       http::Workers* workers, Exchange& exchange) {
  const auto who = co_await FindPrincipal(exchange, what.store->tokens());
  if (!who) co_return;
  if (!MayAdminister(*who)) {
    co_await RespondForbidden(exchange, *who);
    co_return;
  }
  Result<json> arguments = json::object();
  if (exchange.request().method == "POST") {
    arguments = co_await ReadJson(exchange);
  }
  if (!arguments.ok()) {
    co_await RespondError(exchange, arguments.error());
    co_return;
  }
  const auto run = [&] { return operation->run(what, *arguments); };
  const Result<json> answer = co_await workers->Run(run);
  if (answer.ok()) {
    co_await RespondJson(exchange, EncodeJson(*answer) + "\n");
  } else {
    co_await RespondError(exchange, answer.error());
  }
}

}  // namespace

const AdminOperation kReadStats = {"GET", "/api/stats",
                                   "How much the store holds", ReadStats};
const AdminOperation kListTokens = {
    "GET", "/api/tokens", "All tokens, without their secrets", ListTokens};
const AdminOperation kCreateToken = {"POST", "/api/tokens/create",
                                     "Make a token; its secret is told once",
                                     CreateToken};
const AdminOperation kRevokeToken = {"POST", "/api/tokens/revoke",
                                     "End a token", RevokeToken};

void AddAdminRoutes(const Administered& what, http::Workers* workers,
                    http::Workers* patient, http::Router* router) {
  for (const AdminOperation* operation :
       {&kReadStats, &kListTokens, &kCreateToken, &kRevokeToken, &kCompactStore,
        &kCollectStore, &kCheckStore, &kRepairStore}) {
    http::RouteInfo info(operation->summary);
    info.Needs("admin");
    if (std::string(operation->method) == "POST") {
      info.Takes("application/json").Says(400, "The arguments are wrong.");
    }
    router->Add(operation->method, operation->path, std::move(info),
                [=](Exchange& exchange, const http::PathParameters&) {
                  return Answer(operation, what,
                                operation->takes_long ? patient : workers,
                                exchange);
                });
  }
}

}  // namespace ingot::api
