#include "daemon/api/lfs_lock_routes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api/authenticate.h"
#include "daemon/api/hub_entries.h"
#include "daemon/api/json_body.h"
#include "daemon/api/lfs.h"
#include "daemon/http/target.h"
#include "daemon/store/locks.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::LockInfo;
using store::RepositoryName;

constexpr uint64_t kPageLocks = 100;
constexpr uint64_t kMaxPageLocks = 1000;

json LockJson(const LockInfo& info) {
  const store::Lock& lock = info.lock;
  return {{"id", std::to_string(info.number)},
          {"path", lock.path},
          {"locked_at", DateText(info.time / 1000)},
          {"owner",
           {{"name", lock.owner.empty() ? UserName(lock.token) : lock.owner}}}};
}

// As a tree has it, where clients write "./a//b".
std::string NormalPath(std::string_view path) {
  std::string normal;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (!part.empty() && part != ".") {
      if (!normal.empty()) normal += '/';
      normal += part;
    }
    at = end + 1;
  }
  return normal;
}

// Which locks a client asks for.
struct Page {
  uint64_t after = 0;
  uint64_t limit = kPageLocks;
};

std::optional<Page> ParsePage(const std::string& cursor,
                              const std::optional<uint64_t>& limit) {
  Page page;
  if (!cursor.empty()) {
    const auto after = http::ParseNumber(cursor);
    if (!after) return std::nullopt;
    page.after = *after;
  }
  if (limit) page.limit = std::clamp(*limit, uint64_t{1}, kMaxPageLocks);
  return page;
}

std::string QueryText(const Exchange& exchange, std::string_view name) {
  return std::string(exchange.request().target.Parameter(name).value_or(""));
}

// Who sent a request that may write, and where to.
struct Writer {
  store::RepositoryInfo repository;
  auth::Principal who;
  json body;
};

// Nothing: not so, and the request has been answered.
awaitable<std::optional<Writer>> FindWriter(const Hub& hub, Exchange& exchange,
                                            const RepositoryName& name) {
  Result<json> body = co_await ReadJson(exchange);
  auto repository = co_await FindLfsRepository(exchange, name, hub.store,
                                               auth::Right::kWrite);
  if (!repository) co_return std::nullopt;
  if (!body.ok()) {
    co_await RefuseLfsBody(exchange, body.error());
    co_return std::nullopt;
  }
  auto who = Authenticate(exchange.request(), hub.store->tokens());
  // It was somebody a moment ago.
  if (!who.ok()) {
    co_await RefuseLfs(exchange, 401, who.error().message);
    co_return std::nullopt;
  }
  Writer writer;
  writer.repository = std::move(*repository);
  writer.who = std::move(*who);
  writer.body = std::move(*body);
  co_return std::move(writer);
}

// What a request says about one lock.
struct Outcome {
  unsigned status = 200;
  std::optional<LockInfo> lock = {};
  std::string message = {};
};

// Of an error that is none of the outcomes.
Outcome Failure(const Exchange& exchange, const Error& error) {
  exchange.request().notes.cause = error.message;
  if (error.kind == ErrorKind::kResourceExhausted) {
    return {.status = 507, .message = "no space, or too many locks"};
  }
  return {.status = 500, .message = "internal error"};
}

awaitable<void> RespondLock(Exchange& exchange, const Outcome& outcome) {
  json body = json::object();
  if (outcome.lock) body["lock"] = LockJson(*outcome.lock);
  if (!outcome.message.empty()) body["message"] = outcome.message;
  co_await RespondLfs(exchange, outcome.status, body);
}

