#include "daemon/ingest/audience.h"

#include <algorithm>

namespace ingot::ingest {

Result<Audience> FindAudience(const store::Repositories& repositories,
                              const Digest& file) {
  Audience audience;
  INGOT_ASSIGN(audience.repositories, repositories.ListGrantsOf(file));
  for (const uint64_t number : audience.repositories) {
    INGOT_ASSIGN(const auto info, repositories.Find(number));
    // None: deleted meanwhile.
    if (!info) continue;
    audience.spaces.insert(info->repository.name.space);
    audience.everyone |= !info->repository.is_private;
  }
  return audience;
}

bool MayNeed(const Audience& file, const Audience& base) {
  return base.everyone || (!file.everyone && !file.spaces.empty() &&
                           std::ranges::includes(base.spaces, file.spaces));
}

bool ShareRepository(const Audience& a, const Audience& b) {
  return std::ranges::any_of(a.repositories, [&](uint64_t repository) {
    return std::ranges::binary_search(b.repositories, repository);
  });
}

}  // namespace ingot::ingest
