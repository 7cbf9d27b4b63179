// The image of a Similarity.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tools/family_tree.h"
#include "tools/similarity_report.h"
#include "tools/svg.h"
#include "tools/text.h"

namespace ingot {
namespace {

constexpr std::string_view kInk = "#24292f";
constexpr std::string_view kFaint = "#6b7280";
constexpr std::string_view kNeutral = "#e4e5e7";
constexpr double kMargin = 20;
constexpr double kTreeWidth = 150;
constexpr double kTop = 92;
constexpr double kBottom = 60;
constexpr size_t kMaxNameBytes = 48;
// Files farther apart are no family.
constexpr double kKinship = 0.95;

// 0: nothing is left given the base, 1: the base does not help.
std::string HeatColor(double share) {
  struct Color {
    double red, green, blue;
  };
  // Lightness falls evenly.
  constexpr Color kColors[] = {{124, 45, 18},   {194, 65, 12},
                               {234, 118, 50},  {247, 178, 122},
                               {252, 222, 196}, {244, 244, 243}};
  constexpr int kSteps = 5;
  // Most deltas save less than half: they get more than half of the colours.
  const double at =
      (1 - std::pow(1 - std::clamp(share, 0.0, 1.0), 0.6)) * kSteps;
  const int low = std::min(static_cast<int>(at), kSteps - 1);
  const double part = at - low;
  const Color& a = kColors[low];
  const Color& b = kColors[low + 1];
  const auto mix = [part](double x, double y) {
    return std::to_string(std::lround(x + part * (y - x)));
  };
  return "rgb(" + mix(a.red, b.red) + "," + mix(a.green, b.green) + "," +
         mix(a.blue, b.blue) + ")";
}

// Percent with as many digits as a cell has room for.
std::string Percent(double share) {
  const double percent = 100 * share;
  return Fixed(percent, percent < 9.95 ? 1 : 0);
}

class Map {
 public:
  explicit Map(const Similarity& similarity)
      : similarity_(similarity),
        count_(similarity.files.size()),
        tree_(MakeFamilyTree(
            count_, [&](size_t i, size_t j) { return similarity.Apart(i, j); },
            kKinship)),
        cell_(std::clamp(720 / std::max<double>(1, static_cast<double>(count_)),
                         9.0, 40.0)),
        font_(std::clamp(cell_ * 0.62, 7.0, 12.0)) {
    double label = 0;
    for (const Similarity::File& file : similarity.files) {
      label =
          std::max(label, TextWidth(EndOf(file.name, kMaxNameBytes), font_));
    }
    tree_right_ = kMargin + kTreeWidth;
    label_right_ = tree_right_ + 10 + label + 8 + 3 * font_;
    left_ = label_right_ + 8;
    side_ = cell_ * static_cast<double>(count_);
  }

  std::string Draw();

 private:
  double Y(double position) const { return kTop + cell_ * position; }

  void DrawTree(Svg* svg) const;
  void DrawRow(size_t position, Svg* svg) const;
  void DrawLegend(double width, Svg* svg) const;

