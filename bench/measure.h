// Measuring: what contenders make of data, beside memcpy.
//
// A run copies the data with memcpy, encodes it and decodes it, one after the
// other, so that whatever else the machine does meets all of them alike; every
// run's result is compared with the data. Of the runs, which follow one to warm
// up, medians are taken. Time is the processor time of the process, so that
// waiting for others does not count. A contender that has spent `seconds` on
// encoding is not asked to encode again, and the same goes for decoding.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_BENCH_MEASURE_H_
#define INGOT_BENCH_MEASURE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/contender.h"
#include "bench/data_set.h"
#include "bench/results.h"
#include "codec/result.h"

namespace ingot {

struct MeasureSettings {
  int runs = 5;
  double seconds = 5;
  uint64_t mebibytes = kDefaultWorkloadMebibytes;  // of W1
  uint64_t sample_bytes = uint64_t{16} << 20;  // of a workload, for the slow
  uint64_t file_bytes = uint64_t{16} << 10;    // of the smallest file
  std::vector<std::string> codecs;             // names; all where empty
  // Told what comes next: "W1: zstd-19".
  std::function<void(std::string_view)> progress;
};

// The names of all contenders, in the order in which they are measured.
std::vector<std::string> ContenderNames();

// A workload, with all levels and peers. Speeds of Ingot are those of its
// tensor codec, sizes those of complete containers.
Result<DataResult> MeasureWorkload(const Workload& workload,
                                   const MeasureSettings& settings);

// A file. Speeds of Ingot are those of complete containers with SHA-256, and
// a single run's; what fits the caches says little.
Result<DataResult> MeasureFile(const std::string& corpus,
                               const std::string& name,
                               const MeasureSettings& settings);

}  // namespace ingot

#endif  // INGOT_BENCH_MEASURE_H_
