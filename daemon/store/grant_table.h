// The rows of grants: which files a repository may point to.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_GRANT_TABLE_H_
#define INGOT_DAEMON_STORE_GRANT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/repository_records.h"

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
// Whether the file is staged, or in a pack but those, and not known to be
// damaged there.
Result<bool> HasCopy(const IndexReader& index, const Digest& file,
                     const std::set<uint64_t>& but_packs = {});
// kConflict where some repository is granted the file, and it has no copy: to
// be asked when one has ended.
Status ExpectCopyIfGranted(const IndexReader& index, const Digest& file);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_GRANT_TABLE_H_
