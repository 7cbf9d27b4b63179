// Git's commits (gitformat-commit, as git-commit-tree(1) writes them).
//
// Thread-safety: values and functions.

#ifndef INGOT_DAEMON_STORE_GIT_COMMIT_H_
#define INGOT_DAEMON_STORE_GIT_COMMIT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "daemon/store/git_object.h"

namespace ingot::store {

struct GitCommit {
  GitId tree;
  std::vector<GitId> parents;
  std::string author;    // a name
  std::string email;     // without brackets
  uint64_t seconds = 0;  // since 1970
  std::string message;
  bool operator==(const GitCommit&) const = default;

  // The message's first line, and what follows it and an empty one.
  std::string_view Title() const;
  std::string_view Body() const;
};

// Author and committer are the same, at UTC. Characters that git does not
// allow in names are left out.
GitObject FormatCommit(const GitCommit& commit);
// Of any commit that git writes; headers not named above are passed over.
// kCorruption for what is none.
Result<GitCommit> ParseCommit(ByteSpan bytes);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_GIT_COMMIT_H_
