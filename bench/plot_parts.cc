#include "bench/plot_parts.h"

#include <algorithm>
#include <array>

namespace ingot {

bool IsIngot(std::string_view codec) { return codec.starts_with("ingot-"); }

std::string_view ColorOf(std::string_view codec) {
  if (IsIngot(codec)) return kIngotColor;
  if (codec.starts_with("zstd")) return "#2563a8";
  if (codec.starts_with("xz")) return "#7c3aed";
  if (codec.starts_with("lz4")) return "#4b5563";
  if (codec.starts_with("blosc")) return "#15803d";
  return "#a16207";
}

LabelPlacer::LabelPlacer(Point top_left, Point bottom_right)
    : area_{top_left.x, top_left.y, bottom_right.x, bottom_right.y} {}

void LabelPlacer::Block(Point center, double radius) {
  taken_.push_back({center.x - radius, center.y - radius, center.x + radius,
                    center.y + radius});
}

void LabelPlacer::BlockLine(Point from, Point to) {
  taken_.push_back({std::min(from.x, to.x) - 1, std::min(from.y, to.y) - 1,
                    std::max(from.x, to.x) + 1, std::max(from.y, to.y) + 1});
}

bool LabelPlacer::Free(const Box& box) const {
  if (box.left < area_.left || box.right > area_.right || box.top < area_.top ||
      box.bottom > area_.bottom) {
    return false;
  }
  for (const Box& other : taken_) {
    if (box.left < other.right && other.left < box.right &&
        box.top < other.bottom && other.top < box.bottom) {
      return false;
    }
  }
  return true;
}

void LabelPlacer::Place(Point point, std::string_view text,
                        const TextStyle& style, Svg* svg) {
  const double width = TextWidth(text, style.size);
  const double height = style.size;
  // Right, left, above, below, then the corners; each nearer before further.
  constexpr std::array<Point, 8> kSides = {
      {{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {1, 1}, {-1, -1}, {-1, 1}}};
  constexpr double kNear = 8;
  for (double distance = kNear; distance < 120; distance += 5) {
    for (const Point& side : kSides) {
      const Point center = {point.x + side.x * (distance + width / 2),
                            point.y + side.y * (distance + height / 2)};
      const Box box = {center.x - width / 2, center.y - height / 2,
                       center.x + width / 2, center.y + height / 2};
      if (!Free(box)) continue;
      taken_.push_back(box);
      if (distance > kNear + 8) {
        const double length = distance - 3;
        svg->Line({point.x + side.x * 5, point.y + side.y * 5},
                  {point.x + side.x * length, point.y + side.y * length},
                  "#b6bac0", 0.7);
      }
      svg->Text({box.left, box.bottom - height * 0.2}, text, style);
      return;
    }
  }
}

}  // namespace ingot
