#include "daemon/api/hub_tree_routes.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "daemon/api/hub_entries.h"
#include "daemon/api/hub_links.h"
#include "daemon/api/json_body.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::GitId;
using store::History;
using store::RepositoryName;

constexpr size_t kTreePage = 1000;
constexpr size_t kExpandedTreePage = 50;
constexpr size_t kMaxPaths = 1000;
// Commits that are looked at for a file's last change, and files times commits
// that one request may cost.
constexpr size_t kMaxHistory = 1000;
constexpr size_t kMaxLookups = 50'000;

// Adds "lastCommit" to those that `paths` names.
Status AddLastCommits(const History& history, const GitId& commit,
                      const std::vector<std::string>& paths, json* entries) {
  const size_t limit =
      std::min(kMaxHistory, kMaxLookups / std::max<size_t>(1, paths.size()));
  INGOT_ASSIGN(const auto changes, history.LastChanges(commit, paths, limit));
  std::map<GitId, json> commits;
  for (json& entry : *entries) {
    const auto change = changes.find(entry["path"].get<std::string>());
    if (change == changes.end()) continue;
    auto known = commits.find(change->second);
    if (known == commits.end()) {
      INGOT_ASSIGN(json described, CommitJson(history, change->second));
      known = commits.emplace(change->second, std::move(described)).first;
    }
    entry["lastCommit"] = known->second;
  }
  return {};
}

struct TreePage {
  json entries = json::array();
  std::string next;  // cursor; empty: there is no more
};

struct TreeQuery {
  std::string folder;
  bool recursive = false;
  bool expand = false;
  size_t limit = kTreePage;
  std::string after;
};

// Nothing where there is no such folder.
Result<std::optional<TreePage>> ListTree(store::Store* store,
                                         const Place& place,
                                         const TreeQuery& query) {
  const uint64_t number = place.repository.number;
  const History history(&store->repositories(), number);
  INGOT_ASSIGN(const store::GitCommit commit, history.ReadCommit(place.commit));
  INGOT_ASSIGN(const auto folder, history.FindPath(commit.tree, query.folder));
  if (!folder || !folder->is_tree()) return std::optional<TreePage>();
  TreePage page;
  std::vector<std::string> paths;
  std::string last;
  INGOT_TRY(history.Walk(folder->id,
                         {.folder = query.folder,
                          .recursive = query.recursive,
                          .after = query.after},
                         [&](const std::string& path,
                             const store::TreeEntry& entry) -> Result<bool> {
                           if (paths.size() == query.limit) {
                             page.next = last;
                             return false;
                           }
                           INGOT_ASSIGN(
                               const HubEntry described,
                               DescribeEntry(store, number, path, entry));
                           page.entries.push_back(ToJson(described));
                           paths.push_back(path);
                           last = entry.is_tree() ? path + "/" : path;
                           return true;
                         }));
  if (query.expand) {
    INGOT_TRY(AddLastCommits(history, place.commit, paths, &page.entries));
  }
  return std::optional(std::move(page));
}

awaitable<void> Tree(const Hub& hub, Exchange& exchange, RepositoryName name,
                     const PathParameters& path) {
  const auto place =
      co_await FindPlace(exchange, hub, name, ValueOf(path, "revision"));
  if (!place) co_return;
  TreeQuery query;
  query.folder = ValueOf(path, "path");
  query.recursive = IsSet(exchange, "recursive");
  query.expand = IsSet(exchange, "expand");
  const size_t most = query.expand ? kExpandedTreePage : kTreePage;
  query.limit =
      std::max<size_t>(1, NumberParameter(exchange, "limit", most, most));
  query.after = exchange.request().target.Parameter("cursor").value_or("");
  const auto list = [&] { return ListTree(hub.store, *place, query); };
  const auto page = co_await hub.workers->Run(list);
  if (!page.ok()) {
    co_await http::RespondError(exchange, page.error());
  } else if (!*page) {
    co_await RespondHubError(exchange, 404, "EntryNotFound", "folder not found",
                             CommitHeader(place->commit));
  } else if ((*page)->next.empty()) {
    co_await RespondHub(exchange, (*page)->entries);
  } else {
    co_await RespondHub(exchange, (*page)->entries,
                        NextPage(exchange, "cursor", (*page)->next));
  }
}

