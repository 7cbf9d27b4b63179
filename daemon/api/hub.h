// What the routes of the Hugging Face Hub's face have in common: where a
// repository is in a path, who may have it, and how errors look (API.md, "The
// Hub").
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_API_HUB_H_
#define INGOT_DAEMON_API_HUB_H_

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "codec/result.h"
#include "daemon/api/multipart_uploads.h"
#include "daemon/api/url_signer.h"
#include "daemon/auth/access.h"
#include "daemon/http/exchange.h"
#include "daemon/http/router.h"
#include "daemon/http/workers.h"
#include "daemon/ingest/stored_file.h"
#include "daemon/store/history.h"
#include "daemon/store/store.h"

namespace ingot::api {

// What the handlers work with; all outlive the router.
struct Hub {
  store::Store* store = nullptr;
  const ingest::StoredFiles* files = nullptr;
  http::Workers* workers = nullptr;
  const UrlSigner* signer = nullptr;
  MultipartUploads* multipart = nullptr;
};

// The name is a value, since a coroutine outlives the call that began it.
using HubHandler = std::function<boost::asio::awaitable<void>(
    http::Exchange&, store::RepositoryName, const http::PathParameters&)>;

// A handler that is a function of a Hub, too.
HubHandler Bind(const Hub& hub,
                boost::asio::awaitable<void> (*handler)(
                    const Hub&, http::Exchange&, store::RepositoryName,
                    const http::PathParameters&));

// Adds a route for repositories of all kinds, with a namespace and without.
// `suffix`: what follows the repository in the path, such as
// "/resolve/{revision}/{path*}"; below /api/models/ and its like for the
// second, below /api/ingot/models/ for the third.
void AddContentRoute(http::Router* router, const std::string& method,
                     const std::string& suffix, const http::RouteInfo& info,
                     const HubHandler& handler);
void AddApiRoute(http::Router* router, const std::string& method,
                 const std::string& suffix, const http::RouteInfo& info,
                 const HubHandler& handler);

void AddNativeRoute(http::Router* router, const std::string& method,
                    const std::string& suffix, const http::RouteInfo& info,
                    const HubHandler& handler);

// "https://HOST", as clients call this server.
std::string OriginOf(const http::Exchange& exchange);
// "models", "datasets" or "spaces".
std::string_view PluralOf(store::RepositoryKind kind);
// "NAMESPACE/NAME", or the name alone.
std::string IdOf(const store::RepositoryName& name);
// Who commits to it: the namespace.
std::string AuthorOf(const store::RepositoryName& name);
// What a token's owner is called: "token-7"; "local" for 0, who has none.
std::string UserName(uint64_t token);
// Below the origin: "datasets/NAMESPACE/NAME".
std::string PagePath(const store::RepositoryName& name);

// `code`: what clients tell errors apart by, such as "EntryNotFound".
boost::asio::awaitable<Status> RespondHubError(http::Exchange& exchange,
                                               unsigned status,
                                               std::string_view code,
                                               std::string message,
                                               http::Headers headers = {});
boost::asio::awaitable<Status> RespondHub(http::Exchange& exchange,
                                          const nlohmann::json& body,
                                          http::Headers headers = {});

// The repository, if whoever sent the request may have it so. Nothing: not so,
// and the request has been answered.
boost::asio::awaitable<std::optional<store::RepositoryInfo>> FindHubRepository(
    http::Exchange& exchange, store::Store* store,
    const store::RepositoryName& name, auth::Right right);

// Its commit of that revision; answered likewise.
boost::asio::awaitable<std::optional<store::GitId>> FindRevision(
    http::Exchange& exchange, store::Store* store, uint64_t repository,
    const std::string& revision);

// A repository and one of its commits; answered likewise.
struct Place {
  store::RepositoryInfo repository;
  store::GitId commit;
};
boost::asio::awaitable<std::optional<Place>> FindPlace(
    http::Exchange& exchange, const Hub& hub, const store::RepositoryName& name,
    const std::string& revision);

// A segment that the pattern names; empty where it does not.
std::string ValueOf(const http::PathParameters& path, std::string_view name);
// Whether a parameter of the query is true.
bool IsSet(const http::Exchange& exchange, std::string_view parameter);
// X-Repo-Commit.
http::Headers CommitHeader(const store::GitId& commit);
// Of a route that reads what a repository has.
http::RouteInfo ReadInfo(const char* summary);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HUB_H_
