// A file of a repository's commit, for routes that hand out something of it.
//
// Thread-safety: coroutines of the exchange; functions without state.

#ifndef INGOT_DAEMON_API_HUB_FILE_H_
#define INGOT_DAEMON_API_HUB_FILE_H_

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "codec/result.h"
#include "codec/source.h"
#include "daemon/api/hub.h"
#include "daemon/api/hub_entries.h"

namespace ingot::api {

struct HubFile {
  Place place;
  HubEntry entry;
};

// The file that the path's `revision` and `path` name. Nothing: it is not
// there, or not for whoever sent the request, and that has been answered.
boost::asio::awaitable<std::optional<HubFile>> FindHubFile(
    http::Exchange& exchange, const Hub& hub, store::RepositoryName name,
    const http::PathParameters& path);

// Its entity tag, without quotes.
std::string TagOf(const HubEntry& file);

// What a file's answer has besides its bytes. Nothing that was uploaded may
// act as a page of this server in a browser.
http::Headers FileHeaders(const HubFile& found);

// Its bytes; where it is small, `file` has them, which must outlive the Source.
boost::asio::awaitable<Result<std::unique_ptr<Source>>> OpenEntry(
    const Hub& hub, const HubEntry& file);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HUB_FILE_H_
