// The routes of the Hub's face by which folders and paths are looked at
// (API.md, "The Hub").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_HUB_TREE_ROUTES_H_
#define INGOT_DAEMON_API_HUB_TREE_ROUTES_H_

#include "daemon/api/hub.h"

namespace ingot::api {

void AddHubTreeRoutes(const Hub& hub, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HUB_TREE_ROUTES_H_
