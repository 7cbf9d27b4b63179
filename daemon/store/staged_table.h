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

// kConflict: the number or the digest is staged already.
Status Apply(const StagedRecord& record, IndexWriter* index);
// kNotFound: the file is not staged. kConflict: it is the last copy of what is
// granted.
Status Apply(const UnstagedRecord& record, IndexWriter* index);

// Nothing where it is not staged.
Result<std::optional<StagedRecord>> FindStaged(const IndexReader& index,
                                               const Digest& digest);
Result<std::optional<StagedRecord>> FindStaged(const IndexReader& index,
                                               uint64_t number);
// By number.
Result<std::vector<StagedRecord>> ListStaged(const IndexReader& index);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_STAGED_TABLE_H_
