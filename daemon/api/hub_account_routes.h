// The routes of the Hub's face that are about who asks and which repositories
// there are (API.md, "The Hub").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_HUB_ACCOUNT_ROUTES_H_
#define INGOT_DAEMON_API_HUB_ACCOUNT_ROUTES_H_

#include "daemon/api/hub.h"

namespace ingot::api {

void AddHubAccountRoutes(const Hub& hub, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HUB_ACCOUNT_ROUTES_H_
