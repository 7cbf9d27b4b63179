#include "daemon/store/tree_editor.h"

#include <algorithm>
#include <utility>

namespace ingot::store {

TreeEditor::TreeEditor(const History* history, const std::optional<GitId>& root)
    : history_(history) {
  root_.mode = kTreeMode;
  if (root) {
    root_.id = *root;
  } else {
    root_.folder = std::make_unique<Folder>();
  }
}

TreeEditor::~TreeEditor() = default;

Status TreeEditor::Read(Node* node) const {
  if (node->folder) return {};
  INGOT_ASSIGN(const GitObject object,
               history_->Read(node->id, GitType::kTree));
  INGOT_ASSIGN(const std::vector<TreeEntry> entries, ParseTree(object.bytes));
  node->folder = std::make_unique<Folder>();
  for (const TreeEntry& entry : entries) {
    node->folder->nodes[entry.name] = {
        .mode = entry.mode, .id = entry.id, .folder = nullptr};
  }
  return {};
}

Status TreeEditor::Put(std::string_view path, uint32_t mode, const GitId& id) {
  INGOT_ASSIGN(const std::vector<std::string> parts, SplitPath(path));
  Node* node = &root_;
  for (size_t i = 0; i < parts.size(); ++i) {
    INGOT_TRY(Read(node));
    const auto [found, is_new] = node->folder->nodes.try_emplace(parts[i]);
    const bool last = i + 1 == parts.size();
    Node& next = found->second;
    if (is_new && !last) {
      next.mode = kTreeMode;
      next.folder = std::make_unique<Folder>();
    }
    if (!is_new && (next.mode == kTreeMode) == last) {
      return Error{ErrorKind::kConflict,
                   "path '" + std::string(path) + "': " +
                       (last ? "a folder has that name"
                             : "'" + parts[i] + "' is a file")};
    }
    if (last) {
      next.mode = mode;
      next.id = id;
    }
    node = &next;
  }
  return {};
}

Status TreeEditor::Remove(std::string_view path, bool folder) {
  INGOT_ASSIGN(const std::vector<std::string> parts, SplitPath(path));
  std::vector<Node*> folders = {&root_};  // the root, and those on the way
  for (size_t i = 0; i < parts.size(); ++i) {
    INGOT_TRY(Read(folders.back()));
    auto& nodes = folders.back()->folder->nodes;
    const auto found = nodes.find(parts[i]);
    const bool wants_folder = i + 1 < parts.size() || folder;
    if (found == nodes.end() ||
        (found->second.mode == kTreeMode) != wants_folder) {
      return Error{ErrorKind::kNotFound, "path '" + std::string(path) +
                                             "': no such " +
                                             (folder ? "folder" : "file")};
    }
    if (i + 1 < parts.size()) folders.push_back(&found->second);
  }
  for (size_t i = parts.size(); i-- > 0;) {
    auto& nodes = folders[i]->folder->nodes;
    nodes.erase(parts[i]);
    if (!nodes.empty()) break;
  }
  return {};
}

GitId TreeEditor::Write(Node* node, std::vector<GitObject>* objects) {
  if (!node->folder) return node->id;
  std::vector<TreeEntry> entries;
  for (auto& [name, child] : node->folder->nodes) {
    const GitId id = Write(&child, objects);
    entries.push_back({.mode = child.mode, .name = name, .id = id});
  }
  std::ranges::sort(entries, {}, OrderOf);
  GitObject tree = FormatTree(entries);
  const GitId id = IdOf(tree);
  if (id != node->id) objects->push_back(std::move(tree));
  node->id = id;
  return id;
}

Result<GitId> TreeEditor::Finish(std::vector<GitObject>* objects) {
  return Write(&root_, objects);
}

}  // namespace ingot::store
