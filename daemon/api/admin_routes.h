// What administrators do to a store, each once: a route of the daemon, and a
// function for whoever has the store open. Arguments and answers are JSON
// (API.md, "Administration").
//
// Thread-safety: operations may run at once; they wait for the disk, and those
// that take long for each other.

#ifndef INGOT_DAEMON_API_ADMIN_ROUTES_H_
#define INGOT_DAEMON_API_ADMIN_ROUTES_H_

#include <nlohmann/json.hpp>

#include "codec/result.h"
#include "daemon/http/router.h"
#include "daemon/http/workers.h"
#include "daemon/ingest/maintenance.h"
#include "daemon/store/store.h"

namespace ingot::api {

// What is administered.
struct Administered {
  store::Store* store = nullptr;
  ingest::Maintenance* maintenance = nullptr;
};

struct AdminOperation {
  const char* method;
  const char* path;
  const char* summary;
  Result<nlohmann::json> (*run)(const Administered& what,
                                const nlohmann::json& arguments);
  // Minutes and more: it ends with kCancelled when the maintenance is stopped.
  bool takes_long = false;
};

extern const AdminOperation kReadStats;
extern const AdminOperation kListTokens;
extern const AdminOperation kCreateToken;
extern const AdminOperation kRevokeToken;
// daemon/api/maintenance_operations.cc
extern const AdminOperation kCompactStore;
extern const AdminOperation kCollectStore;
extern const AdminOperation kCheckStore;
extern const AdminOperation kRepairStore;

// `patient`: for what takes long. All must outlive the router.
void AddAdminRoutes(const Administered& what, http::Workers* workers,
                    http::Workers* patient, http::Router* router);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_ADMIN_ROUTES_H_
