// What the routes of git-lfs have in common: how answers look, and which
// repository a request is about (API.md, "git-lfs").
//
// Thread-safety: coroutines of the exchange; functions without state.

#ifndef INGOT_DAEMON_API_LFS_H_
#define INGOT_DAEMON_API_LFS_H_

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "codec/result.h"
#include "daemon/api/hub.h"
#include "daemon/auth/access.h"
#include "daemon/http/exchange.h"
#include "daemon/store/store.h"

namespace ingot::api {

inline constexpr const char* kLfsType = "application/vnd.git-lfs+json";

boost::asio::awaitable<Status> RespondLfs(http::Exchange& exchange,
                                          unsigned status,
                                          const nlohmann::json& body);
boost::asio::awaitable<Status> RefuseLfs(http::Exchange& exchange,
                                         unsigned status,
                                         const std::string& message);

// Of a body that ReadJson did not take.
boost::asio::awaitable<Status> RefuseLfsBody(http::Exchange& exchange,
                                             const Error& error);

// "name" of "name.git", as paths have it; nothing for other names.
std::optional<store::RepositoryName> WithoutSuffix(store::RepositoryName name);

// The repository of a path, if whoever sent the request may have it so.
// Nothing: not so, and the request has been answered.
boost::asio::awaitable<std::optional<store::RepositoryInfo>> FindLfsRepository(
    http::Exchange& exchange, const store::RepositoryName& path_name,
    store::Store* store, auth::Right right);

// "http://HOST/NAMESPACE/NAME.git/info/lfs".
std::string LfsUrl(const http::Exchange& exchange,
                   const store::RepositoryName& name);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_LFS_H_
