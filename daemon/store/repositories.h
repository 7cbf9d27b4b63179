// Repositories: names, history and what may be pointed to (STORE.md,
// "Repositories").
//
// What is found here was asked for by somebody: whether they may see it is for
// the caller to say.
//
// Thread-safety: may be used from several threads at once. What changes
// something waits for the disk, and is refused rather than lost where somebody
// else was first.

#ifndef INGOT_DAEMON_STORE_REPOSITORIES_H_
#define INGOT_DAEMON_STORE_REPOSITORIES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/index.h"
#include "daemon/store/journal.h"
#include "daemon/store/repository_table.h"

namespace ingot::store {

// What a ref was, and is to be; nothing: not there.
struct RefChange {
  std::string name;
  std::optional<GitId> before;
  std::optional<GitId> after;
};

class Repositories {
 public:
  // Both must outlive the Repositories.
  static Result<std::unique_ptr<Repositories>> Open(Journal* journal,
                                                    const Index* index);
  Repositories(const Repositories&) = delete;
  Repositories& operator=(const Repositories&) = delete;

  // kInvalidArgument for a name that STORE.md does not allow, kConflict for
  // one that is taken. Returns the number. It begins with a commit where one
  // is given, whose errors are Commit's.
  Result<uint64_t> Create(const Repository& repository,
                          std::span<const GitObject> objects = {},
                          std::span<const RefChange> refs = {});
  Result<std::optional<RepositoryInfo>> Find(const RepositoryName& name) const;
  Result<std::optional<RepositoryInfo>> Find(uint64_t number) const;
  // At most `limit` of a kind, by namespace and name, those behind `after`; of
  // one namespace where it is given.
  Result<std::vector<RepositoryInfo>> List(
      RepositoryKind kind, const std::optional<std::string>& space,
      const RepositoryName& after, size_t limit) const;
  // Another name, or other readers. Errors as Create's, and kNotFound.
  Status Change(uint64_t number, const Repository& repository);
  Status Delete(uint64_t number);

  // Lets the repository point to a file that is staged or packed; kNotFound
  // where it is neither. What it may point to already, it may from now on.
  Status Grant(uint64_t number, const Digest& file);
  // `granted_by`: unless that was said again after this time of the journal,
  // which is kConflict.
  Status EndGrant(uint64_t number, const Digest& file,
                  std::optional<uint64_t> granted_by = std::nullopt);
  Result<bool> IsGranted(uint64_t number, const Digest& file) const;
  // When it was last; nothing where it is not.
  Result<std::optional<uint64_t>> GrantedAt(uint64_t number,
                                            const Digest& file) const;
  // Which repositories are granted a file, and at most `limit` of the files
  // that a repository is granted, since `until` or longer.
  Result<std::vector<uint64_t>> ListGrantsOf(const Digest& file) const;
  Result<bool> HasGrants(const Digest& file) const;
  Result<std::vector<Digest>> ListGranted(uint64_t number, size_t limit,
                                          uint64_t until = UINT64_MAX) const;

  // Adds objects, changes refs and grants files anew, all or nothing. kConflict
  // where a ref is not what it was, kNotFound where its new commit or a file
  // is missing, kInvalidArgument for names and sizes that STORE.md does not
  // allow, kResourceExhausted for more than one batch of the journal takes.
  Status Commit(uint64_t number, std::span<const GitObject> objects,
                std::span<const RefChange> refs,
                std::span<const Digest> files = {});
  Result<std::optional<GitObject>> FindObject(uint64_t number,
                                              const GitId& id) const;
  Result<std::optional<GitId>> FindRef(uint64_t number,
                                       std::string_view name) const;
  // By name.
  Result<std::map<std::string, GitId>> ListRefs(uint64_t number) const;

 private:
  Repositories(Journal* journal, const Index* index, uint64_t next_number)
      : journal_(journal), index_(index), next_number_(next_number) {}

  Journal* const journal_;
  const Index* const index_;
  std::atomic<uint64_t> next_number_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_REPOSITORIES_H_
