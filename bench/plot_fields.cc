#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plot_parts.h"
#include "bench/plots.h"
#include "tools/svg.h"

namespace ingot {
namespace {

constexpr std::string_view kSignColor = "#7a8699";
constexpr std::string_view kExponentColor = "#c2410c";
constexpr std::string_view kMantissaColor = "#a9b4c4";
constexpr std::string_view kOtherColor = "#1f2937";

struct DTypeShape {
  std::string_view dtype;
  std::string_view label;
  int exponent;
  int mantissa;
};
constexpr std::array<DTypeShape, 4> kShapes = {{{"F32", "fp32", 8, 23},
                                                {"BF16", "bf16", 8, 7},
                                                {"F16", "fp16", 5, 10},
                                                {"F8_E4M3", "fp8 e4m3", 4, 3}}};

// The largest file of a dtype, most of it such floats.
const DataResult* LargestFile(const Results& results, std::string_view dtype) {
  const DataResult* best = nullptr;
  for (const DataResult& data : results.data) {
    if (data.is_file && data.dtype == dtype && data.fields.elements > 0 &&
        data.float_bytes * 5 > data.raw_bytes * 4 &&
        (best == nullptr || data.raw_bytes > best->raw_bytes)) {
      best = &data;
    }
  }
  return best;
}

std::string FileName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

class Bars {
 public:
  explicit Bars(Svg* svg) : svg_(svg) {}

  static constexpr double kLeft = 290;
  static constexpr double kScale = 18.2;  // pixels of a bit
  static constexpr double kBar = 17;

  void Draw(double y, std::string_view label, double sign, double exponent,
            double mantissa, double other, bool raw) {
    svg_->Text({kLeft - 10, y + 13}, label,
               {.size = 12, .color = raw ? kFaint : kInk, .anchor = "end"});
    double x = kLeft;
    const auto part = [&](double bits, std::string_view fill,
                          std::string_view ink, int digits) {
      svg_->Rect({x, y}, bits * kScale, kBar, fill);
      const std::string text = Fixed(bits, digits);
      if (TextWidth(text, 11) + 2 < bits * kScale) {
        svg_->Text({x + bits * kScale / 2, y + 12.5}, text,
                   {.size = 11, .color = ink, .anchor = "middle"});
      }
      x += bits * kScale;
    };
    const int digits = raw ? 0 : 2;
    part(sign, kSignColor, "#ffffff", 0);
    part(exponent, raw ? "#e9b394" : kExponentColor, raw ? kInk : "#ffffff",
         digits);
    part(mantissa, kMantissaColor, kInk, digits);
    if (other > 0)
      svg_->Rect({x, y}, std::max(other * kScale, 1.0), kBar, kOtherColor);
    x += other * kScale;
    svg_->Text({x + 7, y + 13},
               Fixed(sign + exponent + mantissa + other, digits) + " bits",
               {.size = 12, .color = raw ? kFaint : kInk, .bold = !raw});
  }

 private:
  Svg* const svg_;
};

}  // namespace

Plot DrawFields(const Results& results) {
  struct Row {
    std::string label;
    const DataResult* data;
  };
  constexpr double kTop = 104;
  constexpr double kStep = 21;
  constexpr double kGap = 16;
  double height = kTop;
  std::vector<std::pair<const DTypeShape*, std::vector<Row>>> groups;
  for (const DTypeShape& shape : kShapes) {
    std::vector<Row> rows;
    for (const DataResult& data : results.data) {
      if (!data.is_file && data.dtype == shape.dtype &&
          data.fields.elements > 0) {
        rows.push_back({data.name + " (synthetic)", &data});
      }
    }
    if (const DataResult* const file = LargestFile(results, shape.dtype)) {
      rows.push_back({FileName(file->name), file});
    }
    if (rows.empty()) continue;
    height += kStep * static_cast<double>(rows.size() + 1) + kGap;
    groups.emplace_back(&shape, std::move(rows));
  }
  constexpr double kWidth = 960;
  Svg svg(kWidth, height + 14, "Bits of an element at level 3, by field");
  svg.Text({20, 28}, "Where the bits of an element go at level 3",
           {.size = 17, .bold = true});
  svg.Text({20, 48},
           "Exponents shrink; signs and mantissas of weights are noise. Bars "
           "begin at 0 and include side data and headers (dark, mostly too "
           "thin to see).",
           {.size = 12, .color = kFaint});
  svg.Text({20, 64},
           "Signs and mantissas are coded as one; a sign is drawn as 1 bit, "
           "and what equal signs save shows in the mantissa.",
           {.size = 12, .color = kFaint});
  Bars bars(&svg);
  double y = kTop;
  for (size_t g = 0; g < groups.size(); ++g) {
    const DTypeShape& shape = *groups[g].first;
    if (g == 0) {
      // The fields' names stand above the first bar.
      const double scale = Bars::kScale;
      svg.Text({Bars::kLeft + scale / 2, y - 7}, "sign",
               {.size = 12, .color = "#4b5563", .anchor = "middle"});
      svg.Text({Bars::kLeft + scale * (1 + shape.exponent / 2.0), y - 7},
               "exponent",
               {.size = 12,
                .color = kExponentColor,
                .anchor = "middle",
                .bold = true});
      svg.Text(
          {Bars::kLeft + scale * (1 + shape.exponent + shape.mantissa / 2.0),
           y - 7},
          "mantissa", {.size = 12, .color = "#4b5563", .anchor = "middle"});
    }
    svg.Text({20, y + 13}, shape.label, {.size = 14, .bold = true});
    bars.Draw(y, "raw", 1, shape.exponent, shape.mantissa, 0, true);
    y += kStep;
    for (const Row& row : groups[g].second) {
      const FieldBits& bits = row.data->fields;
      bars.Draw(y, row.label, 1, bits.exponent,
                std::max(bits.remainder - 1, 0.0), bits.other, false);
      y += kStep;
    }
    y += kGap;
  }
  return {"fields.svg", svg.Finish()};
}

}  // namespace ingot
