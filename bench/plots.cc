#include "bench/plots.h"

#include <algorithm>

namespace ingot {

std::vector<Plot> DrawPlots(const Results& results) {
  std::vector<Plot> plots;
  const auto any = [&results](bool is_file) {
    return std::any_of(
        results.data.begin(), results.data.end(),
        [is_file](const DataResult& d) { return d.is_file == is_file; });
  };
  if (any(false)) plots.push_back(DrawFrontier(results));
  if (any(false) || any(true)) plots.push_back(DrawFields(results));
  if (any(true)) plots.push_back(DrawCorpus(results));
  return plots;
}

}  // namespace ingot