struct PathsQuery {
  std::vector<std::string> paths;
  bool expand = false;
};

// A form, as Python's client sends it, or JSON.
Result<PathsQuery> ParsePaths(const std::string& body, bool is_json) {
  PathsQuery query;
  if (is_json) {
    const json parsed = json::parse(body, nullptr, false);
    const json paths =
        parsed.is_object() ? parsed.value("paths", json()) : json();
    if (!paths.is_array()) return InvalidArgument("expected paths");
    for (const json& path : paths) {
      if (!path.is_string()) return InvalidArgument("expected paths");
      query.paths.push_back(path.get<std::string>());
    }
    query.expand = parsed.value("expand", json()) == true;
  } else {
    INGOT_ASSIGN(const auto form, http::ParseForm(body));
    for (const auto& [key, value] : form) {
      if (key == "paths") query.paths.push_back(value);
      if (key == "expand") query.expand = value == "True" || value == "true";
    }
  }
  if (query.paths.size() > kMaxPaths) {
    return InvalidArgument("paths: more than " + std::to_string(kMaxPaths));
  }
  return query;
}

// Those that exist, in the order in which they were asked for.
Result<json> DescribePaths(store::Store* store, const Place& place,
                           const PathsQuery& query) {
  const uint64_t number = place.repository.number;
  const History history(&store->repositories(), number);
  INGOT_ASSIGN(const store::GitCommit commit, history.ReadCommit(place.commit));
  json entries = json::array();
  for (const std::string& path : query.paths) {
    INGOT_ASSIGN(const auto entry, history.FindPath(commit.tree, path));
    if (!entry || path.empty()) continue;
    INGOT_ASSIGN(const HubEntry described,
                 DescribeEntry(store, number, path, *entry));
    entries.push_back(ToJson(described));
  }
  if (query.expand) {
    INGOT_TRY(AddLastCommits(history, place.commit, query.paths, &entries));
  }
  return entries;
}

awaitable<void> PathsInfo(const Hub& hub, Exchange& exchange,
                          RepositoryName name, const PathParameters& path) {
  const auto place =
      co_await FindPlace(exchange, hub, name, ValueOf(path, "revision"));
  if (!place) co_return;
  const Result<std::string> body = co_await ReadText(exchange);
  if (!body.ok()) {
    co_await http::RespondError(exchange, body.error());
    co_return;
  }
  const bool is_json = exchange.request()
                           .Header("Content-Type")
                           .value_or("")
                           .starts_with("application/json");
  const Result<PathsQuery> query = ParsePaths(*body, is_json);
  if (!query.ok()) {
    co_await http::RespondError(exchange, query.error());
    co_return;
  }
  const auto describe = [&] {
    return DescribePaths(hub.store, *place, *query);
  };
  const auto entries = co_await hub.workers->Run(describe);
  if (entries.ok()) {
    co_await RespondHub(exchange, *entries);
  } else {
    co_await http::RespondError(exchange, entries.error());
  }
}

}  // namespace

void AddHubTreeRoutes(const Hub& hub, http::Router* router) {
  const http::RouteInfo tree =
      ReadInfo("What is in a folder")
          .Query("recursive", "In the folders in it, too, if true")
          .Query("expand", "The last commit of each, too, if true")
          .Query("limit", "How many")
          .Query("cursor", "Where the page before ended");
  AddApiRoute(router, "GET", "/tree/{revision}", tree, Bind(hub, Tree));
  AddApiRoute(router, "GET", "/tree/{revision}/{path*}", tree, Bind(hub, Tree));
  AddApiRoute(router, "POST", "/paths-info/{revision}",
              ReadInfo("What lies at some paths").Takes("application/json"),
              Bind(hub, PathsInfo));
}

}  // namespace ingot::api
