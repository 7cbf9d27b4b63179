// The rows of staged files: which there are, as the journal's records say.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_STAGED_TABLE_H_
#define INGOT_DAEMON_STORE_STAGED_TABLE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/file_records.h"
#include "daemon/store/index.h"

namespace ingot::store {

struct StagedFile : StagedRecord {
  uint64_t time = 0;     // when it was staged, by the journal
  bool damaged = false;  // its bytes are not what was uploaded
  bool operator==(const StagedFile&) const = default;
};

// kConflict: the number is staged already, or the digest, unless that file is
// damaged: it is staged no more then.
Status Apply(const StagedRecord& record, uint64_t time, IndexWriter* index);
// kNotFound: the file is not staged. kConflict: it is the last copy of what is
// granted.
Status Apply(const UnstagedRecord& record, IndexWriter* index);

// kNotFound: the file is not staged.
Status Apply(const StagedDamagedRecord& record, IndexWriter* index);

// Nothing where it is not staged.
Result<std::optional<StagedFile>> FindStaged(const IndexReader& index,
                                             const Digest& digest);
Result<std::optional<StagedFile>> FindStaged(const IndexReader& index,
                                             uint64_t number);
// By number.
Result<std::vector<StagedFile>> ListStaged(const IndexReader& index);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STAGED_TABLE_H_
