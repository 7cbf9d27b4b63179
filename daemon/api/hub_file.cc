#include "daemon/api/hub_file.h"

#include <utility>

#include "daemon/api/hub_links.h"
#include "daemon/store/history.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using store::History;

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

}  // namespace

awaitable<std::optional<HubFile>> FindHubFile(Exchange& exchange,
                                              const Hub& hub,
                                              store::RepositoryName name,
                                              const PathParameters& path) {
  auto place =
      co_await FindPlace(exchange, hub, name, ValueOf(path, "revision"));
  if (!place) co_return std::nullopt;
  Result<std::optional<HubEntry>> found =
      FindFile(hub.store, *place, ValueOf(path, "path"));
  if (!found.ok()) {
    co_await http::RespondError(exchange, found.error());
    co_return std::nullopt;
  }
  if (!*found) {
    co_await RespondHubError(exchange, 404, "EntryNotFound", "file not found",
                             CommitHeader(place->commit));
    co_return std::nullopt;
  }
  co_return HubFile{std::move(*place), std::move(**found)};
}

std::string TagOf(const HubEntry& file) {
  return file.lfs ? ToHex(file.lfs->file) : ToHex(file.entry.id);
}

http::Headers FileHeaders(const HubFile& found) {
  const HubEntry& file = found.entry;
  const std::string name = file.path.substr(file.path.rfind('/') + 1);
  http::Headers headers = CommitHeader(found.place.commit);
  if (file.lfs) {
    headers.emplace_back("X-Linked-Size", std::to_string(file.size));
    headers.emplace_back("X-Linked-Etag", "\"" + TagOf(file) + "\"");
  }
  headers.emplace_back("Content-Disposition",
                       "inline; filename*=UTF-8''" + Escaped(name));
  headers.emplace_back("Content-Security-Policy",
                       "default-src 'none'; sandbox");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  return headers;
}

awaitable<Result<std::unique_ptr<Source>>> OpenEntry(const Hub& hub,
                                                     const HubEntry& file) {
  if (!file.lfs) co_return MakeMemorySource(file.blob.bytes);
  const Digest digest = file.lfs->file;
  const auto open = [&hub, digest] { return hub.files->Open(digest); };
  co_return co_await hub.workers->Run(open);
}

}  // namespace ingot::api
