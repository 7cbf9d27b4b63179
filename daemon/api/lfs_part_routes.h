// Uploads in parts: receives them and puts them together (API.md, "git-lfs").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_LFS_PART_ROUTES_H_
#define INGOT_DAEMON_API_LFS_PART_ROUTES_H_

#include "daemon/api/hub.h"

namespace ingot::api {

void AddLfsPartRoutes(const Hub& hub, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_LFS_PART_ROUTES_H_
