#include "daemon/api/receive_upload.h"

#include <cstddef>
#include <vector>

namespace ingot::api {

using boost::asio::awaitable;
using http::Exchange;

unsigned UploadStatus(const Exchange& exchange, const Error& error) {
  if (error.kind == ErrorKind::kResourceExhausted) return 507;
  exchange.request().notes.cause = error.message;
  return 500;
}

awaitable<unsigned> ReceiveUpload(Exchange& exchange, http::Workers* workers,
                                  store::Staging::Upload* upload,
                                  uint64_t limit) {
  // Written in larger pieces than they come: each costs two changes of thread.
  const size_t most = 2 * exchange.piece_bytes();
  std::vector<std::byte> gathered;
  gathered.reserve(most);
  while (true) {
    const Result<ByteSpan> piece = co_await exchange.ReadBody(limit);
    if (!piece.ok()) {
      co_return piece.error().kind == ErrorKind::kResourceExhausted ? 413 : 400;
    }
    gathered.insert(gathered.end(), piece->begin(), piece->end());
    const bool last = piece->empty();
    if (!last && gathered.size() + piece->size() <= most) continue;
    const auto write = [upload, &gathered] { return upload->Write(gathered); };
    const Status written = co_await workers->Run(write);
    if (!written.ok()) {
      co_return UploadStatus(exchange, written.error());
    }
    gathered.clear();
    if (last) co_return 0;
  }
}

Status KeepUpload(store::Store* store, store::Staging::Upload* upload,
                  uint64_t repository) {
  INGOT_ASSIGN(const store::StagedRecord staged, upload->Finish());
  return store->repositories().Grant(repository, staged.digest);
}

}  // namespace ingot::api
