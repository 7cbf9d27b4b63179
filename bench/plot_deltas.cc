#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "bench/deltas.h"
#include "bench/plot_parts.h"
#include "tools/svg.h"

namespace ingot {
namespace {

constexpr double kBitsOfWeight = 16;
// Below it, headers of blocks are most of what is encoded.
constexpr double kLeastShare = 1e-4;

double Share(const DeltaPair& pair) {
  return static_cast<double>(pair.changed) / static_cast<double>(pair.elements);
}

struct Series {
  std::string_view codec;
  std::string_view label;
  std::string_view color;
  double width;
  std::string_view dashes;
};
// From top to bottom, as the lines lie.
constexpr std::array<Series, 6> kSeries = {{
    {kAlone, "Ingot level 3 without a base", "#9aa0a6", 1.5, "2 3"},
    {"xor + zstd-19", "XOR + zstd -19", "#2563a8", 2, ""},
    {"ingot-3", "Ingot level 3", "#f0915a", 2, ""},
    {"ingot-5", "Ingot level 5", "#c2410c", 2, ""},
    {"ingot-9", "Ingot level 9", "#7c2d12", 2, ""},
    {kEntropy, "entropy given the base's exponent", "#24292f", 1.5, "5 4"},
}};

// Both axes are logarithmic.
class Frame {
 public:
  Frame(Point low, Point high) : low_(low), high_(high) {}

  static constexpr double kLeft = 74;
  static constexpr double kTop = 66;
  static constexpr double kWidth = 860;
  static constexpr double kHeight = 430;

  double X(double share) const {
    return kLeft +
           kWidth * std::log(share / low_.x) / std::log(high_.x / low_.x);
  }
  double Y(double bits) const {
    return kTop + kHeight -
           kHeight * std::log(bits / low_.y) / std::log(high_.y / low_.y);
  }

  void DrawAxes(Svg* svg) const {
    const double bottom = kTop + kHeight;
    for (double decade = low_.x; decade < high_.x * 1.01; decade *= 10) {
      const double x = X(decade);
      svg->Line({x, kTop}, {x, bottom}, kGrid);
      svg->Text({x, bottom + 16}, Label(decade),
                {.size = 11, .color = kFaint, .anchor = "middle"});
    }
    for (double decade = low_.y; decade < high_.y; decade *= 10) {
      for (const int times : {1, 2, 5}) {
        const double bits = decade * times;
        if (bits > high_.y * 1.001) break;
        svg->Line({kLeft, Y(bits)}, {kLeft + kWidth, Y(bits)}, kGrid,
                  times == 1 ? 1 : 0.5);
        svg->Text({kLeft - 7, Y(bits) + 4}, Label(bits),
                  {.size = 11, .color = kFaint, .anchor = "end"});
      }
    }
    svg->Line({kLeft, bottom}, {kLeft + kWidth, bottom}, "#9aa0a6");
    svg->Text({kLeft + kWidth / 2, bottom + 38},
              "share of weights that changed (logarithmic)",
              {.size = 12, .color = kInk, .anchor = "middle"});
    svg->Text({20, kTop + kHeight / 2}, "bits per weight (logarithmic)",
              {.size = 12, .color = kInk, .anchor = "middle", .rotate = -90});
  }

 private:
  static std::string Label(double value) {
    const int digits =
        std::max(0, static_cast<int>(std::ceil(-std::log10(value) - 0.01)));
    return Fixed(value, digits);
  }

  const Point low_;
  const Point high_;
};

}  // namespace

Plot DrawDeltas(const std::vector<DeltaPair>& pairs) {
  double least_share = 1;
  double least_bits = kBitsOfWeight;
  std::vector<const DeltaPair*> steps;
  for (const DeltaPair& pair : pairs) {
    if (!pair.IsSynthetic() || pair.elements == 0 ||
        Share(pair) < kLeastShare) {
      continue;
    }
    steps.push_back(&pair);
    least_share = std::min(least_share, Share(pair));
    for (const DeltaSize& size : pair.sizes) {
      least_bits = std::min(least_bits, size.size() * kBitsOfWeight);
    }
  }
  const auto decade = [](double value) {
    return std::pow(10, std::floor(std::log10(value) + 0.05));
  };
  const Frame frame({decade(least_share), decade(least_bits)},
                    {1, kBitsOfWeight});
  Svg svg(960, Frame::kTop + Frame::kHeight + 52,
          "Bits per weight of a delta against the share of changed weights");
  svg.Text({20, 28}, "What a fine-tune takes when its base is there",
           {.size = 17, .bold = true});
  svg.Text({20, 48},
           "2 M bf16 weights with row and column scales, and bf16(weights + r "
           "\xC2\xB7 \xCF\x83 \xC2\xB7 N(0, 1)) for r up to 0.3",
           {.size = 12, .color = kFaint});
  frame.DrawAxes(&svg);
  double y = Frame::kTop + 22;
  for (const Series& series : kSeries) {
    std::vector<Point> line;
    for (const DeltaPair* const pair : steps) {
      const DeltaSize* const size = pair->Find(series.codec);
      if (size == nullptr || size->encoded_bytes == 0) continue;
      line.push_back(
          {frame.X(Share(*pair)), frame.Y(size->size() * kBitsOfWeight)});
    }
    if (line.empty()) continue;
    svg.Polyline(line, series.color, series.width, series.dashes);
    if (series.dashes.empty()) {
      for (const Point& point : line) svg.Circle(point, 2.6, series.color);
    }
    if (series.codec == kAlone) {
      // It is flat, and names itself.
      svg.Text({line.front().x + 8, line.front().y + 14}, series.label,
               {.size = 12, .color = kFaint});
      y = std::max(y, line.front().y + 42);
      continue;
    }
    svg.Line({Frame::kLeft + 16, y - 4}, {Frame::kLeft + 46, y - 4},
             series.color, series.width + 0.5, series.dashes);
    svg.Text({Frame::kLeft + 54, y}, series.label,
             {.size = 12.5, .color = series.color, .bold = true});
    y += 19;
  }
  return {"deltas.svg", svg.Finish()};
}

}  // namespace ingot
