// Results as ingot_peers might have them: two workloads and two files.

#ifndef INGOT_TESTS_BENCH_SAMPLE_RESULTS_H_
#define INGOT_TESTS_BENCH_SAMPLE_RESULTS_H_

#include <string>

#include "bench/results.h"

namespace ingot {

inline Measurement SampleMeasurement(std::string codec, bool sample,
                                     uint64_t encoded, double decode_ratio) {
  return {.codec = std::move(codec),
          .sample = sample,
          .raw_bytes = 1000000,
          .encoded_bytes = encoded,
          .encode_gbps = 2,
          .decode_gbps = 10 * decode_ratio,
          .encode_ratio = 0.2,
          .decode_ratio = decode_ratio,
          .encode_runs = 3,
          .decode_runs = 5};
}

inline Results SampleResults() {
  Results results = {.versions = "zstd 1.5.4",
                     .kernel = "avx512",
                     .processor = "a processor",
                     .data = {}};
  for (const char* const name :
       {"W1", "W3", "dir/a,b.pt", "dir/odd & <name>.bin"}) {
    const bool is_file = name[0] == 'd';
    DataResult data = {.name = name,
                       .is_file = is_file,
                       .dtype = name[1] == '3' ? "F16" : "BF16",
                       .raw_bytes = 1000000,
                       .float_bytes = 999000,
                       .memcpy_gbps = 10,
                       .fields = {.elements = 500000,
                                  .exponent = 2.61,
                                  .remainder = name[1] == '3' ? 11.0 : 8.0,
                                  .other = 0.01},
                       .measurements = {}};
    for (const auto& measurement :
         {SampleMeasurement("ingot-3", false, 663000, 1.05),
          SampleMeasurement("ingot-9", false, 654000, 0.006),
          SampleMeasurement("zstd-19", !is_file, 783000, 0.12),
          SampleMeasurement("xz-9", !is_file, 714000, 0.002),
          SampleMeasurement("blosc-zstd-9+shuffle", !is_file, 697000, 0.1),
          SampleMeasurement("lz4", false, 1004000, 0.9)}) {
      data.measurements.push_back(measurement);
    }
    results.data.push_back(data);
  }
  return results;
}

}  // namespace ingot

#endif  // INGOT_TESTS_BENCH_SAMPLE_RESULTS_H_
