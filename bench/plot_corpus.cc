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

struct Mark {
  std::string_view codec;
  double radius;
  bool filled;
};
// In the order of drawing: Ingot's below, so that none is hidden.
constexpr std::array<Mark, 5> kMarks = {{{"ingot-3", 5.5, false},
                                         {"ingot-9", 5.5, true},
                                         {"zstd-19", 3.2, true},
                                         {"xz-9", 3.2, true},
                                         {"blosc-zstd-9+shuffle", 3.2, true}}};

// Files in the order of their dtypes, each dtype from small to large.
std::vector<const DataResult*> Sorted(const Results& results) {
  std::vector<const DataResult*> files;
  for (const DataResult& data : results.data) {
    if (data.is_file && data.Find("ingot-9") != nullptr) files.push_back(&data);
  }
  const auto group = [](const DataResult* d) {
    return d->MostlyFloats() ? d->dtype : "~";
  };
  std::stable_sort(files.begin(), files.end(),
                   [&](const DataResult* a, const DataResult* b) {
                     if (group(a) != group(b)) return group(a) < group(b);
                     return a->Find("ingot-9")->size() <
                            b->Find("ingot-9")->size();
                   });
  return files;
}

// The end of a path, as far as it fits.
std::string Shorten(const std::string& path) {
  constexpr size_t kMost = 52;
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.size() <= kMost) return name;
  return name.substr(0, 20) + "\xE2\x80\xA6" +
         name.substr(name.size() - (kMost - 21));
}

}  // namespace

Plot DrawCorpus(const Results& results) {
  const std::vector<const DataResult*> files = Sorted(results);
  constexpr double kWidth = 960;
  constexpr double kLeft = 410;
  constexpr double kRight = 930;
  constexpr double kTop = 108;
  constexpr double kStep = 16;
  const double bottom = kTop + kStep * static_cast<double>(files.size());
  const auto x = [](double size) {
    return kLeft + (kRight - kLeft) * std::min(size, 1.05) / 1.05;
  };
  Svg svg(kWidth, bottom + 50, "Size of every real file");
  svg.Text({20, 28}, "Real model files, one row each: further left is smaller",
           {.size = 17, .bold = true});
  svg.Text({20, 48},
           "Grouped by the dtype that Ingot finds in most bytes. blosc is told "
           "the size of an element.",
           {.size = 12, .color = kFaint});
  // The key: marks as they are drawn, with their names.
  double key = kLeft;
  for (const Mark& mark : kMarks) {
    svg.Circle({key, 76}, mark.radius, ColorOf(mark.codec), mark.filled);
    svg.Text({key + 9, 80}, mark.codec,
             {.size = 12,
              .color = ColorOf(mark.codec),
              .bold = IsIngot(mark.codec)});
    key += 30 + TextWidth(mark.codec, 12);
  }
  for (int i = 0; i <= 10; i += 2) {
    const double at = x(i / 10.0);
    svg.Line({at, kTop - 6}, {at, bottom}, kGrid, i == 10 ? 1.5 : 1);
    for (const double y : {kTop - 10, bottom + 15}) {
      svg.Text({at, y}, Fixed(i / 10.0, 1),
               {.size = 11, .color = kFaint, .anchor = "middle"});
    }
  }
  svg.Text({(kLeft + kRight) / 2, bottom + 35},
           "size: encoded / raw bytes (from 0)",
           {.size = 12, .anchor = "middle"});
  std::string_view group;
  for (size_t i = 0; i < files.size(); ++i) {
    const DataResult& file = *files[i];
    const double y = kTop + kStep * (static_cast<double>(i) + 0.5);
    const std::string_view own =
        file.MostlyFloats() ? std::string_view(file.dtype) : "not floats";
    if (own != group) {
      svg.Text({20, y + 4}, own, {.size = 12, .bold = true});
      if (i > 0) {
        svg.Line({20, y - kStep / 2}, {kRight, y - kStep / 2}, "#cfd2d6");
      }
      group = own;
    }
    svg.Text({kLeft - 12, y + 4}, Shorten(file.name),
             {.size = 11, .anchor = "end"});
    double least = 2;
    double most = 0;
    for (const Mark& mark : kMarks) {
      if (const Measurement* const m = file.Find(mark.codec)) {
        least = std::min(least, m->size());
        most = std::max(most, m->size());
      }
    }
    svg.Line({x(least), y}, {x(most), y}, "#d3d6da");
    for (const Mark& mark : kMarks) {
      if (const Measurement* const m = file.Find(mark.codec)) {
        svg.Circle({x(m->size()), y}, mark.radius, ColorOf(mark.codec),
                   mark.filled);
      }
    }
  }
  return {"corpus.svg", svg.Finish()};
}

}  // namespace ingot
