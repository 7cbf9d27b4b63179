// The routes that make and remove repositories (API.md, "Repositories").
//
// Thread-safety: as Router::Add; the handlers may run at once.

#ifndef INGOT_DAEMON_API_REPOSITORY_ROUTES_H_
#define INGOT_DAEMON_API_REPOSITORY_ROUTES_H_

#include "daemon/http/router.h"
#include "daemon/http/workers.h"
#include "daemon/store/store.h"

namespace ingot::api {

// Both must outlive the router.
void AddRepositoryRoutes(store::Store* store, http::Workers* workers,
                         http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_REPOSITORY_ROUTES_H_
