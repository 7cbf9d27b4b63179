// The routes of the Hub's face that make and remove branches and tags (API.md,
// "The Hub").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_HUB_REF_ROUTES_H_
#define INGOT_DAEMON_API_HUB_REF_ROUTES_H_

#include "daemon/api/hub.h"

namespace ingot::api {

void AddHubRefRoutes(const Hub& hub, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HUB_REF_ROUTES_H_
