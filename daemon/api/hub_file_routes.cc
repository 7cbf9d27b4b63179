#include "daemon/api/hub_file_routes.h"

#include <memory>
#include <utility>

#include "daemon/api/hub_file.h"
#include "daemon/http/content.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using store::RepositoryName;

// A file's bytes; of `raw`, those that git has: of large files the pointer.
awaitable<void> Download(const Hub& hub, bool raw, Exchange& exchange,
                         RepositoryName name, const PathParameters& path) {
  auto found = co_await FindHubFile(exchange, hub, name, path);
  if (!found) co_return;
  HubEntry& file = found->entry;
  if (raw) file.lfs.reset();
  http::Content content;
  content.etag = TagOf(file);
  content.headers = FileHeaders(*found);
  if (!file.lfs) content.type = "text/plain; charset=utf-8";
  auto source = co_await OpenEntry(hub, file);
  if (!source.ok()) {
    co_await http::RespondError(exchange, source.error());
    co_return;
  }
  content.source = std::move(*source);
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
