// History: what is in a repository's commits, read.
//
// Thread-safety: a value that only reads; as Repositories.

#ifndef INGOT_DAEMON_STORE_HISTORY_H_
#define INGOT_DAEMON_STORE_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/digest.h"
#include "codec/result.h"
#include "daemon/store/git_commit.h"
#include "daemon/store/git_tree.h"
#include "daemon/store/repositories.h"

namespace ingot::store {

// What HEAD is.
inline constexpr const char* kMainBranch = "refs/heads/main";

class History {
 public:
  // `repositories` must outlive the History.
  History(const Repositories* repositories, uint64_t number)
      : repositories_(repositories), number_(number) {}

  // The commit that somebody means: HEAD, a branch, else a tag, a whole name of
  // a ref, or an id. Nothing where there is none.
  Result<std::optional<GitId>> Resolve(std::string_view revision) const;

  // kCorruption where it is missing, or something else: what is there refers
  // to it.
  Result<GitObject> Read(const GitId& id, GitType type) const;
  Result<GitCommit> ReadCommit(const GitId& id) const;

  // What lies at a path below a tree; nothing where there is nothing. An empty
  // path is the tree itself.
  Result<std::optional<TreeEntry>> FindPath(const GitId& tree,
                                            std::string_view path) const;

  // Told of an entry and its path; false ends the walk.
  using Visitor =
      std::function<Result<bool>(const std::string& path, const TreeEntry&)>;
  struct WalkOptions {
    std::string folder = {};  // where `tree` is: the beginning of all paths
    bool recursive = false;   // folders, too, each before what is in it
    // A path that was visited before, with a slash behind it if it is a
    // folder's: the walk goes on behind it.
    std::string after = {};
  };
  Status Walk(const GitId& tree, const WalkOptions& options,
              const Visitor& visitor) const;

  // For each path the last commit, from `commit` back along first parents,
  // that changed it; paths without an entry are left out. Looks at `limit`
  // commits at most: what they did not change is the last one's.
  Result<std::map<std::string, GitId>> LastChanges(
      const GitId& commit, std::span<const std::string> paths,
      size_t limit) const;

 private:
  Result<bool> WalkFolder(const GitId& tree, const std::string& prefix,
                          std::string_view after, size_t depth, bool recursive,
                          const Visitor& visitor) const;

  const Repositories* repositories_;
  uint64_t number_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_HISTORY_H_
