// What the plots share: colours, words and the placing of labels.
//
// Thread-safety: functions may be called from any thread; a LabelPlacer from
// one.

#ifndef INGOT_BENCH_PLOT_PARTS_H_
#define INGOT_BENCH_PLOT_PARTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "bench/results.h"
#include "tools/svg.h"

namespace ingot {

inline constexpr std::string_view kInk = "#24292f";
inline constexpr std::string_view kFaint = "#6b7280";
inline constexpr std::string_view kGrid = "#e4e5e7";
inline constexpr std::string_view kIngotColor = "#c2410c";

// "ingot-3", ...
bool IsIngot(std::string_view codec);
// One colour for each family of codecs: ingot, zstd, xz, lz4, blosc, planes.
std::string_view ColorOf(std::string_view codec);

// Puts labels beside their points where they cover nothing else.
class LabelPlacer {
 public:
  // Labels stay between the corners.
  LabelPlacer(Point top_left, Point bottom_right);

  // Keeps labels off a mark, and off the box between two points: a line.
  void Block(Point center, double radius);
  void BlockLine(Point from, Point to);
  // Draws the label near `point`, which is blocked already, with a thin line
  // to it where it had to go further away.
  void Place(Point point, std::string_view text, const TextStyle& style,
             Svg* svg);

 private:
  struct Box {
    double left, top, right, bottom;
  };
  bool Free(const Box& box) const;

  const Box area_;
  std::vector<Box> taken_;
};

}  // namespace ingot

#endif  // INGOT_BENCH_PLOT_PARTS_H_
