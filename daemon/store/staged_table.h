// StagedTable: which files are staged, as the journal's records say.
//
// Thread-safety: none; whoever owns a table guards it.

#ifndef INGOT_DAEMON_STORE_STAGED_TABLE_H_
#define INGOT_DAEMON_STORE_STAGED_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/records.h"

namespace ingot::store {

class StagedTable {
 public:
  // kCorruption where the record cannot follow those before it: a number or a
  // digest that is staged already, a file that is not staged.
  Status Apply(const StagedRecord& record);
  Status Apply(const UnstagedRecord& record);

  std::optional<StagedRecord> Find(const Digest& digest) const;
  bool Contains(uint64_t number) const { return by_number_.contains(number); }
  // By number.
  std::vector<StagedRecord> List() const;
  // Of any record so far; 0 where there is none.
  uint64_t largest_number() const { return largest_number_; }

 private:
  std::map<uint64_t, StagedRecord> by_number_;
  std::map<Digest, uint64_t> by_digest_;
  uint64_t largest_number_ = 0;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STAGED_TABLE_H_
