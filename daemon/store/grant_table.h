// The rows of grants: which files a repository may point to.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_GRANT_TABLE_H_
#define INGOT_DAEMON_STORE_GRANT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/repository_records.h"
#include "daemon/store/whole_copies.h"

namespace ingot::store {

// kNotFound: there is no such repository, or the file is neither staged nor
// packed. One that is granted already is granted anew, at `time`.
Status Apply(const GrantedRecord& record, uint64_t time, IndexWriter* index);
// kNotFound where it was not granted, kConflict where that was too late.
Status Apply(const GrantEndedRecord& record, IndexWriter* index);
// Ends all grants of a repository.
Status EndGrants(uint64_t repository, IndexWriter* index);

// By number; by digest, at most `limit`, of those granted at `until` or before.
Result<std::vector<uint64_t>> ListGrantsOf(const IndexReader& index,
                                           const Digest& file);
Result<bool> HasGrants(const IndexReader& index, const Digest& file);
Result<std::vector<Digest>> ListGranted(const IndexReader& index,
                                        uint64_t repository, size_t limit,
                                        uint64_t until = UINT64_MAX);
// When it was granted last; nothing where it is not.
Result<std::optional<uint64_t>> GrantedAt(const IndexReader& index,
                                          uint64_t repository,
                                          const Digest& file);
// Whether some repository is granted the file, and it is neither staged nor
// among those copies.
Result<bool> IsGrantedWithoutCopy(const IndexReader& index, const Digest& file,
                                  WholeCopies* packed);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_GRANT_TABLE_H_
