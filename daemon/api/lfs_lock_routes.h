// git-lfs's locks: made, listed, verified before a push, and ended (API.md,
// "git-lfs").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_LFS_LOCK_ROUTES_H_
#define INGOT_DAEMON_API_LFS_LOCK_ROUTES_H_

#include "daemon/api/hub.h"

namespace ingot::api {

void AddLfsLockRoutes(const Hub& hub, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_LFS_LOCK_ROUTES_H_
