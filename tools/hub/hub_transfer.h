// HubTransfer: files as the Hub's clients fetch and git-lfs sends them: ranges
// of /R/resolve/COMMIT/PATH, and the batch and basic transfer protocols of
// git-lfs. Containers go by a daemon's own API, which others lack.
//
// Thread-safety: as Transfer.

#ifndef INGOT_TOOLS_HUB_HUB_TRANSFER_H_
#define INGOT_TOOLS_HUB_HUB_TRANSFER_H_

#include <memory>

#include "tools/hub/http_client.h"
#include "tools/hub/repository_id.h"
#include "tools/hub/transfer.h"

namespace ingot {

std::unique_ptr<Transfer> MakeHubTransfer(const HttpOptions& options,
                                          const RepositoryId& repository);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_HUB_TRANSFER_H_
