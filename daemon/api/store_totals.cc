#include "daemon/api/store_totals.h"

#include <vector>

namespace ingot::api {

Result<StoreTotals> TotalsOf(store::Store* store) {
  INGOT_ASSIGN(const std::vector<store::StagedFile> staged,
               store->staging().List());
  INGOT_ASSIGN(const std::vector<store::PackInfo> packs, store->packs().List());
  StoreTotals totals = {.staged_files = staged.size(), .packs = packs.size()};
  for (const store::StagedFile& file : staged) {
    totals.staged_bytes += file.length;
    totals.staged_damaged += file.damaged ? 1 : 0;
  }
  for (const store::PackInfo& pack : packs) {
    totals.retired += pack.retired ? 1 : 0;
    totals.damaged += pack.damaged ? 1 : 0;
    totals.pack_bytes += pack.length;
    totals.pack_files += pack.files;
    totals.pack_objects += pack.objects;
  }
  return totals;
}

}  // namespace ingot::api
