#include "daemon/store/history.h"

#include <algorithm>
#include <utility>

namespace ingot::store {

Result<std::optional<GitId>> History::Resolve(std::string_view revision) const {
  if (revision == "HEAD") revision = kMainBranch;
  for (const char* const prefix : {"refs/heads/", "refs/tags/", ""}) {
    const std::string name = prefix + std::string(revision);
    if (*prefix == '\0' && !revision.starts_with("refs/")) continue;
    INGOT_ASSIGN(const auto found, repositories_->FindRef(number_, name));
    if (found) return found;
  }
  const std::optional<GitId> id = GitIdOfHex(revision);
  if (!id) return std::optional<GitId>();
  INGOT_ASSIGN(const auto object, repositories_->FindObject(number_, *id));
  return object && object->type == GitType::kCommit ? id : std::nullopt;
}

Result<GitObject> History::Read(const GitId& id, GitType type) const {
  INGOT_ASSIGN(auto object, repositories_->FindObject(number_, id));
  if (!object || object->type != type) {
    return Corruption("repository " + std::to_string(number_) +
                      ": git object " + ToHex(id) + " is " +
                      (object ? "of another type" : "missing"));
  }
  return std::move(*object);
}

Result<GitCommit> History::ReadCommit(const GitId& id) const {
  INGOT_ASSIGN(const GitObject object, Read(id, GitType::kCommit));
  return ParseCommit(object.bytes);
}

Result<std::optional<TreeEntry>> History::FindPath(
    const GitId& tree, std::string_view path) const {
  std::optional<TreeEntry> entry =
      TreeEntry{.mode = kTreeMode, .name = {}, .id = tree};
  for (size_t at = 0; at < path.size();) {
    if (!entry->is_tree()) return std::optional<TreeEntry>();
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    INGOT_ASSIGN(const GitObject object, Read(entry->id, GitType::kTree));
    TreeReader reader(object.bytes);
    entry.reset();
    while (!entry) {
      INGOT_ASSIGN(const auto view, reader.Next());
      if (!view) return entry;
      if (view->name == part) {
        entry = TreeEntry{
            .mode = view->mode, .name = std::string(part), .id = view->id};
      }
    }
    at = end + 1;
  }
  return entry;
}

Status History::Walk(const GitId& tree, const WalkOptions& options,
                     const Visitor& visitor) const {
  std::string prefix = options.folder;
  if (!prefix.empty()) prefix += '/';
  std::string_view after = options.after;
  if (after.starts_with(prefix)) {
    after.remove_prefix(prefix.size());
  } else {
    after = {};
  }
  INGOT_ASSIGN(const bool all,
               WalkFolder(tree, prefix, after, 0, options.recursive, visitor));
  (void)all;
  return {};
}

Result<bool> History::WalkFolder(const GitId& tree, const std::string& prefix,
                                 std::string_view after, size_t depth,
                                 bool recursive, const Visitor& visitor) const {
  if (depth > kMaxPathParts) return Corruption("git tree: too deep");
  INGOT_ASSIGN(const GitObject object, Read(tree, GitType::kTree));
  // What was visited last in this folder, and below that.
  const size_t slash = after.find('/');
  const std::string_view last =
      slash == std::string_view::npos ? after : after.substr(0, slash + 1);
  TreeReader reader(object.bytes);
  while (true) {
    INGOT_ASSIGN(const auto view, reader.Next());
    if (!view) return true;
    const TreeEntry entry = {
        .mode = view->mode, .name = std::string(view->name), .id = view->id};
    const std::string order = OrderOf(entry);
    if (order < last) continue;
    const std::string path = prefix + entry.name;
    const bool visited = order == last;
    if (!visited) {
      INGOT_ASSIGN(const bool go_on, visitor(path, entry));
      if (!go_on) return false;
    }
    if (recursive && entry.is_tree()) {
      INGOT_ASSIGN(
          const bool go_on,
          WalkFolder(entry.id, path + "/",
                     visited ? after.substr(last.size()) : std::string_view(),
                     depth + 1, recursive, visitor));
      if (!go_on) return false;
    }
  }
}

Result<std::map<std::string, GitId>> History::LastChanges(
    const GitId& commit, std::span<const std::string> paths,
    size_t limit) const {
  // Of the commit being looked at, what lies at each path whose last change is
  // still to be found.
  std::map<std::string, std::optional<TreeEntry>> open;
  std::map<std::string, GitId> changes;
  GitId id = commit;
  INGOT_ASSIGN(GitCommit current, ReadCommit(id));
  for (const std::string& path : paths) {
    INGOT_ASSIGN(auto entry, FindPath(current.tree, path));
    if (entry) open.emplace(path, std::move(entry));
  }
  for (size_t seen = 1; !open.empty(); ++seen) {
    if (current.parents.empty() || seen >= limit) {
      for (const auto& [path, entry] : open) changes.emplace(path, id);
      break;
    }
    const GitId parent = current.parents.front();
    INGOT_ASSIGN(GitCommit before, ReadCommit(parent));
    if (before.tree != current.tree) {
      for (auto at = open.begin(); at != open.end();) {
        INGOT_ASSIGN(const auto entry, FindPath(before.tree, at->first));
        if (entry == at->second) {
          ++at;
        } else {
          changes.emplace(at->first, id);
          at = open.erase(at);
        }
      }
    }
    id = parent;
    current = std::move(before);
  }
  return changes;
}

}  // namespace ingot::store
