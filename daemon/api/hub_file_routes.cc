#include "daemon/api/hub_file_routes.h"

#include <memory>
#include <utility>

#include "daemon/api/hub_entries.h"
#include "daemon/api/hub_links.h"
#include "daemon/http/content.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using store::History;
using store::RepositoryName;

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

}  // namespace

void AddHubFileRoutes(const Hub& hub, http::Router* router) {
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
}

}  // namespace ingot::api