Outcome CreateLock(const Hub& hub, const Exchange& exchange,
                   const Writer& writer) {
  store::Locks& locks = hub.store->locks();
  const uint64_t repository = writer.repository.number;
  const store::Lock lock = {.path = NormalPath(TextOf(writer.body, "path")),
                            .token = writer.who.token,
                            .owner = writer.who.name};
  while (true) {
    auto made = locks.Create(repository, lock);
    if (made.ok()) return {.status = 201, .lock = std::move(*made)};
    switch (made.error().kind) {
      case ErrorKind::kInvalidArgument:
        return {.status = 422, .message = made.error().message};
      case ErrorKind::kNotFound:
        return {.status = 404, .message = "repository not found"};
      case ErrorKind::kConflict:
        break;
      default:
        return Failure(exchange, made.error());
    }
    auto there = locks.Find(repository, std::string_view(lock.path));
    if (!there.ok()) return Failure(exchange, there.error());
    // None: it has been ended meanwhile.
    if (*there) {
      return {.status = 409,
              .lock = std::move(*there),
              .message = "already created lock"};
    }
  }
}

awaitable<void> Create(const Hub& hub, Exchange& exchange, RepositoryName name,
                       const PathParameters&) {
  const auto writer = co_await FindWriter(hub, exchange, name);
  if (!writer) co_return;
  const auto create = [&] { return CreateLock(hub, exchange, *writer); };
  const Outcome outcome = co_await hub.workers->Run(create);
  co_await RespondLock(exchange, outcome);
}

Outcome RemoveLock(const Hub& hub, const Exchange& exchange,
                   const Writer& writer, const std::string& id) {
  store::Locks& locks = hub.store->locks();
  const uint64_t repository = writer.repository.number;
  const Outcome none = {.status = 404, .message = "lock not found"};
  const auto number = http::ParseNumber(id);
  if (!number) return none;
  auto found = locks.Find(repository, *number);
  if (!found.ok()) return Failure(exchange, found.error());
  if (!*found) return none;
  const RepositoryName& name = writer.repository.repository.name;
  const bool is_forced = writer.body.value("force", json()) == true;
  if ((*found)->lock.token != writer.who.token &&
      (!is_forced || !MayAccess(writer.who, auth::Right::kAdmin, name.space,
                                name.name, false))) {
    return {.status = 403,
            .message =
                "the lock is another's: who administers the repository "
                "may end it, with force"};
  }
  const Status removed = locks.Remove(repository, *number);
  if (removed.ok()) return {.lock = std::move(*found)};
  return removed.error().kind == ErrorKind::kNotFound
             ? none
             : Failure(exchange, removed.error());
}

awaitable<void> Unlock(const Hub& hub, Exchange& exchange, RepositoryName name,
                       const PathParameters& path) {
  const std::string id = ValueOf(path, "id");
  const auto writer = co_await FindWriter(hub, exchange, name);
  if (!writer) co_return;
  const auto remove = [&] { return RemoveLock(hub, exchange, *writer, id); };
  const Outcome outcome = co_await hub.workers->Run(remove);
  co_await RespondLock(exchange, outcome);
}

// A page, and where the next one begins, if there is one.
struct Listed {
  std::vector<LockInfo> locks;
  std::string next;
};

Result<Listed> ListPage(const Hub& hub, uint64_t repository, const Page& page) {
  Listed listed;
  INGOT_ASSIGN(listed.locks,
               hub.store->locks().List(repository, page.after, page.limit + 1));
  if (listed.locks.size() > page.limit) {
    listed.locks.pop_back();
    listed.next = std::to_string(listed.locks.back().number);
  }
  return listed;
}

// What a request asks for by its query.
struct Query {
  Page page;
  std::string path;
  std::string id;
};

Result<Listed> ListBy(const Hub& hub, uint64_t repository, const Query& query) {
  if (query.path.empty() && query.id.empty()) {
    return ListPage(hub, repository, query.page);
  }
  // One, if it is there.
  const auto number = http::ParseNumber(query.id);
  if (!query.id.empty() && !number) return Listed();
  std::optional<LockInfo> found;
  if (query.path.empty()) {
    INGOT_ASSIGN(found, hub.store->locks().Find(repository, *number));
  } else {
    const std::string path = NormalPath(query.path);
    INGOT_ASSIGN(found,
                 hub.store->locks().Find(repository, std::string_view(path)));
  }
  Listed listed;
  if (found && (!number || found->number == *number)) {
    listed.locks.push_back(std::move(*found));
  }
  return listed;
}

