// Git's trees: folders, as lists of names, modes and ids (gitformat-pack(5),
// git-mktree(1)).
//
// Thread-safety: values and functions; a TreeReader is one thread's.

#ifndef INGOT_DAEMON_STORE_GIT_TREE_H_
#define INGOT_DAEMON_STORE_GIT_TREE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.h"
#include "codec/result.h"
#include "daemon/store/git_object.h"

namespace ingot::store {

inline constexpr uint32_t kFileMode = 0100644;
inline constexpr uint32_t kTreeMode = 040000;

// Of a file's path in a repository, whose parts "/" separates.
inline constexpr size_t kMaxPathBytes = 1024;
inline constexpr size_t kMaxPathParts = 64;

struct TreeEntry {
  uint32_t mode = kFileMode;
  std::string name;
  GitId id;
  bool is_tree() const { return mode == kTreeMode; }
  bool operator==(const TreeEntry&) const = default;
};

// By what git sorts: a folder's name has a slash behind it.
inline std::string OrderOf(const TreeEntry& entry) {
  return entry.is_tree() ? entry.name + "/" : entry.name;
}

// The entries of a tree, one after the other.
class TreeReader {
 public:
  // `tree` must outlive what Next returns.
  explicit TreeReader(ByteSpan tree) : rest_(tree) {}

  struct View {
    uint32_t mode;
    std::string_view name;
    GitId id;
  };
  // Nothing at the end. kCorruption for what git would not write.
  Result<std::optional<View>> Next();

 private:
  ByteSpan rest_;
};

// All of them; kCorruption also where they are not in git's order.
Result<std::vector<TreeEntry>> ParseTree(ByteSpan tree);
// REQUIRES: the entries are in git's order.
GitObject FormatTree(std::span<const TreeEntry> entries);

// The parts of a path. kInvalidArgument for one that some client could not
// write down as it is: parts that are empty, ".", ".." or ".git", control
// characters, backslashes, more than the limits above.
Result<std::vector<std::string>> SplitPath(std::string_view path);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_GIT_TREE_H_
