#include "daemon/api/held_file.h"

#include "daemon/ingest/stored_file.h"
#include "daemon/ingest/wholeness.h"

namespace ingot::api {
namespace {

// So that not every question is a record.
constexpr uint64_t kRenewedAfter = 60ull * 60 * 1000;  // milliseconds

}  // namespace

Result<std::optional<uint64_t>> HoldFile(const Hub& hub, uint64_t repository,
                                         const Digest& file) {
  store::Repositories& repositories = hub.store->repositories();
  INGOT_ASSIGN(const auto granted, repositories.GrantedAt(repository, file));
  if (!granted) return std::optional<uint64_t>();
  INGOT_ASSIGN(const bool whole,
               ingest::IsWhole(hub.store, hub.files->objects(), file));
  if (!whole) return std::optional<uint64_t>();
  if (*granted + kRenewedAfter <= hub.store->now()) {
    const Status renewed = repositories.Grant(repository, file);
    // Taken away just now.
    if (!renewed.ok() && renewed.error().kind == ErrorKind::kNotFound) {
      return std::optional<uint64_t>();
    }
    INGOT_TRY(renewed);
  }
  return ingest::StoredLength(hub.store, file);
}

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

}  // namespace ingot::api
