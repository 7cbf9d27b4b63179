// RunAdmin: an operation on a store, by whoever may have it open: this process,
// or the daemon that has it, spoken to by the socket in the store's folder.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_APP_ADMIN_CLIENT_H_
#define INGOT_DAEMON_APP_ADMIN_CLIENT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "codec/result.h"
#include "daemon/api/admin_routes.h"

namespace ingot::app {

// Where the daemon that has the store in `data` open listens for its owner.
std::string AdminSocket(const std::string& data);

// kConflict where neither can be: another process than a daemon has the store
// open. What the daemon refuses has the kind that it would have here.
Result<nlohmann::json> RunAdmin(const std::string& data,
                                const api::AdminOperation& operation,
                                const nlohmann::json& arguments);

}  // namespace ingot::app

#endif  // INGOT_DAEMON_APP_ADMIN_CLIENT_H_
