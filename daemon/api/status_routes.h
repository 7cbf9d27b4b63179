// The routes that say how the daemon is (API.md, "Routes").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_STATUS_ROUTES_H_
#define INGOT_DAEMON_API_STATUS_ROUTES_H_

#include "daemon/http/router.h"

namespace ingot::api {

void AddStatusRoutes(http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_STATUS_ROUTES_H_
