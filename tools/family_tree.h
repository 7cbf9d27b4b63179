// FamilyTree: things joined by single linkage: the two groups first whose
// closest members are closest.
//
// Thread-safety: a value.

#ifndef INGOT_TOOLS_FAMILY_TREE_H_
#define INGOT_TOOLS_FAMILY_TREE_H_

#include <cstddef>
#include <functional>
#include <vector>

namespace ingot {

struct FamilyTree {
  // A group of two others. Nodes are numbered from `leaves` on, in the order
  // of `joins`; smaller numbers are the leaves themselves.
  struct Join {
    size_t first;
    size_t second;
    double height;  // distance of the groups
  };
  size_t leaves = 0;
  std::vector<Join> joins;    // by height
  std::vector<size_t> order;  // of the leaves, so that no branches cross
};

// `distance` is symmetric. Groups farther apart than `limit` stay apart; they
// follow each other in `order` by their lowest leaf.
FamilyTree MakeFamilyTree(size_t leaves,
                          const std::function<double(size_t, size_t)>& distance,
                          double limit);

}  // namespace ingot

#endif  // INGOT_TOOLS_FAMILY_TREE_H_