awaitable<void> RespondListed(Exchange& exchange, const Result<Listed>& listed,
                              const std::optional<uint64_t>& ours) {
  if (!listed.ok()) {
    exchange.request().notes.cause = listed.error().message;
    co_await RefuseLfs(exchange, 500, "internal error");
    co_return;
  }
  json all = json::array();
  json theirs = json::array();
  for (const LockInfo& info : listed->locks) {
    json& list = ours && info.lock.token != *ours ? theirs : all;
    list.push_back(LockJson(info));
  }
  json body = json::object();
  body[ours ? "ours" : "locks"] = std::move(all);
  if (ours) body["theirs"] = std::move(theirs);
  if (!listed->next.empty()) body["next_cursor"] = listed->next;
  co_await RespondLfs(exchange, 200, body);
}

awaitable<void> List(const Hub& hub, Exchange& exchange, RepositoryName name,
                     const PathParameters&) {
  const auto repository =
      co_await FindLfsRepository(exchange, name, hub.store, auth::Right::kRead);
  if (!repository) co_return;
  const std::string limit = QueryText(exchange, "limit");
  const auto number = http::ParseNumber(limit);
  const auto page = ParsePage(QueryText(exchange, "cursor"), number);
  if (!page || (!limit.empty() && !number)) {
    co_await RefuseLfs(exchange, 422, "expected a number and a cursor");
    co_return;
  }
  Query query;
  query.page = *page;
  query.path = QueryText(exchange, "path");
  query.id = QueryText(exchange, "id");
  const auto listed = ListBy(hub, repository->number, query);
  co_await RespondListed(exchange, listed, std::nullopt);
}

awaitable<void> Verify(const Hub& hub, Exchange& exchange, RepositoryName name,
                       const PathParameters&) {
  const auto writer = co_await FindWriter(hub, exchange, name);
  if (!writer) co_return;
  const json limit = writer->body.value("limit", json());
  std::optional<uint64_t> number;
  if (limit.is_number_unsigned()) number = limit.get<uint64_t>();
  const auto page = ParsePage(TextOf(writer->body, "cursor"), number);
  if (!page) {
    co_await RefuseLfs(exchange, 422, "not a cursor");
    co_return;
  }
  const auto listed = ListPage(hub, writer->repository.number, *page);
  co_await RespondListed(exchange, listed, writer->who.token);
}

}  // namespace

void AddLfsLockRoutes(const Hub& hub, http::Router* router) {
  const std::string locks = "/info/lfs/locks";
  AddContentRoute(router, "POST", locks,
                  http::RouteInfo("git-lfs: lock a path")
                      .Needs("write")
                      .Takes(kLfsType)
                      .Gives(kLfsType)
                      .Says(201, "The lock.")
                      .Says(409, "It is locked: the lock that is there.")
                      .Says(422, "No tree may hold such a path.")
                      .Says(507, "There is no space, or too many locks."),
                  Bind(hub, Create));
  AddContentRoute(router, "GET", locks,
                  http::RouteInfo("git-lfs: the locks")
                      .Needs("read")
                      .Query("path", "That of this path alone")
                      .Query("id", "This one alone")
                      .Query("cursor", "next_cursor of the page before")
                      .Query("limit", "At most as many: 100, up to 1,000")
                      .Gives(kLfsType),
                  Bind(hub, List));
  AddContentRoute(router, "POST", locks + "/verify",
                  http::RouteInfo("git-lfs: whose locks there are")
                      .Needs("write")
                      .Takes(kLfsType)
                      .Gives(kLfsType),
                  Bind(hub, Verify));
  AddContentRoute(router, "POST", locks + "/{id}/unlock",
                  http::RouteInfo("git-lfs: end a lock")
                      .Needs("write")
                      .Takes(kLfsType)
                      .Gives(kLfsType)
                      .Says(404, "There is none."),
                  Bind(hub, Unlock));
}

}  // namespace ingot::api