  const Similarity& similarity_;
  const size_t count_;
  const FamilyTree tree_;
  const double cell_;
  const double font_;
  double tree_right_ = 0;
  double label_right_ = 0;
  double left_ = 0;
  double side_ = 0;
};

void Map::DrawTree(Svg* svg) const {
  struct End {
    double x, y;
  };
  std::vector<End> ends(count_);
  for (size_t i = 0; i < count_; ++i) {
    ends[tree_.order[i]] = {tree_right_, Y(static_cast<double>(i) + 0.5)};
  }
  for (const FamilyTree::Join& join : tree_.joins) {
    const End a = ends[join.first];
    const End b = ends[join.second];
    const double x = tree_right_ - join.height * kTreeWidth;
    svg->Polyline({{a.x, a.y}, {x, a.y}, {x, b.y}, {b.x, b.y}}, kInk, 1.3);
    ends.push_back({x, (a.y + b.y) / 2});
  }
  const double axis = Y(static_cast<double>(count_)) + 10;
  svg->Line({kMargin, axis}, {tree_right_, axis}, kFaint);
  for (const double share : {0.0, 0.5, 1.0}) {
    const double x = tree_right_ - share * kTreeWidth;
    svg->Line({x, axis}, {x, axis + 4}, kFaint);
    svg->Text({x, axis + 15}, Fixed(100 * share, 0) + " %",
              {.size = 10, .color = kFaint, .anchor = "middle"});
  }
  svg->Text({kMargin, axis + 30}, "left of the size alone",
            {.size = 10, .color = kFaint});
}

void Map::DrawRow(size_t position, Svg* svg) const {
  const size_t row = tree_.order[position];
  const Similarity::File& file = similarity_.files[row];
  const double y = Y(static_cast<double>(position));
  const double middle = y + cell_ / 2 + font_ * 0.35;
  svg->Text({tree_right_ + 8, middle}, EndOf(file.name, kMaxNameBytes),
            {.size = font_});
  svg->Text({label_right_, middle}, std::to_string(position + 1),
            {.size = font_, .color = kFaint, .anchor = "end"});
  const double number = std::min(11.0, cell_ * 0.34);
  for (size_t i = 0; i < count_; ++i) {
    const size_t column = tree_.order[i];
    const double x = left_ + cell_ * static_cast<double>(i);
    const std::optional<FilePair>& pair = file.given[column];
    const double size = pair ? pair->delta_size : file.plain_size;
    const double share =
        pair && file.plain_size > 0 ? size / file.plain_size : 1;
    svg->Rect({x + 0.5, y + 0.5}, cell_ - 1, cell_ - 1,
              pair ? HeatColor(share) : std::string(kNeutral));
    if (cell_ < 22) continue;
    svg->Text({x + cell_ / 2, y + cell_ / 2 + number * 0.35}, Percent(size),
              {.size = number,
               .color = !pair          ? kFaint
                        : share < 0.55 ? std::string_view("#ffffff")
                                       : kInk,
               .anchor = "middle"});
  }
}

void Map::DrawLegend(double width, Svg* svg) const {
  constexpr double kWidth = 150;
  constexpr int kSteps = 30;
  const double y = Y(static_cast<double>(count_)) + 12;
  const double x = std::min(left_, width - kMargin - kWidth - 190);
  for (int i = 0; i < kSteps; ++i) {
    svg->Rect({x + kWidth * i / kSteps, y}, kWidth / kSteps + (i + 1 < kSteps),
              10, HeatColor((i + 0.5) / kSteps));
  }
  svg->Text({x, y + 24}, "nothing left", {.size = 10, .color = kFaint});
  svg->Text({x + kWidth, y + 24}, "no help",
            {.size = 10, .color = kFaint, .anchor = "end"});
  svg->Rect({x + kWidth + 20, y}, 10, 10, kNeutral);
  svg->Text({x + kWidth + 35, y + 9}, "alone", {.size = 10, .color = kFaint});
  svg->Add("rect", {{"x", Fixed(x + kWidth + 80, 1)},
                    {"y", Fixed(y + 0.5, 1)},
                    {"width", "9"},
                    {"height", "9"},
                    {"fill", "none"},
                    {"stroke", std::string(kInk)},
                    {"stroke-width", "1.6"}});
  svg->Text({x + kWidth + 95, y + 9}, "best base",
            {.size = 10, .color = kFaint});
}

std::string Map::Draw() {
  const double width = std::max(left_ + side_ + kMargin, 620.0);
  Svg svg(width, Y(static_cast<double>(count_)) + kBottom,
          "Estimated sizes of model files given others");
  svg.Text({kMargin, 32}, "Families of models", {.size = 17, .bold = true});
  svg.Text({kMargin, 52},
           "Estimated size of each file (row) given another (column), in % of "
           "its raw bytes",
           {.size = 12, .color = kFaint});
  DrawTree(&svg);
  for (size_t i = 0; i < count_; ++i) DrawRow(i, &svg);
  std::vector<size_t> position(count_);
  for (size_t i = 0; i < count_; ++i) position[tree_.order[i]] = i;
  // As many column numbers as have room.
  const size_t step = cell_ < 16 ? 5 : 1;
  for (size_t i = 0; i < count_; ++i) {
    if ((i + 1) % step != 0) continue;
    svg.Text({left_ + cell_ * (static_cast<double>(i) + 0.5), kTop - 6},
             std::to_string(i + 1),
             {.size = font_, .color = kFaint, .anchor = "middle"});
  }
  for (size_t i = 0; i < count_; ++i) {
    const Similarity::File& file = similarity_.files[tree_.order[i]];
    if (!file.best_base) continue;
    const double x =
        left_ + cell_ * static_cast<double>(position[*file.best_base]);
    svg.Add("rect", {{"x", Fixed(x + 0.5, 1)},
                     {"y", Fixed(Y(static_cast<double>(i)) + 0.5, 1)},
                     {"width", Fixed(cell_ - 1, 1)},
                     {"height", Fixed(cell_ - 1, 1)},
                     {"fill", "none"},
                     {"stroke", std::string(kInk)},
                     {"stroke-width", cell_ < 16 ? "1.2" : "2"}});
  }
  DrawLegend(width, &svg);
  return svg.Finish();
}

}  // namespace

std::string SimilarityAsSvg(const Similarity& similarity) {
  return Map(similarity).Draw();
}

}  // namespace ingot
