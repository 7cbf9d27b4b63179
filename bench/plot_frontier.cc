#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plot_parts.h"
#include "bench/plots.h"
#include "tools/svg.h"
#include "bench/workloads.h"

namespace ingot {
namespace {

// One workload in a frame: x is decode speed (logarithmic), y size (linear).
class Panel {
 public:
  Panel(const DataResult& data, Point corner, double width, double height,
        bool large, Svg* svg)
      : data_(data),
        corner_(corner),
        width_(width),
        height_(height),
        large_(large),
        svg_(svg) {
    low_ = 1;
    high_ = 0;
    slowest_ = 1;
    for (const Measurement& m : data.measurements) {
      low_ = std::min(low_, m.size());
      high_ = std::max(high_, m.size());
      slowest_ = std::min(slowest_, m.decode_ratio);
    }
    step_ = high_ - low_ > 0.2 ? 0.05 : 0.02;
    low_ = std::floor((low_ - step_ / 2) / step_) * step_;
    high_ = std::ceil((high_ + 0.002) / step_) * step_;
    slowest_ = std::pow(10, std::floor(std::log10(std::max(slowest_, 1e-5))));
  }

  void Draw() {
    DrawAxes();
    const std::vector<Point> line = FrontierLine();
    svg_->Polyline(line, "#f0a37a", 2);
    LabelPlacer labels({corner_.x + 4, corner_.y + 2},
                       {corner_.x + width_ - 2, corner_.y + height_ - 2});
    for (size_t i = 1; i < line.size(); ++i) {
      labels.BlockLine(line[i - 1], line[i]);
    }
    labels.BlockLine({X(1), corner_.y}, {X(1), corner_.y + height_});
    labels.BlockLine({X(1) - 55, corner_.y}, {X(1), corner_.y + 16});
    for (const Measurement& m : data_.measurements) labels.Block(At(m), 6);
    // Ingot's last, on top; their labels first: they get the best places.
    for (const bool ingot : {false, true}) {
      for (const Measurement& m : data_.measurements) {
        if (IsIngot(m.codec) != ingot) continue;
        svg_->Circle(At(m), ingot ? 5.5 : 4.5, ColorOf(m.codec), !m.sample);
      }
    }
    for (const bool ingot : {true, false}) {
      for (const Measurement& m : data_.measurements) {
        const std::string label = Label(m);
        if (IsIngot(m.codec) != ingot || label.empty()) continue;
        labels.Place(At(m), label,
                     {.size = large_ ? 12.0 : 11.0,
                      .color = ColorOf(m.codec),
                      .bold = ingot},
                     svg_);
      }
    }
  }

 private:
  static constexpr double kFastest = 2;

  // Behind the point, for one that is not 0.
  static int Digits(double ratio) {
    return static_cast<int>(std::ceil(-std::log10(ratio) - 0.01));
  }

  double X(double ratio) const {
    const double all = std::log10(kFastest / slowest_);
    return corner_.x + width_ * std::log10(ratio / slowest_) / all;
  }
  double Y(double size) const {
    return corner_.y + height_ * (high_ - size) / (high_ - low_);
  }
  Point At(const Measurement& m) const {
    return {X(std::clamp(m.decode_ratio, slowest_, kFastest)), Y(m.size())};
  }

  void DrawAxes() {
    const double bottom = corner_.y + height_;
    const double right = corner_.x + width_;
    const TextStyle small = {.size = 11, .color = kFaint, .anchor = "middle"};
    for (double decade = slowest_; decade < kFastest; decade *= 10) {
      for (const int times : {1, 2, 5}) {
        const double ratio = decade * times;
        if (ratio > kFastest * 1.001) break;
        const double x = X(ratio);
        svg_->Line({x, corner_.y}, {x, bottom}, kGrid, times == 1 ? 1 : 0.5);
        if (times == 1 || large_) {
          svg_->Text({x, bottom + 15},
                     Fixed(ratio, ratio > 0.99 ? 0 : Digits(ratio)), small);
        }
      }
    }
    const int steps = static_cast<int>(std::lround((high_ - low_) / step_));
    for (int i = 0; i <= steps; ++i) {
      const double size = low_ + i * step_;
      svg_->Line({corner_.x, Y(size)}, {right, Y(size)}, kGrid);
      svg_->Text({corner_.x - 7, Y(size) + 4}, Fixed(size, 2),
                 {.size = 11, .color = kFaint, .anchor = "end"});
    }
    svg_->Line({X(1), corner_.y}, {X(1), bottom}, "#9aa0a6", 1.2, "4 3");
    svg_->Text({X(1) - 5, corner_.y + 13}, "memcpy",
               {.size = 11, .color = kFaint, .anchor = "end"});
    svg_->Line({corner_.x, bottom}, {right, bottom}, "#9aa0a6");
  }

