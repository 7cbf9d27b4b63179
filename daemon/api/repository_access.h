// The repository that a request is about, if whoever sent it may have it.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_API_REPOSITORY_ACCESS_H_
#define INGOT_DAEMON_API_REPOSITORY_ACCESS_H_

#include <string>
#include <variant>

#include "codec/result.h"
#include "daemon/auth/access.h"
#include "daemon/http/exchange.h"
#include "daemon/store/store.h"

namespace ingot::api {

// Why somebody may not have a repository.
struct Refusal {
  unsigned status = 500;
  std::string message = "internal error";
};

// A repository that is missing and one that must not be seen are refused with
// the same words: 401 for the anonymous, 404 for others. One that may be read,
// but not so, is 401 or 403.
std::variant<store::RepositoryInfo, Refusal> FindAccess(
    const http::Request& request, store::Store* store,
    const store::RepositoryName& name, auth::Right right);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_REPOSITORY_ACCESS_H_
