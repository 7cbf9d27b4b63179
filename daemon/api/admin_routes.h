// What administrators do to a store, each once: a route of the daemon, and a
// function for whoever has the store open. Arguments and answers are JSON
// (API.md, "Administration").
//
// Thread-safety: operations may run at once; they wait for the disk.

#ifndef INGOT_DAEMON_API_ADMIN_ROUTES_H_
#define INGOT_DAEMON_API_ADMIN_ROUTES_H_

#include <functional>
#include <nlohmann/json.hpp>

#include "codec/result.h"
#include "daemon/http/router.h"
#include "daemon/http/workers.h"
#include "daemon/store/store.h"

namespace ingot::api {

// Asked now and then by what takes long, from another thread: whether to give
// up, with kCancelled.
using Stop = std::function<bool()>;

struct AdminOperation {
  const char* method;
  const char* path;
  const char* summary;
  Result<nlohmann::json> (*run)(store::Store* store,
                                const nlohmann::json& arguments,
                                const Stop& stop);
};

extern const AdminOperation kReadStats;
extern const AdminOperation kListTokens;
extern const AdminOperation kCreateToken;
extern const AdminOperation kRevokeToken;
extern const AdminOperation kCheckStore;

// Both must outlive the router.
void AddAdminRoutes(store::Store* store, http::Workers* workers,
                    http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_ADMIN_ROUTES_H_
