// The rows of repositories: names, git objects and refs, as the journal's
// records say.
//
// Thread-safety: functions without state.

#ifndef INGOT_DAEMON_STORE_REPOSITORY_TABLE_H_
#define INGOT_DAEMON_STORE_REPOSITORY_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/result.h"
#include "daemon/store/git_object.h"
#include "daemon/store/index.h"
#include "daemon/store/repository.h"
#include "daemon/store/repository_records.h"

namespace ingot::store {

struct RepositoryInfo {
  uint64_t number = 0;
  Repository repository;
  uint64_t created = 0;  // milliseconds since 1970
  bool operator==(const RepositoryInfo&) const = default;
};

// kConflict: the number or the name is taken. `time` is the batch's.
Status Apply(const RepositoryCreatedRecord& record, uint64_t time,
             IndexWriter* index);
// kNotFound: no such repository; kConflict: the name is another one's.
Status Apply(const RepositoryChangedRecord& record, IndexWriter* index);
// Takes objects, refs, grants and locks away, too. kNotFound: no such repository.
Status Apply(const RepositoryDeletedRecord& record, IndexWriter* index);
// kNotFound: no such repository.
Status Apply(const GitObjectRecord& record, IndexWriter* index);
// kConflict: the ref is not what it was said to be. kNotFound: there is no
// such repository, or no such commit.
Status Apply(const RefChangedRecord& record, IndexWriter* index);

// kNotFound where there is none.
Status ExpectRepository(const IndexReader& index, uint64_t number);
Result<std::optional<RepositoryInfo>> FindRepository(const IndexReader& index,
                                                     uint64_t number);
Result<std::optional<RepositoryInfo>> FindRepository(
    const IndexReader& index, const RepositoryName& name);
// At most `limit` of a kind, by namespace and name, those behind `after`; of
// one namespace where it is given.
Result<std::vector<RepositoryInfo>> ListRepositories(
    const IndexReader& index, RepositoryKind kind,
    const std::optional<std::string>& space, const RepositoryName& after,
    size_t limit);

Result<std::optional<GitObject>> FindGitObject(const IndexReader& index,
                                               uint64_t repository,
                                               const GitId& id);
Result<std::optional<GitId>> FindRef(const IndexReader& index,
                                     uint64_t repository,
                                     std::string_view name);
// By name.
Result<std::map<std::string, GitId>> ListRefs(const IndexReader& index,
                                              uint64_t repository);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_REPOSITORY_TABLE_H_
