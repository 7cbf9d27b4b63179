#include "daemon/ingest/stored_file.h"

namespace ingot::ingest {

Result<std::unique_ptr<Source>> OpenStoredFile(store::Store* store,
                                               const Digest& file) {
  return store->staging().Open(file);
}

Result<std::optional<uint64_t>> StoredLength(store::Store* store,
                                             const Digest& file) {
  INGOT_ASSIGN(const auto staged, store->staging().Find(file));
  if (staged) return std::optional(staged->length);
  INGOT_ASSIGN(const auto packed, store->packs().FindFile(file));
  if (!packed.empty()) return std::optional(packed.front().length);
  return std::optional<uint64_t>();
}

}  // namespace ingot::ingest
