// GatherInput: the files that a push is about, under the names that they get
// in the repository.
//
// Thread-safety: a function without state.

#ifndef INGOT_TOOLS_HUB_PUSH_INPUT_H_
#define INGOT_TOOLS_HUB_PUSH_INPUT_H_

#include <string>
#include <vector>

#include "codec/result.h"
#include "tools/input_tree.h"

namespace ingot {

struct PushInputOptions {
  std::string into;     // a folder of the repository; empty: its root
  bool hidden = false;  // take hidden files, too
};

// Of each path: a file under its last part, of a folder what is below it.
// Hidden files and folders are left out and listed, but .gitattributes and
// .gitignore, and those that a path names itself. What is git's own, and what
// a pull keeps, is never taken. kInvalidArgument for names that no repository
// may have, or two files have.
Result<InputTree> GatherInput(const std::vector<std::string>& paths,
                              const PushInputOptions& options);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_PUSH_INPUT_H_
