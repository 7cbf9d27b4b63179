#include "tools/family_tree.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ingot {
namespace {

struct Edge {
  double distance;
  size_t a;
  size_t b;
};

}  // namespace

FamilyTree MakeFamilyTree(size_t leaves,
                          const std::function<double(size_t, size_t)>& distance,
                          double limit) {
  std::vector<Edge> edges;
  for (size_t a = 0; a < leaves; ++a) {
    for (size_t b = a + 1; b < leaves; ++b) {
      const double d = distance(a, b);
      if (d <= limit) edges.push_back({.distance = d, .a = a, .b = b});
    }
  }
  std::stable_sort(
      edges.begin(), edges.end(),
      [](const Edge& x, const Edge& y) { return x.distance < y.distance; });

  FamilyTree tree;
  tree.leaves = leaves;
  // For each leaf its group, as an index into these.
  std::vector<size_t> group(leaves);
  std::iota(group.begin(), group.end(), size_t{0});
  std::vector<size_t> node = group;
  std::vector<std::vector<size_t>> members(leaves);
  for (size_t i = 0; i < leaves; ++i) members[i] = {i};
  for (const Edge& edge : edges) {
    size_t a = group[edge.a];
    size_t b = group[edge.b];
    if (a == b) continue;
    if (members[b].front() < members[a].front()) std::swap(a, b);
    tree.joins.push_back(
        {.first = node[a], .second = node[b], .height = edge.distance});
    node[a] = leaves + tree.joins.size() - 1;
    for (const size_t leaf : members[b]) group[leaf] = a;
    members[a].insert(members[a].end(), members[b].begin(), members[b].end());
    members[b].clear();
  }
  // Groups lie at the index of their lowest leaf.
  for (const std::vector<size_t>& leaves_of : members) {
    tree.order.insert(tree.order.end(), leaves_of.begin(), leaves_of.end());
  }
  return tree;
}

}  // namespace ingot
