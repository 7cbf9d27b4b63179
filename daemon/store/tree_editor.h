// TreeEditor: a tree with some paths changed.
//
//   TreeEditor editor(&history, root);
//   editor.Put("a/model.safetensors", kFileMode, id);
//   editor.Remove("old.bin");
//   editor.Finish(&objects);         // the new root; its trees are appended
//
// Folders are read when something in them changes, and no others; those that
// become empty are left out, as git does.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_DAEMON_STORE_TREE_EDITOR_H_
#define INGOT_DAEMON_STORE_TREE_EDITOR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/result.h"
#include "daemon/store/git_object.h"
#include "daemon/store/git_tree.h"
#include "daemon/store/history.h"

namespace ingot::store {

class TreeEditor {
 public:
  // Without a root: an empty tree. `history` must outlive the editor.
  TreeEditor(const History* history, const std::optional<GitId>& root);
  ~TreeEditor();

  // Each kInvalidArgument for a path that SplitPath refuses.
  //
  // kConflict where a file is in the way, or a folder in the file's place.
  Status Put(std::string_view path, uint32_t mode, const GitId& id);
  // kNotFound where there is no such file, or folder.
  Status RemoveFile(std::string_view path) { return Remove(path, false); }
  Status RemoveFolder(std::string_view path) { return Remove(path, true); }

  // Appends the trees that are new, what is within before what it is in.
  Result<GitId> Finish(std::vector<GitObject>* objects);

 private:
  struct Folder;
  struct Node {
    uint32_t mode = kFileMode;
    GitId id;
    std::unique_ptr<Folder> folder;  // read: what is in it counts, not the id
  };
  struct Folder {
    std::map<std::string, Node> nodes;
  };

  Status Remove(std::string_view path, bool folder);
  // Reads what is in a folder, unless that has been done.
  Status Read(Node* node) const;
  static GitId Write(Node* node, std::vector<GitObject>* objects);

  const History* const history_;
  Node root_;
};

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_TREE_EDITOR_H_
