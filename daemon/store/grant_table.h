// The rows of grants: which files a repository may point to.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_GRANT_TABLE_H_
#define INGOT_DAEMON_STORE_GRANT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/repository_records.h"

namespace ingot::store {

// kNotFound: there is no such repository, or the file is neither staged nor
// packed. One that is granted already stays so.
Status Apply(const GrantedRecord& record, IndexWriter* index);
// kNotFound where it was not granted.
Status Apply(const GrantEndedRecord& record, IndexWriter* index);
// Ends all grants of a repository.
Status EndGrants(uint64_t repository, IndexWriter* index);

// By number; by digest, at most `limit`.
Result<std::vector<uint64_t>> ListGrantsOf(const IndexReader& index,
                                           const Digest& file);
Result<std::vector<Digest>> ListGranted(const IndexReader& index,
                                        uint64_t repository, size_t limit);
Result<bool> IsGranted(const IndexReader& index, uint64_t repository,
                       const Digest& file);
// kConflict where some repository is granted the file, and it is neither
// staged nor packed: to be asked when one of these has ended.
Status ExpectCopyIfGranted(const IndexReader& index, const Digest& file);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_GRANT_TABLE_H_
