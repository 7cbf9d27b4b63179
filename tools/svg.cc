#include "tools/svg.h"

#include <array>
#include <charconv>

namespace ingot {
namespace {

// Control characters are not allowed in XML in any form.
void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        *out += "&amp;";
        break;
      case '<':
        *out += "&lt;";
        break;
      case '>':
        *out += "&gt;";
        break;
      case '"':
        *out += "&quot;";
        break;
      default:
        *out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
}

std::string Pixels(double value) { return Fixed(value, 1); }

}  // namespace

std::string Fixed(double value, int digits) {
  std::array<char, 400> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    std::chars_format::fixed, digits);
  return error == std::errc() ? std::string(buffer.data(), end) : "-";
}

double TextWidth(std::string_view text, double font_size) {
  double ems = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // UTF-8
    ems += std::string_view("iljtfr.,:;|!' ()[]").find(c) != std::string::npos
               ? 0.33
           : (c >= 'A' && c <= 'Z') || c == 'm' || c == 'w' ? 0.74
                                                            : 0.57;
  }
  return ems * font_size;
}

Svg::Svg(double width, double height, std::string_view title) {
  xml_ = R"(<svg xmlns="http://www.w3.org/2000/svg" width=")" + Pixels(width) +
         "\" height=\"" + Pixels(height) + "\" viewBox=\"0 0 " + Pixels(width) +
         " " + Pixels(height) +
         "\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" "
         "role=\"img\">\n<title>";
  AppendEscaped(title, &xml_);
  xml_ += "</title>\n";
  // A sheet of its own, so that the image reads on white and on dark pages.
  Add("rect", {{"x", "0.5"},
               {"y", "0.5"},
               {"width", Pixels(width - 1)},
               {"height", Pixels(height - 1)},
               {"rx", "8"},
               {"fill", "#fbfbfa"},
               {"stroke", "#d8dadd"}});
}

void Svg::Attribute(std::string_view name, std::string_view value) {
  xml_ += " ";
  xml_ += name;
  xml_ += "=\"";
  AppendEscaped(value, &xml_);
  xml_ += "\"";
}

void Svg::Add(std::string_view element, Attributes attributes) {
  xml_ += "<";
  xml_ += element;
  for (const auto& [name, value] : attributes) {
    if (!value.empty()) Attribute(name, value);
  }
  xml_ += "/>\n";
}

void Svg::Line(Point from, Point to, std::string_view color, double width,
               std::string_view dashes) {
  Add("line", {{"x1", Pixels(from.x)},
               {"y1", Pixels(from.y)},
               {"x2", Pixels(to.x)},
               {"y2", Pixels(to.y)},
               {"stroke", std::string(color)},
               {"stroke-width", Pixels(width)},
               {"stroke-dasharray", std::string(dashes)}});
}

void Svg::Polyline(const std::vector<Point>& points, std::string_view color,
                   double width, std::string_view dashes) {
  std::string list;
  for (const Point& point : points) {
    if (!list.empty()) list += " ";
    list += Pixels(point.x) + "," + Pixels(point.y);
  }
  Add("polyline", {{"points", list},
                   {"fill", "none"},
                   {"stroke", std::string(color)},
                   {"stroke-width", Pixels(width)},
                   {"stroke-linejoin", "round"},
                   {"stroke-dasharray", std::string(dashes)}});
}

void Svg::Rect(Point corner, double width, double height,
               std::string_view fill) {
  Add("rect", {{"x", Pixels(corner.x)},
               {"y", Pixels(corner.y)},
               {"width", Pixels(width)},
               {"height", Pixels(height)},
               {"fill", std::string(fill)}});
}

void Svg::Circle(Point center, double radius, std::string_view color,
                 bool filled) {
  Add("circle", {{"cx", Pixels(center.x)},
                 {"cy", Pixels(center.y)},
                 {"r", Pixels(radius)},
                 {"fill", std::string(filled ? color : "none")},
                 {"stroke", std::string(filled ? "#fbfbfa" : color)},
                 {"stroke-width", filled ? "1" : "1.8"}});
}

void Svg::Text(Point at, std::string_view text, const TextStyle& style) {
  xml_ += "<text";
  Attribute("x", Pixels(at.x));
  Attribute("y", Pixels(at.y));
  Attribute("font-size", Pixels(style.size));
  Attribute("fill", style.color);
  if (style.anchor != "start") Attribute("text-anchor", style.anchor);
  if (style.bold) Attribute("font-weight", "bold");
  if (style.rotate != 0) {
    Attribute("transform", "rotate(" + Pixels(style.rotate) + " " +
                               Pixels(at.x) + " " + Pixels(at.y) + ")");
  }
  xml_ += ">";
  AppendEscaped(text, &xml_);
  xml_ += "</text>\n";
}

std::string Svg::Finish() { return std::move(xml_) + "</svg>\n"; }

}  // namespace ingot
