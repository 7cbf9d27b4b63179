// TotalsOf: how much a store holds.
//
// Thread-safety: a function without state.

#ifndef INGOT_DAEMON_API_STORE_TOTALS_H_
#define INGOT_DAEMON_API_STORE_TOTALS_H_

#include <cstdint>

#include "codec/result.h"
#include "daemon/store/store.h"

namespace ingot::api {

struct StoreTotals {
  uint64_t staged_files = 0;
  uint64_t staged_bytes = 0;
  uint64_t staged_damaged = 0;  // files
  uint64_t packs = 0;
  uint64_t retired = 0;  // of these
  uint64_t damaged = 0;  // likewise: some of it cannot be read
  uint64_t pack_bytes = 0;
  uint64_t pack_files = 0;
  uint64_t pack_objects = 0;
};

// Reads the lists of uploads and packs, which takes the longer the more there
// are.
Result<StoreTotals> TotalsOf(store::Store* store);

}  // namespace ingot::api

#endif  // INGOT_DAEMON_API_STORE_TOTALS_H_
