// The git-lfs face: batch, basic transfers and verification (API.md,
// "git-lfs").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_LFS_ROUTES_H_
#define INGOT_DAEMON_API_LFS_ROUTES_H_

#include "daemon/api/hub.h"

namespace ingot::api {

void AddLfsRoutes(const Hub& hub, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_LFS_ROUTES_H_
