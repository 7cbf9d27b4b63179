// HoldFile: whether somebody need not send a file, since its repository has it.
// Whoever is told so counts on it: the grant is renewed, so that no collection
// ends it before a commit can point to the file (STORE.md, "Collection").
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_API_HELD_FILE_H_
#define INGOT_DAEMON_API_HELD_FILE_H_

#include <cstdint>
#include <optional>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/api/hub.h"

namespace ingot::api {

// The file's length, where the repository is granted it and it can be restored;
// nothing where it is to be sent. An OID is no permission: what others have
// does not count.
Result<std::optional<uint64_t>> HoldFile(const Hub& hub, uint64_t repository,
                                         const Digest& file);

// The same for who wants to have the file: nothing where it is not granted, and
// damage shows when it is read.
Result<std::optional<uint64_t>> GrantedLength(store::Store* store,
                                              uint64_t repository,
                                              const Digest& file);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_HELD_FILE_H_
