// Svg: writes one SVG image, element by element.
//
// What comes out is always well-formed XML: names are the caller's literals,
// everything else is escaped here. Lengths are in pixels; y grows downwards.
// Nothing depends on the locale, so that the same calls give the same bytes.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_TOOLS_SVG_H_
#define INGOT_TOOLS_SVG_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot {

// `value` with `digits` digits behind the point.
std::string Fixed(double value, int digits);

// Pixels that `text` takes, about, in the images' font.
double TextWidth(std::string_view text, double font_size);

struct TextStyle {
  double size = 12;
  std::string_view color = "#24292f";
  std::string_view anchor = "start";  // or "middle", "end"
  bool bold = false;
  double rotate = 0;  // degrees around its point
};

struct Point {
  double x = 0;
  double y = 0;
};

class Svg {
 public:
  using Attributes =
      std::initializer_list<std::pair<std::string_view, std::string>>;

  // `title` is what is read to those who do not see the image.
  Svg(double width, double height, std::string_view title);

  void Add(std::string_view element, Attributes attributes);
  void Line(Point from, Point to, std::string_view color, double width = 1,
            std::string_view dashes = "");
  void Polyline(const std::vector<Point>& points, std::string_view color,
                double width, std::string_view dashes = "");
  void Rect(Point corner, double width, double height, std::string_view fill);
  // Without `filled`, a ring.
  void Circle(Point center, double radius, std::string_view color,
              bool filled = true);
  // `at` is on the baseline.
  void Text(Point at, std::string_view text, const TextStyle& style = {});

  // The image; the last call.
  std::string Finish();

 private:
  void Attribute(std::string_view name, std::string_view value);

  std::string xml_;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_SVG_H_
