// Ingot's own routes: tensors by name, what files were coded against, and files
// as containers, both ways (API.md, "Native").
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_API_NATIVE_ROUTES_H_
#define INGOT_DAEMON_API_NATIVE_ROUTES_H_

#include "daemon/api/hub.h"
#include "daemon/http/router.h"

namespace ingot::api {

inline constexpr const char* kContainerType = "application/x-ingot";

// What `hub` points to must outlive the router.
void AddNativeRoutes(const Hub& hub, http::Router* router);

// The parts of these.
void AddNativeTensorRoutes(const Hub& hub, http::Router* router);
void AddNativeContainerRoutes(const Hub& hub, http::Router* router);
void AddNativeUploadRoutes(const Hub& hub, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_NATIVE_ROUTES_H_
