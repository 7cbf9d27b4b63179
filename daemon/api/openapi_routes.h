// GET /openapi.json: what routes there are, in OpenAPI 3.1, as they say of
// themselves when they are added.
//
// Thread-safety: as Router::Add; the handler may run at once.

#ifndef INGOT_DAEMON_API_OPENAPI_ROUTES_H_
#define INGOT_DAEMON_API_OPENAPI_ROUTES_H_

#include <string>

#include "daemon/http/router.h"

namespace ingot::api {

// The document, of all routes that `router` has.
std::string OpenApiOf(const http::Router& router);

// Those added later are in the document, too.
void AddOpenApiRoutes(http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_OPENAPI_ROUTES_H_
