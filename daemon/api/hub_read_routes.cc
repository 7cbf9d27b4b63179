#include "daemon/api/hub_read_routes.h"

#include <algorithm>
#include <utility>

#include "daemon/api/hub_entries.h"
#include "daemon/api/hub_links.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using nlohmann::json;
using store::GitId;
using store::History;
using store::RepositoryName;

constexpr size_t kCommitPage = 50;
constexpr size_t kMaxCommitPage = 1000;
constexpr size_t kMaxSiblings = 50'000;

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
      1, NumberParameter(exchange, "limit", kCommitPage, kMaxCommitPage));
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
  json answer = RepositoryJson(info);
  answer["disabled"] = false;
  answer["siblings"] = json::array();
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
  const http::RouteInfo info = ReadInfo("A repository and its files")
                                   .Query("blobs", "Sizes, too, if true");
  AddApiRoute(router, "GET", "/revision/{revision}", info,
              Bind(hub, RepositoryInfo));
  AddApiRoute(router, "GET", "/commits/{revision}",
              ReadInfo("A revision's history")
                  .Query("p", "Which page")
                  .Query("limit", "How many"),
              Bind(hub, Commits));
  AddApiRoute(router, "GET", "/refs", ReadInfo("Branches and tags"),
              Bind(hub, Refs));
  AddApiRoute(router, "GET", "", info, Bind(hub, RepositoryInfo));
}

}  // namespace ingot::api
