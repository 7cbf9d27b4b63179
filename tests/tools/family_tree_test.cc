#include "tools/family_tree.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ingot {
namespace {

using Order = std::vector<size_t>;

// Points on a line.
FamilyTree TreeOf(const std::vector<double>& points, double limit) {
  return MakeFamilyTree(
      points.size(),
      [&](size_t i, size_t j) { return std::fabs(points[i] - points[j]); },
      limit);
}

TEST(FamilyTreeTest, ClosestFirst) {
  const FamilyTree tree = TreeOf({0, 10, 1, 14, 3}, 100);
  ASSERT_EQ(tree.joins.size(), 4u);
  EXPECT_EQ(tree.joins[0].first, 0u);
  EXPECT_EQ(tree.joins[0].second, 2u);
  EXPECT_EQ(tree.joins[0].height, 1);
  EXPECT_EQ(tree.joins[1].first, 5u);  // 0 and 1
  EXPECT_EQ(tree.joins[1].second, 4u);
  EXPECT_EQ(tree.joins[1].height, 2);
  EXPECT_EQ(tree.joins[2].first, 1u);
  EXPECT_EQ(tree.joins[2].second, 3u);
  EXPECT_EQ(tree.joins[3].first, 6u);
  EXPECT_EQ(tree.joins[3].second, 7u);
  EXPECT_EQ(tree.joins[3].height, 7);
  EXPECT_EQ(tree.order, (Order{0, 2, 4, 1, 3}));
}

TEST(FamilyTreeTest, FarGroupsStayApart) {
  const FamilyTree tree = TreeOf({50, 0, 100, 1, 51}, 10);
  ASSERT_EQ(tree.joins.size(), 2u);
  EXPECT_EQ(tree.order, (Order{0, 4, 1, 3, 2}));
}

TEST(FamilyTreeTest, FewLeaves) {
  EXPECT_TRUE(TreeOf({}, 1).order.empty());
  EXPECT_EQ(TreeOf({5}, 1).order, Order{0});
  EXPECT_TRUE(TreeOf({5}, 1).joins.empty());
}

}  // namespace
}  // namespace ingot
