#include "daemon/api/hub_read_routes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/api/hub_entries.h"
#include "daemon/api/hub_links.h"
#include "daemon/api/json_body.h"
#include "daemon/http/content.h"
#include "daemon/ingest/stored_file.h"

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
constexpr size_t kCommitPage = 50;
constexpr size_t kMaxPaths = 1000;
constexpr size_t kMaxSiblings = 50'000;
// Commits that are looked at for a file's last change.
constexpr size_t kMaxHistory = 1000;

// A repository and one of its commits.
struct Place {
  store::RepositoryInfo repository;
  GitId commit;
};

awaitable<std::optional<Place>> FindPlace(Exchange& exchange, const Hub& hub,
                                          const RepositoryName& name,
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

Result<std::optional<HubEntry>> FindFile(store::Store* store,
                                         const Place& place,
                                         const std::string& path) {
  const History history(&store->repositories(), place.repository.number);
  INGOT_ASSIGN(const store::GitCommit commit, history.ReadCommit(place.commit));
  INGOT_ASSIGN(const auto entry, history.FindPath(commit.tree, path));
  if (!entry || entry->is_tree()) return std::optional<HubEntry>();
  INGOT_ASSIGN(HubEntry file,
               DescribeEntry(store, place.repository.number, path, *entry));
  return std::optional(std::move(file));
}

http::Headers CommitHeader(const GitId& commit) {
  http::Headers headers;
  headers.emplace_back("X-Repo-Commit", ToHex(commit));
  return headers;
}

// What a file's answer has besides its bytes. Nothing that was uploaded may
// act as a page of this server in a browser.
http::Headers FileHeaders(const Place& place, const HubEntry& file,
                          const std::string& etag) {
  const std::string name = file.path.substr(file.path.rfind('/') + 1);
  http::Headers headers = CommitHeader(place.commit);
  if (file.lfs) {
    headers.emplace_back("X-Linked-Size", std::to_string(file.size));
    headers.emplace_back("X-Linked-Etag", "\"" + etag + "\"");
  }
  headers.emplace_back("Content-Disposition",
                       "inline; filename*=UTF-8''" + Escaped(name));
  headers.emplace_back("Content-Security-Policy",
                       "default-src 'none'; sandbox");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  return headers;
}

// A file's bytes; of `raw`, those that git has: of large files the pointer.
awaitable<void> Download(const Hub& hub, bool raw, Exchange& exchange,
                         RepositoryName name, const PathParameters& path) {
  const auto place =
      co_await FindPlace(exchange, hub, name, ValueOf(path, "revision"));
  if (!place) co_return;
  Result<std::optional<HubEntry>> found =
      FindFile(hub.store, *place, ValueOf(path, "path"));
  if (!found.ok()) {
    co_await http::RespondError(exchange, found.error());
    co_return;
  }
  if (!*found) {
    co_await RespondHubError(exchange, 404, "EntryNotFound", "file not found",
                             CommitHeader(place->commit));
    co_return;
  }
  HubEntry& file = **found;
  if (raw) file.lfs.reset();
  http::Content content;
  content.etag = file.lfs ? ToHex(file.lfs->file) : ToHex(file.entry.id);
  content.headers = FileHeaders(*place, file, content.etag);
  if (file.lfs) {
    const Digest digest = file.lfs->file;
    const auto open = [&hub, digest] { return hub.files->Open(digest); };
    auto source = co_await hub.workers->Run(open);
    if (!source.ok()) {
      co_await http::RespondError(exchange, source.error());
      co_return;
    }
    content.source = std::move(*source);
  } else {
    content.source = MakeMemorySource(file.blob.bytes);
    content.type = "text/plain; charset=utf-8";
  }
  co_await http::RespondContent(exchange, hub.workers, std::move(content));
}

// Adds "lastCommit" to those that `paths` names.
Status AddLastCommits(const History& history, const GitId& commit,
                      const std::vector<std::string>& paths, json* entries) {
  INGOT_ASSIGN(const auto changes,
               history.LastChanges(commit, paths, kMaxHistory));
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

struct CommitsQuery {
  size_t skip = 0;
  size_t limit = kCommitPage;
};

struct CommitsPage {
  json commits = json::array();
  bool more = false;
};

Result<CommitsPage> ListCommits(store::Store* store, const Place& place,
                                const CommitsQuery& query) {
  const History history(&store->repositories(), place.repository.number);
  CommitsPage page;
  std::optional<GitId> at = place.commit;
  for (size_t i = 0; at; ++i) {
    if (page.commits.size() == query.limit) {
      page.more = true;
      break;
    }
    INGOT_ASSIGN(const store::GitCommit commit, history.ReadCommit(*at));
    if (i >= query.skip) {
      page.commits.push_back({{"id", ToHex(*at)},
                              {"title", commit.Title()},
                              {"message", commit.Body()},
                              {"date", DateText(commit.seconds)},
                              {"authors", {{{"user", commit.author}}}}});
    }
    at = commit.parents.empty() ? std::nullopt
                                : std::optional(commit.parents.front());
  }
  return page;
}

awaitable<void> Commits(const Hub& hub, Exchange& exchange, RepositoryName name,
                        const PathParameters& path) {
  const auto place =
      co_await FindPlace(exchange, hub, name, ValueOf(path, "revision"));
  if (!place) co_return;
  const size_t page_number = NumberParameter(exchange, "p", 0, 10'000);
  CommitsQuery query;
  query.limit = std::max<size_t>(
      1, NumberParameter(exchange, "limit", kCommitPage, kTreePage));
  query.skip = page_number * query.limit;
  const auto list = [&] { return ListCommits(hub.store, *place, query); };
  const auto page = co_await hub.workers->Run(list);
  if (!page.ok()) {
    co_await http::RespondError(exchange, page.error());
  } else if (page->more) {
    co_await RespondHub(
        exchange, page->commits,
        NextPage(exchange, "p", std::to_string(page_number + 1)));
  } else {
    co_await RespondHub(exchange, page->commits);
  }
}

// What there is to say of a repository at a commit; without one: it has none.
Result<json> DescribeRepository(store::Store* store,
                                const store::RepositoryInfo& info,
                                const std::optional<GitId>& at, bool blobs) {
  const RepositoryName& name = info.repository.name;
  json answer = {{"_id", std::to_string(info.number)},
                 {"id", IdOf(name)},
                 {"author", name.space},
                 {"private", info.repository.is_private},
                 {"gated", false},
                 {"disabled", false},
                 {"downloads", 0},
                 {"likes", 0},
                 {"tags", json::array()},
                 {"createdAt", DateText(info.created / 1000)},
                 {"lastModified", DateText(info.created / 1000)},
                 {"siblings", json::array()}};
  if (name.kind == store::RepositoryKind::kModel) {
    answer["modelId"] = IdOf(name);
  }
  if (!at) return answer;
  const History history(&store->repositories(), info.number);
  INGOT_ASSIGN(const store::GitCommit commit, history.ReadCommit(*at));
  answer["sha"] = ToHex(*at);
  answer["lastModified"] = DateText(commit.seconds);
  json& siblings = answer["siblings"];
  INGOT_TRY(history.Walk(
      commit.tree, {.recursive = true},
      [&](const std::string& path,
          const store::TreeEntry& entry) -> Result<bool> {
        if (entry.is_tree()) return true;
        if (siblings.size() == kMaxSiblings) {
          return Error{ErrorKind::kInvalidArgument,
                       "more than " + std::to_string(kMaxSiblings) +
                           " files: ask for the tree, page by page"};
        }
        json file = {{"rfilename", path}};
        if (blobs) {
          INGOT_ASSIGN(const HubEntry described,
                       DescribeEntry(store, info.number, path, entry));
          file["size"] = described.size;
          file["blobId"] = ToHex(entry.id);
          if (described.lfs) {
            file["lfs"] = {{"sha256", ToHex(described.lfs->file)},
                           {"size", described.size},
                           {"pointerSize", described.blob.bytes.size()}};
          }
        }
        siblings.push_back(std::move(file));
        return true;
      }));
  return answer;
}

awaitable<void> RepositoryInfo(const Hub& hub, Exchange& exchange,
                               RepositoryName name,
                               const PathParameters& path) {
  const auto repository =
      co_await FindHubRepository(exchange, hub.store, name, auth::Right::kRead);
  if (!repository) co_return;
  const std::string revision = ValueOf(path, "revision");
  std::optional<GitId> commit;
  if (revision.empty()) {
    // One without a commit is a repository all the same.
    const History history(&hub.store->repositories(), repository->number);
    const auto found = history.Resolve(store::kMainBranch);
    if (found.ok()) commit = *found;
  } else {
    commit = co_await FindRevision(exchange, hub.store, repository->number,
                                   revision);
    if (!commit) co_return;
  }
  const bool blobs = IsSet(exchange, "blobs");
  const auto describe = [&] {
    return DescribeRepository(hub.store, *repository, commit, blobs);
  };
  const auto answer = co_await hub.workers->Run(describe);
  if (answer.ok()) {
    co_await RespondHub(exchange, *answer);
  } else {
    co_await http::RespondError(exchange, answer.error());
  }
}

Result<json> ListRefs(store::Store* store, uint64_t repository) {
  INGOT_ASSIGN(const auto refs, store->repositories().ListRefs(repository));
  json answer = {{"branches", json::array()},
                 {"tags", json::array()},
                 {"converts", json::array()},
                 {"pullRequests", json::array()}};
  for (const auto& [ref, commit] : refs) {
    for (const auto& [prefix, list] :
         {std::pair<std::string_view, const char*>{"refs/heads/", "branches"},
          {"refs/tags/", "tags"}}) {
      if (!ref.starts_with(prefix)) continue;
      answer[list].push_back({{"name", ref.substr(prefix.size())},
                              {"ref", ref},
                              {"targetCommit", ToHex(commit)}});
    }
  }
  return answer;
}

awaitable<void> Refs(const Hub& hub, Exchange& exchange, RepositoryName name,
                     const PathParameters&) {
  const auto repository =
      co_await FindHubRepository(exchange, hub.store, name, auth::Right::kRead);
  if (!repository) co_return;
  const auto answer = ListRefs(hub.store, repository->number);
  if (answer.ok()) {
    co_await RespondHub(exchange, *answer);
  } else {
    co_await http::RespondError(exchange, answer.error());
  }
}

}  // namespace

void AddHubReadRoutes(const Hub& hub, http::Router* router) {
  for (const bool raw : {false, true}) {
    AddContentRoute(
        router, "GET",
        std::string(raw ? "/raw" : "/resolve") + "/{revision}/{path*}",
        http::RouteInfo(raw ? "A file as git has it"
                            : "A file, or ranges of it")
            .Needs("read")
            .Gives("application/octet-stream")
            .Says(206, "The ranges asked for.")
            .Says(304, "The client has it.")
            .Says(404, "X-Error-Code tells what there is none of.")
            .Says(416, "No range lies within."),
        [hub, raw](Exchange& exchange, RepositoryName name,
                   const PathParameters& path) {
          return Download(hub, raw, exchange, std::move(name), path);
        });
  }
  const auto read = [](const char* summary) {
    return http::RouteInfo(summary).Needs("read").Says(
        404, "X-Error-Code tells what there is none of.");
  };
  const http::RouteInfo info =
      read("A repository and its files").Query("blobs", "Sizes, too, if true");
  AddApiRoute(router, "GET", "/revision/{revision}", info,
              Bind(hub, RepositoryInfo));
  const http::RouteInfo tree =
      read("What is in a folder")
          .Query("recursive", "In the folders in it, too, if true")
          .Query("expand", "The last commit of each, too, if true")
          .Query("limit", "How many")
          .Query("cursor", "Where the page before ended");
  AddApiRoute(router, "GET", "/tree/{revision}", tree, Bind(hub, Tree));
  AddApiRoute(router, "GET", "/tree/{revision}/{path*}", tree, Bind(hub, Tree));
  AddApiRoute(router, "POST", "/paths-info/{revision}",
              read("What lies at some paths").Takes("application/json"),
              Bind(hub, PathsInfo));
  AddApiRoute(router, "GET", "/commits/{revision}",
              read("A revision's history")
                  .Query("p", "Which page")
                  .Query("limit", "How many"),
              Bind(hub, Commits));
  AddApiRoute(router, "GET", "/refs", read("Branches and tags"),
              Bind(hub, Refs));
  AddApiRoute(router, "GET", "", info, Bind(hub, RepositoryInfo));
}

}  // namespace ingot::api
