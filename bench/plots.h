// The plots of the documents, drawn from results.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_BENCH_PLOTS_H_
#define INGOT_BENCH_PLOTS_H_

#include <string>
#include <vector>

#include "bench/results.h"

namespace ingot {

struct Plot {
  std::string file_name;
  std::string svg;
};

// Size against decode speed, for every workload measured.
Plot DrawFrontier(const Results& results);
// Bits of sign, exponent and mantissa by dtype.
Plot DrawFields(const Results& results);
// Size of every file of the corpus.
Plot DrawCorpus(const Results& results);

// Those of them for which there are results.
std::vector<Plot> DrawPlots(const Results& results);

}  // namespace ingot

#endif  // INGOT_BENCH_PLOTS_H_
