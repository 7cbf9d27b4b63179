// What uploads of git-lfs's objects have in common, whole or in parts.
//
// Thread-safety: coroutines of the exchange; functions that wait for the disk.

#ifndef INGOT_DAEMON_API_LFS_UPLOAD_H_
#define INGOT_DAEMON_API_LFS_UPLOAD_H_

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/http/exchange.h"
#include "daemon/http/workers.h"
#include "daemon/store/staging.h"
#include "daemon/store/store.h"

namespace ingot::api {

// Of a file that a repository is granted; nothing: it is not.
Result<std::optional<uint64_t>> GrantedLength(store::Store* store,
                                              uint64_t repository,
                                              const Digest& file);

// The body into `upload`. An HTTP status where that fails; 0: it is there.
boost::asio::awaitable<unsigned> ReceiveUpload(http::Exchange& exchange,
                                               http::Workers* workers,
                                               store::Staging::Upload* upload,
                                               uint64_t limit);

// Of an upload that the store did not take: an HTTP status.
unsigned UploadStatus(const http::Exchange& exchange, const Error& error);

// Makes an upload part of the store, and the repository's.
Status KeepUpload(store::Store* store, store::Staging::Upload* upload,
                  uint64_t repository, const Digest& file);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_LFS_UPLOAD_H_
