#include "daemon/api/lfs_upload.h"

#include <cstddef>
#include <vector>

#include "daemon/ingest/stored_file.h"

namespace ingot::api {

using boost::asio::awaitable;
using http::Exchange;

Result<std::optional<uint64_t>> GrantedLength(store::Store* store,
                                              uint64_t repository,
                                              const Digest& file) {
  INGOT_ASSIGN(const bool granted,
               store->repositories().IsGranted(repository, file));
  if (!granted) return std::optional<uint64_t>();
  INGOT_ASSIGN(const std::optional<uint64_t> length,
               ingest::StoredLength(store, file));
  if (length) return length;
  return Corruption(ToHex(file) + ": granted, and neither staged nor packed");
}

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
                  uint64_t repository, const Digest& file) {
  INGOT_ASSIGN(const store::StagedRecord staged, upload->Finish());
  (void)staged;
  return store->repositories().Grant(repository, file);
}

}  // namespace ingot::api