  // Small panels have room for a few names; colours tell the others.
  std::string Label(const Measurement& m) const {
    constexpr std::array<std::string_view, 5> kNamed = {
        "zstd-3", "xz-9", "lz4", "blosc-zstd-9+shuffle", "planes+huffman"};
    if (large_) {
      return IsIngot(m.codec) ? m.codec + ": " + Fixed(m.size(), 4) : m.codec;
    }
    if (IsIngot(m.codec)) return m.codec.substr(m.codec.find('-') + 1);
    return std::find(kNamed.begin(), kNamed.end(), m.codec) == kNamed.end()
               ? ""
               : m.codec;
  }

  // From each codec that no other beats in both to the next one; what lies
  // above and left of the line is beaten, and so is who does not compress.
  std::vector<Point> FrontierLine() const {
    std::vector<const Measurement*> best;
    for (const Measurement& m : data_.measurements) {
      const bool beaten =
          std::any_of(data_.measurements.begin(), data_.measurements.end(),
                      [&m](const Measurement& other) {
                        return other.size() < m.size() &&
                               other.decode_ratio >= m.decode_ratio;
                      });
      if (!beaten && m.size() < 1) best.push_back(&m);
    }
    std::sort(best.begin(), best.end(),
              [](const Measurement* a, const Measurement* b) {
                return a->decode_ratio < b->decode_ratio;
              });
    std::vector<Point> line;
    for (const Measurement* m : best) {
      const Point at = At(*m);
      if (line.empty()) line.push_back({corner_.x, at.y});
      if (line.back().y != at.y) line.push_back({line.back().x, at.y});
      line.push_back(at);
    }
    // Up to the word above.
    if (!line.empty()) line.push_back({line.back().x, corner_.y + 20});
    return line;
  }

  const DataResult& data_;
  const Point corner_;
  const double width_;
  const double height_;
  const bool large_;
  Svg* const svg_;
  double low_;
  double high_;
  double step_;
  double slowest_;
};

std::string PanelTitle(const DataResult& data) {
  const Workload* const workload = FindWorkload(data.name);
  return data.name + ": " +
         (workload == nullptr ? data.dtype : std::string(workload->what)) +
         ", " + std::to_string(data.raw_bytes >> 20) + " MiB";
}

}  // namespace

Plot DrawFrontier(const Results& results) {
  std::vector<const DataResult*> panels;
  for (const DataResult& data : results.data) {
    if (!data.is_file) panels.push_back(&data);
  }
  constexpr double kWidth = 960;
  constexpr double kLeft = 62;
  constexpr double kBig = 400;
  constexpr double kSmall = 250;
  const size_t rest = panels.size() - 1;
  const double small_top = 62 + kBig + 86;
  Svg svg(kWidth, rest == 0 ? small_top - 22 : small_top + kSmall + 62,
          "Size against decode speed: Ingot's levels and other codecs");
  svg.Text({20, 28}, "Smaller and faster is down and right",
           {.size = 17, .bold = true});
  svg.Text({kWidth - 20, 28},
           "one thread, in memory \xC2\xB7 line: no other codec is both "
           "smaller and faster \xC2\xB7 rings: on a sample of 16 MiB",
           {.size = 12, .color = kFaint, .anchor = "end"});
  for (size_t i = 0; i < panels.size(); ++i) {
    const bool big = i == 0;
    const double step = rest == 0 ? 0 : (kWidth - 20 + 42) / rest;
    const Point corner = big ? Point{kLeft, 62}
                             : Point{kLeft + (i - 1) * (step - 14), small_top};
    const double width = big ? kWidth - kLeft - 24 : step - kLeft - 24;
    const double height = big ? kBig : kSmall;
    svg.Text({corner.x, corner.y - 9}, PanelTitle(*panels[i]),
             {.size = 13, .bold = true});
    Panel(*panels[i], corner, width, height, big, &svg).Draw();
    svg.Text({corner.x + width / 2, corner.y + height + 34},
             big ? "decode speed, \xC3\x97 memcpy (logarithmic)"
                 : "decode speed, \xC3\x97 memcpy (digits: Ingot's levels)",
             {.size = 12, .color = kInk, .anchor = "middle"});
    if (big || i == 1) {
      svg.Text(
          {corner.x - 42, corner.y + height / 2},
          big ? "size: encoded / raw bytes (axis does not begin at 0)" : "size",
          {.size = 12, .color = kInk, .anchor = "middle", .rotate = -90});
    }
  }
  return {"frontier.svg", svg.Finish()};
}

}  // namespace ingot
