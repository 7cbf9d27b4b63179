#include "daemon/api/repository_access.h"

#include <optional>
#include <utility>

#include "daemon/api/authenticate.h"

namespace ingot::api {

std::variant<store::RepositoryInfo, Refusal> FindAccess(
    const http::Request& request, store::Store* store,
    const store::RepositoryName& name, auth::Right right) {
  const Result<auth::Principal> who = Authenticate(request, store->tokens());
  if (!who.ok()) {
    if (who.error().kind != ErrorKind::kPermissionDenied) {
      request.notes.cause = who.error().message;
      return Refusal{};
    }
    return Refusal{401, who.error().message};
  }
  const auto found = store->repositories().Find(name);
  if (!found.ok()) {
    request.notes.cause = found.error().message;
    return Refusal{};
  }
  const bool is_public = found->has_value() && !(*found)->repository.is_private;
  const auto may = [&](auth::Right wanted) {
    return found->has_value() &&
           MayAccess(*who, wanted, name.space, name.name, is_public);
  };
  if (may(right)) return **found;
  const bool anonymous = who->token == 0;
  if (may(auth::Right::kRead)) {
    return anonymous ? Refusal{401, "a token is needed"}
                     : Refusal{403, "the token does not allow this"};
  }
  // While there is no token, anybody would have been let in.
  return anonymous && who->right == auth::Right::kNothing
             ? Refusal{401, "repository not found, or a token is needed"}
             : Refusal{404, "repository not found"};
}

}  // namespace ingot::api
