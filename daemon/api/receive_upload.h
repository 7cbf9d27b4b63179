// What routes that take files do with a body: they write it to an upload of the
// store, and make that the repository's.
//
// Thread-safety: coroutines of the exchange; functions without state.

#ifndef INGOT_DAEMON_API_RECEIVE_UPLOAD_H_
#define INGOT_DAEMON_API_RECEIVE_UPLOAD_H_

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "codec/result.h"
#include "daemon/http/exchange.h"
#include "daemon/http/workers.h"
#include "daemon/store/store.h"

namespace ingot::api {

inline constexpr uint64_t kMaxUploadBytes = uint64_t{1} << 40;

// The status that tells of an upload which the store did not take.
unsigned UploadStatus(const http::Exchange& exchange, const Error& error);

// The body, of `limit` bytes at most, into `upload`. An HTTP status where that
// fails; 0: it is there.
boost::asio::awaitable<unsigned> ReceiveUpload(http::Exchange& exchange,
                                               http::Workers* workers,
                                               store::Staging::Upload* upload,
                                               uint64_t limit);

// Makes an upload part of the store, and the repository's.
Status KeepUpload(store::Store* store, store::Staging::Upload* upload,
                  uint64_t repository);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_RECEIVE_UPLOAD_H_
